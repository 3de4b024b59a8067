"""Wrapping functions of all four kinds, so that each call is a span or runs inside one."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial, wraps
from typing import Any

from statestore.recording.frames import AnyFrame, Frame, get_current, set_current, standing

Opener = Callable[[], Frame]


def name_of(fn: Any) -> str:
    """What a function is called in the statistics: its qualified name, from the innermost function that defines it."""
    if isinstance(fn, partial):
        return name_of(fn.func)
    name = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    return str(name).rpartition("<locals>.")[2]


class Apart:
    """A block that a frame lasts for without being the current one."""

    __slots__ = ("_frame",)

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __enter__(self) -> Frame:
        self._frame.begin()
        return self._frame

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._frame.finish(error)


class Inside:
    """A block in which a running frame is the current one.

    Entered again, it goes on with the frame that was current when it was left: of a generator that is suspended inside
    a block of its own, that block's.
    """

    __slots__ = ("_before", "_frame")

    def __init__(self, frame: AnyFrame | None) -> None:
        self._frame = frame.visible() if isinstance(frame, Frame) else frame

    def __enter__(self) -> None:
        self._before = get_current()
        set_current(self._frame)

    def __exit__(self, *_: object) -> None:
        self._frame = get_current()
        set_current(standing(self._before))


def carry(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function like `fn` that runs inside the span that is current now, whatever thread or task calls it."""
    frame = get_current()
    if _is_coroutine_function(fn):

        @wraps(fn, assigned=_assigned(fn))
        async def carried(*args: Any, **kwargs: Any) -> Any:
            with Inside(frame):
                return await fn(*args, **kwargs)

        return carried

    @wraps(fn, assigned=_assigned(fn))
    def carried_plainly(*args: Any, **kwargs: Any) -> Any:
        with Inside(frame):
            return fn(*args, **kwargs)

    return carried_plainly


def instrument(fn: Callable[..., Any], opener: Opener) -> Callable[..., Any]:
    """A function like `fn` each of whose calls is a span; that of a generator lasts from its first item to its end."""
    if inspect.isasyncgenfunction(fn):
        return _instrument_async_generator(fn, opener)
    if inspect.isgeneratorfunction(fn):
        return _instrument_generator(fn, opener)
    if _is_coroutine_function(fn):

        @wraps(fn, assigned=_assigned(fn))
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with opener():
                return await fn(*args, **kwargs)

        return awaited

    @wraps(fn, assigned=_assigned(fn))
    def called(*args: Any, **kwargs: Any) -> Any:
        with opener():
            return fn(*args, **kwargs)

    return called


def _is_coroutine_function(fn: Any) -> bool:
    """Whether calling it gives a coroutine; an object's `__call__` may be what does."""
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(getattr(fn, "__call__", None))  # noqa: B004


def _assigned(fn: Any) -> tuple[str, ...]:
    """What `wraps` may copy: a partial or a callable object has no name of its own."""
    return tuple(name for name in ("__module__", "__name__", "__qualname__", "__doc__") if hasattr(fn, name))


def _instrument_generator(fn: Callable[..., Iterator[Any]], opener: Opener) -> Callable[..., Any]:
    @wraps(fn)
    def generated(*args: Any, **kwargs: Any) -> Any:
        generator: Any = fn(*args, **kwargs)
        step = partial(next, generator)
        with Apart(opener()) as frame:
            inside = Inside(frame)
            while True:
                try:
                    with inside:
                        item = step()
                except StopIteration as end:
                    return end.value
                try:
                    step = partial(generator.send, (yield item))
                except GeneratorExit:
                    with inside:
                        generator.close()
                    return None
                except BaseException as error:  # noqa: BLE001  # thrown in: it is the generator's to handle
                    step = partial(generator.throw, error)

    return generated


def _instrument_async_generator(fn: Callable[..., AsyncIterator[Any]], opener: Opener) -> Callable[..., Any]:
    @wraps(fn)
    async def generated(*args: Any, **kwargs: Any) -> Any:
        generator: Any = fn(*args, **kwargs)
        step = generator.__anext__
        with Apart(opener()) as frame:
            inside = Inside(frame)
            while True:
                try:
                    with inside:
                        item = await step()
                except StopAsyncIteration:
                    return
                try:
                    step = partial(generator.asend, (yield item))
                except GeneratorExit:
                    with inside:
                        await generator.aclose()
                    return
                except BaseException as error:  # noqa: BLE001  # thrown in: it is the generator's to handle
                    step = partial(generator.athrow, error)

    return generated


def until_done(frame: Frame, awaitable: Any) -> Any:
    """The awaitable, or one like it, whose end is the end of the frame."""
    if hasattr(awaitable, "add_done_callback"):
        awaitable.add_done_callback(partial(_end_with, frame))
        return awaitable
    return _await_inside(frame, awaitable)


async def _await_inside(frame: Frame, awaitable: Awaitable[Any]) -> Any:
    try:
        with Inside(frame):
            result = await awaitable
    except BaseException as error:
        frame.finish(error)
        raise
    frame.finish()
    return result


def _end_with(frame: Frame, future: Any) -> None:
    frame.finish(CancelledError() if future.cancelled() else future.exception())
