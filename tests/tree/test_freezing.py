"""Freezing looks everywhere, keeps what it can, and says what it cannot take."""

import pytest
from immutables import Map
from pyrsistent import PMap, PSet, PVector, pdeque, plist, pmap, pvector

from statestore import ActionError, freeze, thaw

from ..laws.states import RECORDS, Pair


def test_plain_data_is_frozen_at_every_depth():
    """Dicts, lists and sets within each other all become persistent."""
    frozen = freeze({"a": [{"b": {1, 2}}]})
    assert isinstance(frozen, PMap)
    assert isinstance(frozen["a"], PVector)
    assert isinstance(frozen["a"][0], PMap)
    assert isinstance(frozen["a"][0]["b"], PSet)


@pytest.mark.parametrize(
    "hold",
    [
        lambda v: (v,),
        lambda v: Map({0: v}),
        lambda v: pmap({0: v}),
        lambda v: pvector([v]),
        lambda v: plist([v]),
        lambda v: pdeque([v]),
    ],
)
def test_plain_data_inside_immutable_values_is_frozen(hold):
    """The outer value keeps its kind, and what was plain in it is plain no more."""
    frozen = freeze(hold(["a"]))
    assert type(frozen) is type(hold(0))
    assert isinstance(frozen[0], PVector)


@pytest.mark.parametrize("record", RECORDS)
def test_plain_data_inside_records_is_frozen(record):
    """Fields of every kind of record are looked into."""
    frozen = freeze(record(left=["a"], right=1))
    assert type(frozen) is record
    assert isinstance(frozen.left, PVector)


def test_freezing_what_is_frozen_gives_the_same_object():
    """A second time changes nothing."""
    frozen = freeze({"a": [1, {"b": (1, [2])}]})
    assert freeze(frozen) is frozen


def test_the_given_data_is_left_alone():
    """Freezing copies: the plain original stays plain and unconnected."""
    given = {"a": [1]}
    frozen = freeze(given)
    given["a"].append(2)
    assert frozen == freeze({"a": [1]})


def test_thawing_twice_gives_unconnected_copies():
    """What `thaw` gives may be changed freely."""
    frozen = freeze({"a": [1]})
    one, other = thaw(frozen), thaw(frozen)
    one["a"].append(2)
    assert other == {"a": [1]}
    assert frozen["a"] == pvector([1])


def test_leaves_are_thawed_as_they_are():
    """Scalars come back as the same object."""
    for leaf in (None, 1, 1.5, "a", b"a", True):
        assert thaw(leaf) is leaf


def test_mutable_things_are_refused_wherever_they_are():
    """The error names the class that cannot be state."""
    for value in (bytearray(b"a"), [bytearray(b"a")], {"a": (bytearray(b"a"),)}, Pair(bytearray(b"a"), 1)):
        with pytest.raises(ActionError, match="bytearray"):
            freeze(value)


def test_deep_data_is_frozen():
    """Data nested a few hundred levels deep is frozen and thawed."""
    value = []
    for _ in range(200):
        value = [value]
    assert thaw(freeze(value)) == value


def test_empty_containers_keep_their_kind():
    """Empty dicts, lists and sets are told apart."""
    assert isinstance(freeze({}), PMap)
    assert isinstance(freeze([]), PVector)
    assert isinstance(freeze(set()), PSet)
    assert thaw(freeze({})) == {}
    assert thaw(freeze([])) == []
    assert thaw(freeze(set())) == set()
