"""Waiting for the state from asyncio code: until a predicate holds, or for every change of a selected value."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from statestore.errors import ActionError, DispatchError
from statestore.ports import StoreLike
from statestore.tree.equality import same


async def wait_until(store: StoreLike, predicate: Callable[[Any], bool], timeout: float | None) -> Any:
    """Waits until the predicate holds for the state, and gives that state; asked at every change, also from threads.

    Raises:
        TimeoutError: it did not hold within `timeout` seconds.
        DispatchError: the store was closed meanwhile, so that it never will.
    """
    if not callable(predicate):
        raise ActionError(f"until takes a predicate over the state, not {type(predicate).__name__} {predicate!r}")
    import asyncio  # takes as long to load as the rest of the package

    loop = asyncio.get_running_loop()
    found: asyncio.Future[Any] = loop.create_future()

    def settle(state: Any, error: Exception | None) -> None:
        if not found.done():
            found.set_exception(error) if error else found.set_result(state)

    def check(_: object) -> None:
        # Asked here, in the dispatching thread, so that a state which lasts for one action only is not missed.
        state = store.state
        try:
            if predicate(state):
                loop.call_soon_threadsafe(settle, state, None)
        except Exception as error:  # noqa: BLE001  the waiting task gets it, not whoever dispatched
            loop.call_soon_threadsafe(settle, state, error)

    def give_up() -> None:
        error = DispatchError(f"store {store.name!r} was closed while a task waited for its state")
        loop.call_soon_threadsafe(settle, None, error)

    ends = [store.subscribe(check)]
    try:
        check(store)
        ends.append(store.at_close(give_up))
        async with asyncio.timeout(timeout) as limit:
            return await found
    except TimeoutError:
        if limit.expired():  # and it is not the predicate's own
            raise TimeoutError(f"the predicate did not hold for store {store.name!r} within {timeout} s") from None
        raise
    finally:
        for end in ends:
            end()


async def watch_values(store: StoreLike, selector: Callable[[Any], Any]) -> AsyncGenerator[Any, None]:
    """Yields the selected value now, and then the newest one after each change; values in between may be left out."""
    if not callable(selector):
        raise ActionError(
            f"watch takes a selector, a function of the state, not {type(selector).__name__} {selector!r}"
        )
    import asyncio

    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    waking = closed = False

    def wake(*_: object) -> None:
        nonlocal waking
        if not waking:  # one wake-up is enough for any number of changes until it has come
            waking = True
            loop.call_soon_threadsafe(changed.set)

    def end() -> None:
        nonlocal closed
        closed = True
        wake()

    ends = (store.subscribe(wake), store.at_close(end))
    try:
        value = selector(store.state)
        yield value
        while not closed:
            await changed.wait()
            changed.clear()
            waking = False
            newest = selector(store.state)
            if not same(value, newest):
                value = newest
                yield value
    finally:
        for stop in ends:
            stop()
