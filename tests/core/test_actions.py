"""Actions are plain values, made by hand, by a creator or from a mapping."""

import pickle

import pytest

from statestore import Action, ActionError, StateStoreError, Store, Timing


def test_actions_are_equal_by_value():
    """Two actions with the same type, payload and meta are equal, and differ if any of them does."""
    assert Action("a", {"x": 1}, {"by": "me"}) == Action("a", {"x": 1}, {"by": "me"})
    assert Action("a", {"x": 1}) != Action("b", {"x": 1})
    assert Action("a", {"x": 1}) != Action("a", {"x": 2})
    assert Action("a", meta={"by": "me"}) != Action("a", meta={"by": "you"})


def test_an_action_has_no_payload_and_no_meta_unless_given():
    """Payload and meta are None by default."""
    action = Action("a")
    assert (action.type, action.payload, action.meta) == ("a", None, None)


def test_actions_are_frozen():
    """Setting a field of an action raises."""
    with pytest.raises(AttributeError):
        Action("a").type = "b"


def test_actions_travel_between_processes():
    """An action survives pickling."""
    action = Action("a", {"x": [1, 2]}, {"trace": "t"})
    assert pickle.loads(pickle.dumps(action)) == action


@pytest.mark.parametrize("type_", [None, 1, b"a", ["a"]])
def test_the_type_of_an_action_is_a_string(type_):
    """Dispatching any other raises an error of the tree that is a TypeError and shows what was given."""
    store = Store(latest, initial=())
    with pytest.raises(ActionError, match="string") as caught:
        store.dispatch(Action(type_))
    assert store.state == ()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, StateStoreError)
    assert repr(type_) in str(caught.value)


@pytest.mark.parametrize("meta", [1, "by me", ["by", "me"]])
def test_the_meta_of_an_action_is_a_mapping(meta):
    """Dispatching any other raises and shows what was given."""
    with pytest.raises(ActionError, match="mapping"):
        Store(latest, initial=()).dispatch(Action("a", meta=meta))


def latest(state, action):
    """Keeps the action itself, so that a test sees what arrived."""
    return (action,)


@pytest.mark.parametrize(
    ("mapping", "action"),
    [
        ({"type": "a"}, Action("a")),
        ({"type": "a", "payload": 3}, Action("a", 3)),
        ({"type": "a", "payload": {"x": 1}, "meta": {"by": "me"}}, Action("a", {"x": 1}, {"by": "me"})),
    ],
)
def test_a_mapping_with_a_type_is_an_action(mapping, action):
    """`dispatch` turns it into an `Action` before middleware and reducer see it, and returns that."""
    seen = []

    def look(store, next):
        return lambda arriving: (seen.append(arriving), next(arriving))[1]

    store = Store(latest, initial=(), middleware=[look])
    assert store.dispatch(mapping) == action
    assert seen == [action]
    assert store.state == (action,)


@pytest.mark.parametrize(
    "mapping", [{}, {"payload": 1}, {"type": 1}, {"type": None}, {"type": "a", "extra": 1}, {"type": "a", "meta": 3}]
)
def test_other_mappings_are_no_actions(mapping):
    """A mapping without a string type, or with keys beyond type, payload and meta, is refused; the state stays."""
    store = Store(latest, initial=())
    with pytest.raises(ActionError):
        store.dispatch(mapping)
    assert store.state == ()


def test_an_unknown_key_of_a_mapping_is_named():
    """The error for a mapping with a key too many names that key."""
    with pytest.raises(ActionError, match="pay_load"):
        Store(latest, initial=()).dispatch({"type": "a", "pay_load": 1})


def test_a_sampling_recorder_is_not_in_the_way_of_that():
    """What cannot even be looked up by its type is refused in the same words."""
    with pytest.raises(ActionError, match="string"):
        Store(latest, initial=(), middleware=[Timing(sample=0.5)]).dispatch(Action(["a"]))
