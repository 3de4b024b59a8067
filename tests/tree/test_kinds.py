"""Every kind of immutable value is state: read, edited and kept as what it is."""

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from array import array

import attrs
import immutables
import numpy
import pytest
from pyrsistent import (
    pbag,
    pdeque,
    plist,
    pmap,
    pset,
    pvector,
)

from statestore import Action, ActionError, Store, apply_patches, freeze, produce, produce_with_patches, thaw

from .kinds import (
    Ages,
    Box,
    Members,
    Names,
    Point,
    Private,
    Result,
    Slotted,
    Tagged,
    Ticket,
)


@pytest.mark.parametrize(
    ("base", "change", "expected"),
    [
        (Names(["a"]), lambda draft: draft.append("b"), Names(["a", "b"])),
        (Names(["a"]), lambda draft: draft.insert(0, "b"), Names(["b", "a"])),
        (Ages({"a": 1}), lambda draft: draft.update(b=2), Ages({"a": 1, "b": 2})),
        (Members(["a"]), lambda draft: draft.add("b"), Members(["a", "b"])),
    ],
    ids=["vector append", "vector insert", "map", "set"],
)
def test_checked_collections_stay_checked(base, change, expected):
    """The checked collections of pyrsistent keep their class through an edit."""
    after = produce(base, change)
    assert after == expected
    assert type(after) is type(expected)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (Names(["a"]), lambda draft: draft.append(1)),
        (Ages({"a": 1}), lambda draft: draft.update(a="x")),
        (Members(["a"]), lambda draft: draft.add(1)),
        (Ticket(title="a", tags=[]), lambda draft: setattr(draft, "title", 1)),
        (Result(score=1, note=None), lambda draft: setattr(draft, "score", "x")),
    ],
    ids=["vector", "map", "set", "record", "class"],
)
def test_checked_collections_refuse_what_they_refuse(base, change):
    """A value of the wrong type raises pyrsistent's TypeError, and the base is as before."""
    likeness = repr(base)
    with pytest.raises(TypeError):
        produce(base, change)
    assert repr(base) == likeness


class Colour(enum.Enum):
    """An enumeration."""

    RED = 1
    BLUE = 2


class Opaque:
    """A class that we know nothing about."""


LEAVES = [
    datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
    datetime.date(2024, 1, 1),
    datetime.timedelta(seconds=1),
    decimal.Decimal("1.10"),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("a/b"),
    Colour.RED,
    complex(1, 2),
    2**100,
    float("inf"),
    float("nan"),
    range(3),
    Opaque(),
    len,
    int,
    pbag([1, 1]),
    numpy.float64(0.5),
    numpy.arange(3),
]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: type(leaf).__name__)
def test_a_value_without_parts_is_taken_as_it_is(leaf):
    """Dates, numbers, paths, enumerations, arrays and objects are put in, read back and thawed as the same object."""
    base = pmap({"held": None})
    after = produce(base, lambda draft: draft.__setitem__("held", leaf))
    assert after["held"] is leaf
    assert thaw(after)["held"] is leaf
    assert freeze({"held": leaf})["held"] is leaf
    assert produce(after, lambda draft: draft.__setitem__("held", leaf)) is after


def test_equal_leaves_of_one_class_are_equal():
    """Putting an equal date or decimal over one changes nothing; one that only compares equal is a change."""
    base = pmap({"at": datetime.date(2024, 1, 1), "sum": decimal.Decimal(1)})
    assert produce(base, lambda draft: draft.update(at=datetime.date(2024, 1, 1), sum=decimal.Decimal("1.0"))) is base
    assert type(produce(base, lambda draft: draft.update(sum=1))["sum"]) is int


@pytest.mark.parametrize(
    "value",
    [
        bytearray(b"x"),
        collections.deque([1]),
        array("i", [1]),
        pytest.param((n for n in "ab"), id="generator"),
        pytest.param({"a": 1}.keys(), id="view"),
        pytest.param(None, id="dataclass"),
        pytest.param(..., id="attrs"),
    ],
)
def test_what_is_known_to_be_mutable_is_refused(value):
    """A bytearray, deque, array, iterator, view or class that is not frozen cannot be state, and the error names it."""

    @dataclasses.dataclass
    class Loose:
        x: int = 0

    @attrs.define
    class Open:
        x: int = 0

    value = {None: Loose, ...: Open}.get(value, lambda: value)() if value in (None, ...) else value
    for put in (
        lambda: freeze(value),
        lambda: freeze({"deep": [value]}),
        lambda: produce(pmap(), lambda draft: draft.__setitem__("a", value)),
        lambda: produce(pvector(), lambda draft: draft.append([value])),
        lambda: Store(lambda state, action: state, initial={"a": value}),
    ):
        with pytest.raises(ActionError, match=type(value).__name__):
            put()


@pytest.mark.parametrize(
    "plain",
    [
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("ab"),
        type("MyDict", (dict,), {})(a=1),
        type("MyList", (list,), {})([1]),
        type("MySet", (set,), {})([1]),
    ],
    ids=lambda plain: type(plain).__name__,
)
def test_subclasses_of_plain_containers_are_frozen_like_them(plain):
    """A dict, list or set of any subclass becomes the persistent collection of its kind."""
    base = {dict: dict, list: list, set: set}[next(c for c in (dict, list, set) if isinstance(plain, c))]
    assert freeze(plain) == freeze(base(plain))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (pmap({"a": pvector([pset([1])])}), {"a": [{1}]}),
        (immutables.Map({"a": (1, plist([2]), pdeque([3]))}), {"a": [1, [2], [3]]}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Slotted(name="a", tags=(Box(1),)), {"name": "a", "tags": [{"item": 1}]}),
        (Private(1), {"_secret": 1, "tags": []}),
        (Tagged(task_name="a"), {"task_name": "a", "done_at": None}),
        (Ticket(title="a", tags=["t"]), {"title": "a", "tags": ["t"]}),
        (Result(score=1, note=pmap()), {"score": 1, "note": {}}),
        (Names(["a"]), ["a"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_thaw_of_every_kind(value, expected):
    """Mappings and records become dicts, sequences lists, sets sets."""
    assert thaw(value) == expected


@pytest.mark.parametrize(
    "initial",
    [
        immutables.Map(n=0),
        pmap({"n": 0}),
        Result(score=0, note=None),
        Point(0),
        Slotted(name="0"),
        (0,),
        pdeque([0]),
        frozenset({0}),
    ],
    ids=lambda initial: type(initial).__name__,
)
def test_every_kind_is_the_state_of_a_store(initial):
    """A store begins with the value itself, and a reducer by hand may replace it by another of any kind."""
    store = Store(lambda state, action: action.payload, initial=initial)
    assert store.state is initial
    store.dispatch(Action("next", pmap({"next": 1})))
    assert store.state == pmap({"next": 1})


def test_a_greatest_length_is_kept():
    """A PDeque with `maxlen` drops from the other end as it does by itself, and its patches say so."""
    base = pdeque([1, 2, 3], maxlen=3)
    after, patches, inverse = produce_with_patches(base, lambda draft: draft.append(4))
    assert list(after) == [2, 3, 4]
    assert after.maxlen == 3
    assert list(apply_patches(base, patches)) == [2, 3, 4]
    assert list(apply_patches(after, inverse)) == [1, 2, 3]
