"""Listeners hear of every change of state, in rounds whose members are fixed when the dispatch begins."""

from collections import deque

import pytest

from statestore import Action, Store

GO = Action("go")


def counting(state, action):
    """Adds one for `go`, and does nothing for anything else."""
    return state + 1 if action.type == "go" else state


@pytest.fixture
def store():
    return Store(counting, initial=0)


def test_a_listener_is_given_the_store_after_the_change(store):
    """It is called once for each change with the store, whose state is the new one."""
    seen = []
    store.subscribe(lambda heard: seen.append((heard is store, heard.state)))
    store.dispatch(GO)
    store.dispatch(GO)
    assert seen == [(True, 1), (True, 2)]


def test_no_change_is_no_news(store):
    """An action that leaves the state as it was notifies nobody."""
    calls = []
    store.subscribe(calls.append)
    store.dispatch(Action("other"))
    assert calls == []


def test_listeners_are_called_in_the_order_of_subscription(store):
    """First come, first served."""
    calls = []
    for name in "abc":
        store.subscribe(lambda _, name=name: calls.append(name))
    store.dispatch(GO)
    assert calls == ["a", "b", "c"]


def test_unsubscribing_ends_the_calls(store):
    """After unsubscribing a listener is not called again, and unsubscribing twice does nothing."""
    calls = []
    stop = store.subscribe(calls.append)
    store.dispatch(GO)
    stop()
    stop()
    store.dispatch(GO)
    assert len(calls) == 1


def test_one_function_may_listen_twice(store):
    """Each subscription stands for itself, and ending one of them keeps the other."""
    calls = []

    def listener(_):
        calls.append(1)

    stop = store.subscribe(listener)
    store.subscribe(listener)
    store.dispatch(GO)
    assert len(calls) == 2
    stop()
    store.dispatch(GO)
    assert len(calls) == 3


def test_a_listener_that_comes_during_a_round_waits_for_the_next(store):
    """Subscribing inside a listener takes effect with the next dispatch."""
    calls = []

    def host(_):
        if not calls:
            store.subscribe(lambda _: calls.append("guest"))
        calls.append("host")

    store.subscribe(host)
    store.dispatch(GO)
    assert calls == ["host"]
    store.dispatch(GO)
    assert calls == ["host", "host", "guest"]


def test_a_listener_that_goes_during_a_round_still_hears_of_it(store):
    """Unsubscribing inside a listener takes effect with the next dispatch, for itself and for those after it."""
    calls, stops = [], []

    def first(_):
        calls.append("first")
        for stop in stops:
            stop()

    stops.append(store.subscribe(first))
    stops.append(store.subscribe(lambda _: calls.append("second")))
    store.dispatch(GO)
    assert calls == ["first", "second"]
    store.dispatch(GO)
    assert calls == ["first", "second"]


def test_a_dispatch_inside_a_listener_is_a_round_of_its_own(store):
    """The inner round notifies everybody before the outer one goes on, and all see the newest state."""
    calls = []

    def first(_):
        calls.append(("first", store.state))
        if store.state < 3:
            store.dispatch(GO)

    store.subscribe(first)
    store.subscribe(lambda _: calls.append(("second", store.state)))
    store.dispatch(GO)
    assert calls == [("first", 1), ("first", 2), ("first", 3), ("second", 3), ("second", 3), ("second", 3)]


def test_a_listener_that_came_in_the_round_hears_the_inner_one(store):
    """A subscription made in a listener counts for a dispatch that the listener makes afterwards."""
    calls = []

    def host(_):
        if store.state == 1:
            store.subscribe(lambda _: calls.append(store.state))
            store.dispatch(GO)

    store.subscribe(host)
    store.dispatch(GO)
    assert calls == [2]


def test_all_listeners_run_even_if_one_raises(store):
    """Then the first error is raised, and the state stays changed."""
    calls = []

    def broken(name):
        def listener(_):
            calls.append(name)
            raise RuntimeError(name)

        return listener

    store.subscribe(broken("first"))
    store.subscribe(broken("second"))
    store.subscribe(lambda _: calls.append("third"))
    with pytest.raises(RuntimeError, match="first"):
        store.dispatch(GO)
    assert calls == ["first", "second", "third"]
    assert store.state == 1


def test_a_selecting_listener_is_given_new_and_old(store):
    """With `select=` a listener is called with both values, only when the selected one changed."""
    calls = []
    store.subscribe(lambda new, old: calls.append((new, old)), select=lambda state: state // 2)
    for _ in range(4):
        store.dispatch(GO)
    assert calls == [(1, 0), (2, 1)]


def test_a_selected_value_is_compared_strictly():
    """A change from 1 to True or 1.0 is a change; from NaN to NaN it is none."""
    store = Store(
        lambda state, action: {"value": action.payload, "count": state["count"] + 1}, initial={"value": 1, "count": 0}
    )
    calls = []
    store.subscribe(lambda new, old: calls.append(repr(new)), select=lambda state: state["value"])
    for value in (True, 1.0, float("nan"), float("nan"), 1):
        store.dispatch(Action("set", value))
    assert calls == ["True", "1.0", "nan", "1"]


def test_a_selected_value_may_be_of_any_type(store):
    """What no state could hold, a deque for instance, is compared as Python compares it."""
    calls = []
    store.subscribe(lambda new, old: calls.append((new, old)), select=lambda state: deque([state // 2]))
    for _ in range(2):
        store.dispatch(GO)
    assert calls == [(deque([1]), deque([0]))]


def test_a_selector_that_raises_is_an_error_of_its_listener(store):
    """The other listeners are notified, then the selector's error is raised, and the state stays changed."""
    calls = []
    store.subscribe(lambda new, old: None, select=lambda state: 1 // (1 - state))
    store.subscribe(lambda _: calls.append(store.state))
    with pytest.raises(ZeroDivisionError):
        store.dispatch(GO)
    assert calls == [1]
    assert store.state == 1


def test_a_replaced_reducer_keeps_the_listeners(store):
    """Listeners stay subscribed when the reducer is replaced, and replacing alone tells them nothing."""
    calls = []
    store.subscribe(calls.append)
    store.replace_reducer(lambda state, action: state + 10)
    assert calls == []
    store.dispatch(Action("anything"))
    assert len(calls) == 1
    assert store.state == 10
