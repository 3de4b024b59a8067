"""A store holds one state and changes it by dispatched actions only."""

import pytest
from immutables import Map
from pyrsistent import PMap, PSet, PVector, pmap

from statestore import (
    Action,
    ActionError,
    DispatchError,
    History,
    Patch,
    Slice,
    Store,
    combine,
    freeze,
    verify_replay,
)
from statestore.tree.equality import same


def adding(state, action):
    """A reducer by hand: the sum of what was added."""
    return state + action.payload if action.type == "add" else state


def test_dispatch_applies_the_reducer_and_returns_the_action():
    """The state becomes what the reducer gave, and `dispatch` returns the action by default."""
    store = Store(adding, initial=1)
    action = Action("add", 2)
    assert store.dispatch(action) is action
    assert store.state == 3


def test_the_stores_initial_beats_the_slices():
    """`initial=` is the state at the start even if the slice has one of its own."""
    count = Slice("count", initial=1)
    assert Store(count).state == 1
    assert Store(count, initial=7).state == 7
    assert Store(count, initial=None).state is None


def test_a_reducer_without_an_initial_value_is_refused():
    """A plain reducer needs `initial=`, and the error says so when the store is made."""
    with pytest.raises(ActionError, match="initial"):
        Store(adding)


def test_plain_data_is_frozen_on_the_way_in():
    """Dicts, lists and sets given as state become pyrsistent's, at every depth, and the given ones are left alone."""
    given = {"list": [{"a": 1}], "set": {1}}
    store = Store(lambda state, action: state, initial=given)
    assert isinstance(store.state, PMap)
    assert isinstance(store.state["list"], PVector)
    assert isinstance(store.state["list"][0], PMap)
    assert isinstance(store.state["set"], PSet)
    given["list"].append(2)
    assert len(store.state["list"]) == 1


def test_an_immutable_state_is_taken_as_it_is():
    """No copy is made of a state that is immutable already."""
    for initial in (pmap({"a": 1}), Map({"a": 1}), (1, 2), frozenset({1})):
        assert Store(lambda state, action: state, initial=initial).state is initial


def test_plain_data_from_a_reducer_is_frozen():
    """A hand-written reducer may return plain data."""
    store = Store(lambda state, action: {"items": [action.payload]}, initial={})
    store.dispatch(Action("a", 1))
    assert isinstance(store.state["items"], PVector)


def test_plain_data_inside_a_result_by_hand_is_frozen_when_it_is_recorded():
    """State and commits hold one and the same: what is rebuilt or replayed is the state, in class and content."""
    history = History()

    def reducer(state, action):
        return state.set("items", [{"tags": [action.payload]}])

    store = Store(reducer, initial={"items": []}, middleware=[history])
    for payload in ("a", "b", "b"):
        store.dispatch(Action("set", payload))
    assert same(store.state, freeze({"items": [{"tags": ["b"]}]}))
    assert same(store.state, history.state_at("head"))
    assert verify_replay(history, reducer).ok
    assert [len(commit.patches) for commit in history.commits] == [1, 1, 0]


def test_plain_data_from_a_part_of_a_combination_is_frozen_when_it_is_recorded():
    """The patches then lie below the key of the part."""
    history = History()
    store = Store(combine(a=lambda state, action: state.set("x", [1])), initial={"a": {}}, middleware=[history])
    store.dispatch(Action("go"))
    assert same(store.state, freeze({"a": {"x": [1]}}))
    assert history.head.patches == (Patch("add", ("a", "x"), freeze([1])),)


def test_an_equal_result_of_a_reducer_changes_nothing():
    """A reducer that builds an equal state anew leaves the very same state object, and nobody is notified."""
    store = Store(lambda state, action: {"items": [1]}, initial={"items": [1]})
    before, calls = store.state, []
    store.subscribe(calls.append)
    store.dispatch(Action("a"))
    assert store.state is before
    assert calls == []


def test_a_reducers_own_error_is_raised_as_it_is():
    """The error of a reducer reaches the caller unwrapped, and the state is the one before."""

    class FullError(Exception):
        """An error of the user's own."""

    error = FullError("no room")

    def reducer(state, action):
        raise error

    store = Store(reducer, initial={"a": 1})
    before = store.state
    with pytest.raises(FullError) as caught:
        store.dispatch(Action("a"))
    assert caught.value is error
    assert store.state is before


def test_an_interrupt_in_a_reducer_leaves_the_store_usable():
    """A KeyboardInterrupt while reducing reaches the caller, and the next dispatch works."""

    def reducer(state, action):
        if action.type == "interrupt":
            raise KeyboardInterrupt
        return state + 1

    store = Store(reducer, initial=0)
    with pytest.raises(KeyboardInterrupt):
        store.dispatch(Action("interrupt"))
    store.dispatch(Action("go"))
    assert store.state == 1


def test_replace_reducer_applies_from_the_next_action():
    """The state stays at the change, and the new reducer takes over."""
    store = Store(adding, initial=1)
    store.replace_reducer(lambda state, action: state * 10)
    assert store.state == 1
    store.dispatch(Action("add", 1))
    assert store.state == 10


def test_replace_reducer_refuses_what_is_none():
    """Something that cannot be called is refused, and the old reducer stays."""
    store = Store(adding, initial=1)
    with pytest.raises(ActionError, match="3"):
        store.replace_reducer(3)
    store.dispatch(Action("add", 1))
    assert store.state == 2


def test_a_store_is_a_context_manager():
    """Leaving the block closes the store: reading still works, dispatching raises, closing again does nothing."""
    with Store(adding, initial=1) as store:
        store.dispatch(Action("add", 1))
    assert store.state == 2
    with pytest.raises(DispatchError, match="closed"):
        store.dispatch(Action("add", 1))
    store.close()
    assert store.state == 2


def test_a_store_closes_when_its_block_raises():
    """The error of the block goes on, and the store is closed all the same."""
    with pytest.raises(ValueError, match="mine"), Store(adding, initial=1) as store:
        raise ValueError("mine")
    with pytest.raises(DispatchError):
        store.dispatch(Action("add", 1))


def test_the_name_of_a_store():
    """A store is called "store" unless named."""
    assert Store(adding, initial=1).name == "store"
    assert Store(adding, initial=1, name="jobs").name == "jobs"


def test_stores_do_not_share_anything():
    """Two stores on one slice have states and listeners of their own."""
    count = Slice("count", initial=0)

    @count.action
    def added(value):
        return value + 1

    one, other, calls = Store(count), Store(count), []
    other.subscribe(calls.append)
    one.dispatch(added())
    assert (one.state, other.state, calls) == (1, 0, [])


def test_the_state_cannot_be_set_from_outside():
    """Assigning to `store.state` raises: actions are the only way."""
    store = Store(adding, initial=1)
    with pytest.raises(AttributeError):
        store.state = 5
    assert store.state == 1
