"""`thunk` lets functions of the store be dispatched."""

import asyncio

import pytest

from statestore import ActionError, Slice, Store, thunk


@pytest.fixture
def counter():
    counter = Slice("counter", initial=0)

    @counter.action
    def added(value, by=1):
        return value + by

    counter.added = added
    return counter


def test_a_function_is_called_with_the_store(counter):
    """`dispatch` gives back what it returned, and what it dispatches passes the whole chain."""
    seen = []

    def look(store, next):
        return lambda action: (seen.append(action), next(action))[1]

    store = Store(counter, middleware=[thunk, look])

    def twice(inner):
        assert inner is store
        inner.dispatch(counter.added())
        return inner.dispatch(counter.added(by=5)).type

    assert store.dispatch(twice) == "counter/added"
    assert store.state == 6
    assert seen == [counter.added(), counter.added(by=5)]


def test_an_async_function_is_awaited_by_its_caller(counter):
    """`dispatch` gives back an awaitable, which has the function's result."""
    store = Store(counter, middleware=[thunk])

    async def later(inner):
        inner.dispatch(counter.added())
        await asyncio.sleep(0)
        inner.dispatch(counter.added())
        return inner.state

    async def scenario():
        return await store.dispatch(later)

    assert asyncio.run(scenario()) == 2


def test_errors_of_a_function_reach_its_caller(counter):
    """Sync or async, what a thunk raises is raised as it is, and what it had dispatched stays."""
    store = Store(counter, middleware=[thunk])

    def fails(inner):
        inner.dispatch(counter.added())
        raise KeyError("mine")

    async def fails_later(inner):
        fails(inner)

    with pytest.raises(KeyError, match="mine"):
        store.dispatch(fails)

    async def scenario():
        with pytest.raises(KeyError, match="mine"):
            await store.dispatch(fails_later)

    asyncio.run(scenario())
    assert store.state == 2


def test_actions_pass_a_thunk_untouched(counter):
    """Actions and mappings go through, and what is neither is still refused."""
    store = Store(counter, middleware=[thunk])
    action = counter.added()
    assert store.dispatch(action) is action
    store.dispatch({"type": "counter/added", "payload": {"by": 2}})
    assert store.state == 3
    with pytest.raises(ActionError):
        store.dispatch(3)


def test_an_uncalled_creator_is_no_thunk(counter):
    """A creator dispatched by mistake is refused with its name, and is not called with the store."""
    store = Store(counter, middleware=[thunk])
    with pytest.raises(ActionError, match="added"):
        store.dispatch(counter.added)


def test_thunks_nest(counter):
    """A thunk may dispatch another one."""
    store = Store(counter, middleware=[thunk])
    store.dispatch(lambda outer: outer.dispatch(lambda inner: inner.dispatch(counter.added())))
    assert store.state == 1
