"""`until` and `watch` wait for the state, in any thread's event loop."""

import asyncio
import threading

import pytest

from statestore import Action, ActionError, DispatchError, Store

GO = Action("go")


def counting(state, action):
    return state + 1 if action.type == "go" else state


@pytest.fixture
def store():
    return Store(counting, initial=0)


async def turns(count=5):
    """Lets the other tasks of the loop run."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_until_returns_at_once_if_it_is_so_already(store):
    """The answer is the state."""
    assert asyncio.run(store.until(lambda state: state == 0)) == 0


def test_until_waits_for_the_change(store):
    """It returns the first state that the predicate accepts, although the store has moved on since."""

    async def scenario():
        waiting = asyncio.create_task(store.until(lambda state: state >= 2))
        await turns()
        for _ in range(3):
            store.dispatch(GO)
        return await waiting

    assert asyncio.run(scenario()) >= 2


def test_until_hears_another_thread(store):
    """A change made by a thread wakes the waiting task."""

    async def scenario():
        thread = threading.Thread(target=lambda: [store.dispatch(GO) for _ in range(3)])
        waiting = asyncio.create_task(store.until(lambda state: state == 3))
        await turns()
        thread.start()
        result = await asyncio.wait_for(waiting, 5)
        thread.join(5)
        return result

    assert asyncio.run(scenario()) == 3


def test_until_waits_in_the_loop_of_any_thread(store):
    """Several loops in several threads wait for one store, and all are woken."""
    ready, results = threading.Barrier(4), []

    def loop():
        async def scenario():
            waiting = asyncio.create_task(store.until(lambda state: state == 5, timeout=5))
            await turns()
            ready.wait(5)
            return await waiting

        results.append(asyncio.run(scenario()))

    threads = [threading.Thread(target=loop) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(5)
    for _ in range(5):
        store.dispatch(GO)
    for thread in threads:
        thread.join(5)
    assert results == [5, 5, 5]


def test_until_gives_up_after_its_timeout(store):
    """It raises TimeoutError with what was waited for and how long, and leaves no listener behind."""
    with pytest.raises(TimeoutError, match=r"'store' within 0\.01 s"):
        asyncio.run(store.until(lambda state: state == 1, timeout=0.01))
    store.dispatch(GO)
    assert store.state == 1


def test_a_predicate_that_raises_is_raised_where_it_waits(store):
    """The waiting task gets the error; the dispatching code does not."""

    async def scenario():
        waiting = asyncio.create_task(store.until(lambda state: 1 // (1 - state) == 5))
        await turns()
        store.dispatch(GO)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())
    assert store.state == 1


def test_a_timeout_of_the_predicate_is_its_own(store):
    """A TimeoutError that the predicate raises is not taken for one of the wait."""

    def times_out(state):
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        asyncio.run(store.until(times_out, timeout=5))


def test_a_cancelled_wait_leaves_nothing(store):
    """Cancelling the waiting task unsubscribes: the predicate is not asked again."""
    asked = []

    async def scenario():
        waiting = asyncio.create_task(store.until(lambda state: asked.append(state)))
        await turns()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        before = len(asked)
        store.dispatch(GO)
        await turns()
        assert len(asked) == before

    asyncio.run(scenario())


def test_what_is_no_predicate_is_refused(store):
    """`until` and `watch` take functions."""

    async def scenario():
        with pytest.raises(ActionError):
            await store.until(3)
        with pytest.raises(ActionError):
            async for _ in store.watch("count"):
                pass

    asyncio.run(scenario())


def test_watch_yields_the_current_value_first(store):
    """The first value comes without waiting."""

    async def scenario():
        watching = store.watch(lambda state: state * 10)
        first = await anext(watching)
        await watching.aclose()
        return first

    assert asyncio.run(scenario()) == 0


def test_watch_yields_each_change_to_a_reader_that_keeps_up(store):
    """A reader that waits for the next value gets every one, and only when the selected value changed."""

    async def scenario():
        seen = []
        async for value in store.watch(lambda state: state // 2):
            seen.append(value)
            if value == 3:
                break
            asyncio.get_running_loop().call_soon(lambda: [store.dispatch(GO) for _ in range(2)])
        return seen

    assert asyncio.run(scenario()) == [0, 1, 2, 3]


def test_watch_may_leave_out_what_a_slow_reader_missed(store):
    """After many changes at once the reader gets the newest value, in order, and nothing twice."""

    async def scenario():
        seen = []
        async for value in store.watch(lambda state: state):
            seen.append(value)
            if value == 100:
                break
            for _ in range(50):
                store.dispatch(GO)
        return seen

    seen = asyncio.run(scenario())
    assert seen == sorted(set(seen))
    assert seen[0] == 0
    assert seen[-1] == 100


def test_watch_hears_other_threads(store):
    """Changes by a thread arrive in the watching task."""

    async def scenario():
        thread = threading.Thread(target=lambda: [store.dispatch(GO) for _ in range(1_000)])
        last = -1
        async for value in store.watch(lambda state: state):
            assert value > last
            last = value
            if value == 0:
                thread.start()
            if value == 1_000:
                break
        thread.join(5)

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_watch_misses_nothing_while_it_begins():
    """A change by another thread just as the watching begins is not lost, nor is the way back from it."""
    store = Store(lambda state, action: action.payload, initial="A")
    interfere = [threading.Thread(target=lambda: store.dispatch(Action("set", "B")))]

    def selector(state):
        if interfere:
            thread = interfere.pop()
            thread.start()
            thread.join(0.2)  # it may have to wait for its turn, and then finishes later
        return state

    async def scenario():
        watching = store.watch(selector)
        seen = [await anext(watching)]
        await turns()
        store.dispatch(Action("set", "B"))
        while seen[-1] != "B":
            seen.append(await asyncio.wait_for(anext(watching), 5))
        store.dispatch(Action("set", "A"))
        seen.append(await asyncio.wait_for(anext(watching), 5))
        await watching.aclose()
        return seen

    assert asyncio.run(scenario())[-2:] == ["B", "A"]


def test_watching_ends_with_its_loop(store):
    """A watcher that was left, or whose loop is closed, is no burden: dispatching goes on without errors."""

    async def scenario():
        async for _ in store.watch(lambda state: state):
            break
        waiting = asyncio.create_task(store.until(lambda state: False))
        await turns()
        return waiting

    asyncio.run(scenario())
    store.dispatch(GO)
    assert store.state == 1


def test_closing_the_store_ends_the_waiting(store):
    """Who waits for a store that is closed is told, and does not wait for ever."""

    async def scenario():
        waiting = asyncio.create_task(store.until(lambda state: state == 1))

        async def watch():
            return [value async for value in store.watch(lambda state: state)]

        watching = asyncio.create_task(watch())
        await turns()
        store.close()
        with pytest.raises(DispatchError, match="closed"):
            await asyncio.wait_for(waiting, 5)
        assert await asyncio.wait_for(watching, 5) == [0]

    asyncio.run(scenario())


def test_waiting_for_a_closed_store(store):
    """What holds already is told, and what never will raises at once; watching ends after the present value."""
    store.close()

    async def scenario():
        assert await store.until(lambda state: state == 0) == 0
        with pytest.raises(DispatchError, match="closed"):
            await asyncio.wait_for(store.until(lambda state: state == 1), 5)

        async def watch():
            return [value async for value in store.watch(lambda state: state)]

        assert await asyncio.wait_for(watch(), 5) == [0]

    asyncio.run(scenario())


def test_a_selector_that_raises_is_raised_where_it_watches(store):
    """The watching task gets the error; the dispatching code does not."""

    async def scenario():
        watching = store.watch(lambda state: 1 // (1 - state))
        assert await anext(watching) == 1
        next_value = asyncio.create_task(anext(watching))
        await turns()
        store.dispatch(GO)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(next_value, 5)

    asyncio.run(scenario())
    assert store.state == 1
