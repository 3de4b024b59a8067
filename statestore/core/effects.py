"""Effects: what is to happen in the world because of an action, kept apart from how the state changes."""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from statestore.errors import ActionError, DispatchError
from statestore.ports import Dispatch, StoreLike
from statestore.values import Action

if TYPE_CHECKING:
    import asyncio

Take: TypeAlias = Literal["every", "latest", "leading"]
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(eq=False)
class _Effect:
    trigger: Any
    handler: Callable[..., Any]
    take: Take
    debounce: float
    tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    def matches(self, action: Any) -> bool:
        if not isinstance(action, Action):
            return False
        if isinstance(self.trigger, str):
            return action.type == self.trigger
        return bool(getattr(self.trigger, "match", self.trigger)(action))


class Effects:
    """Middleware that runs handlers `handler(store, action)` after the actions that they react to.

    A sync handler runs before `dispatch` returns, in the dispatching thread, and its error is raised there. An async
    one runs as a task of the event loop: the loop of the dispatching code, else the one that an earlier dispatch ran
    in, else `loop`. Its error goes to the loop's exception handler.

        effects = Effects()

        @effects.on(search_changed, take="latest", debounce=0.2)
        async def search(store, action): ...

    Args:
        loop: the event loop for dispatches that come from threads.
    """

    def __init__(self, loop: "asyncio.AbstractEventLoop | None" = None) -> None:
        self._loop = loop
        self._effects: list[_Effect] = []
        self._closed = False

    def on(self, trigger: Any, *, take: Take = "every", debounce: float = 0.0) -> Callable[[H], H]:
        """Registers a handler.

        Args:
            trigger: a creator, a type as a string, or a predicate over actions.
            take: `every` runs each; `latest` cancels the one that is still running; `leading` skips while one runs.
            debounce: run only when no further such action came for that many seconds. Needs an async handler, as
                `latest` and `leading` do.
        """
        if not isinstance(trigger, str) and not callable(trigger):
            raise ActionError(f"effects.on takes an action creator, a type or a predicate, not {trigger!r}")
        if isinstance(debounce, bool) or not isinstance(debounce, int | float) or not debounce >= 0:
            raise ActionError(f"debounce= is a number of seconds, 0 or more, not {debounce!r}")
        if take not in ("every", "latest", "leading"):
            raise ActionError(f"take= is 'every', 'latest' or 'leading', not {take!r}")

        def register(handler: H) -> H:
            if not callable(handler):
                raise ActionError(f"effects.on decorates a function of (store, action), not {handler!r}")
            if (take != "every" or debounce) and not _is_async(handler):
                raise ActionError(
                    f"take={take!r} and debounce= need an async handler, since a sync one cannot be cancelled"
                )
            # A debounced effect waits inside its task, so the newest action has to cancel the one that waits.
            self._effects.append(
                _Effect(trigger, handler, "latest" if debounce and take == "every" else take, debounce)
            )
            return handler

        return register

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Installs the effects around `next`."""

        def dispatch(action: Any) -> Any:
            result = next(action)
            for effect in self._effects:
                if effect.matches(action):
                    self._run(effect, store, action)
            return result

        return dispatch

    def cancel(self, handler: Callable[..., Any] | None = None) -> int:
        """Cancels the running tasks of one handler, or all; gives how many there were. Safe from any thread."""
        tasks = [t for e in self._effects if handler is None or e.handler is handler for t in tuple(e.tasks)]
        for task in tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)
        return len(tasks)

    def close(self) -> None:
        """Cancels what runs and reacts to nothing any more."""
        self._closed = True
        self.cancel()

    def _run(self, effect: _Effect, store: StoreLike, action: Any) -> None:
        if self._closed:
            return
        if not _is_async(effect.handler):
            with _span(effect, store):
                _refuse_coroutine(effect.handler(store, action), effect)
            return
        loop, here = self._find_loop(effect)
        if here:
            self._start(effect, store, action)
        else:
            loop.call_soon_threadsafe(self._start, effect, store, action)

    def _start(self, effect: _Effect, store: StoreLike, action: Any) -> None:
        if self._closed or (effect.take == "leading" and effect.tasks):
            return
        if effect.take == "latest":
            for running in effect.tasks:
                running.cancel()
        import asyncio

        task = asyncio.get_running_loop().create_task(_delayed(effect, store, action))
        effect.tasks.add(task)
        task.add_done_callback(effect.tasks.discard)
        task.add_done_callback(_report)

    def _find_loop(self, effect: _Effect) -> "tuple[asyncio.AbstractEventLoop, bool]":
        import asyncio  # takes as long to load as the rest of the package

        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is None or self._loop.is_closed():
                raise DispatchError(
                    f"the async effect {_name(effect)} needs an event loop: dispatch from async code, "
                    "or give one with Effects(loop=...)"
                ) from None
            return self._loop, False
        return self._loop, True


async def _delayed(effect: _Effect, store: StoreLike, action: Any) -> None:
    if effect.debounce:
        import asyncio

        await asyncio.sleep(effect.debounce)
    with _span(effect, store):
        await effect.handler(store, action)


def _span(effect: _Effect, store: StoreLike) -> AbstractContextManager[Any]:
    """The span of one run of the handler, if there is a recorder of spans among the middleware."""
    for layer in store.middleware:
        block = getattr(layer, "block", None)
        if block is not None:
            return block(_name(effect), "effect")  # type: ignore[no-any-return]
    return nullcontext()


def _is_async(handler: Any) -> bool:
    """Whether it is an async function, or an object whose call is one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)


def _refuse_coroutine(result: Any, effect: _Effect) -> None:
    if inspect.iscoroutine(result):
        result.close()
        raise ActionError(
            f"the effect {_name(effect)} returned a coroutine, which nobody would await: define it with `async def`"
        )


def _name(effect: _Effect) -> str:
    handler: Any = effect.handler
    name: str = getattr(handler, "__qualname__", type(handler).__qualname__)
    return name.rpartition("<locals>.")[2]


def _report(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler(
            {"message": f"an effect failed: {type(error).__name__}: {error}", "exception": error, "task": task}
        )
