"""Every kind of immutable value is state: read, edited and kept as what it is."""

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from array import array
from typing import Any, Generic, NamedTuple, TypeVar

import attrs
import immutables
import msgspec
import numpy
import pytest
from pyrsistent import (
    CheckedPMap,
    CheckedPSet,
    CheckedPVector,
    PClass,
    PRecord,
    field,
    pbag,
    pdeque,
    plist,
    pmap,
    pset,
    pvector,
    pvector_field,
)

from statestore import Action, ActionError, Patch, Store, apply_patches, freeze, produce, produce_with_patches, thaw

T = TypeVar("T")


class Point(NamedTuple):
    """A NamedTuple with a default and a method."""

    x: int
    y: int = 0

    def moved(self, dx: int) -> "Point":
        return self._replace(x=self.x + dx)


Legacy = collections.namedtuple("Legacy", ["name", "count"])  # the old way is a kind of its own


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slotted:
    """A dataclass without a `__dict__`."""

    name: str
    tags: Any = ()


@dataclasses.dataclass(frozen=True)
class Derived:
    """A dataclass with a field that follows from another."""

    name: str
    upper: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "upper", self.name.upper())


@dataclasses.dataclass(frozen=True)
class Box(Generic[T]):
    """A generic dataclass."""

    item: T


@dataclasses.dataclass(frozen=True)
class LabelledBox(Box[int]):
    """An inherited dataclass."""

    label: str = ""


@dataclasses.dataclass(frozen=True)
class Checked:
    """A dataclass that refuses negative numbers."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count is negative")


@attrs.frozen
class Private:
    """An attrs class with a private attribute, whose argument has another name."""

    _secret: int
    tags: Any = attrs.field(factory=tuple, converter=tuple)


@attrs.frozen(slots=False)
class Dictful:
    """An attrs class with a `__dict__`."""

    name: str


class Tagged(msgspec.Struct, frozen=True, kw_only=True, tag=True, rename="camel"):
    """A struct with other names on the wire."""

    task_name: str
    done_at: int | None = None


class Ticket(PRecord):
    """A record with types."""

    title = field(type=str, mandatory=True)
    tags = pvector_field(str)


class Result(PClass):
    """A class of pyrsistent with types."""

    score = field(type=int)
    note = field()


class Names(CheckedPVector):
    """A vector of strings only."""

    __type__ = str


class Ages(CheckedPMap):
    """A map from strings to whole numbers only."""

    __key_type__ = str
    __value_type__ = int


class Members(CheckedPSet):
    """A set of strings only."""

    __type__ = str


RECORDS = [
    (Point(1, 2), "x", 5, Point(5, 2)),
    (Legacy("a", 1), "count", 2, Legacy("a", 2)),
    (Slotted(name="a"), "name", "b", Slotted(name="b")),
    (Derived("a"), "name", "b", Derived("b")),
    (Box(1), "item", 2, Box(2)),
    (LabelledBox(1, "l"), "item", 2, LabelledBox(2, "l")),
    (Private(1), "_secret", 2, Private(2)),
    (Private(1), "tags", ("a",), Private(1, ("a",))),
    (Dictful("a"), "name", "b", Dictful("b")),
    (Tagged(task_name="a"), "task_name", "b", Tagged(task_name="b")),
    (Ticket(title="a", tags=[]), "title", "b", Ticket(title="b", tags=[])),
    (Result(score=1, note=None), "score", 2, Result(score=2, note=None)),
]


@pytest.mark.parametrize(("base", "name", "value", "expected"), RECORDS, ids=lambda case: type(case).__name__)
def test_a_field_of_any_record_is_edited_by_assignment(base, name, value, expected):
    """The result is a record of the same class with that field changed, and its patches lead there and back."""

    def change(draft):
        setattr(draft, name, value)
        assert getattr(draft, name) == value

    after, patches, inverse = produce_with_patches(base, change)
    assert type(after) is type(base)
    assert after == expected
    assert patches == (Patch("replace", (name,), value),)
    assert apply_patches(base, patches) == after
    assert apply_patches(after, inverse) == base
    assert produce(base, lambda draft: setattr(draft, name, getattr(base, name))) is base


@pytest.mark.parametrize("base", [case[0] for case in RECORDS], ids=lambda base: type(base).__name__)
def test_a_field_that_a_record_does_not_have(base):
    """Assigning it raises AttributeError, as for any object, and names the field."""

    def change(draft):
        draft.no_such_field = 1

    with pytest.raises(AttributeError, match="no_such_field"):
        produce(base, change)
    with pytest.raises(AttributeError, match="no_such_field"):
        produce(base, lambda draft: draft.no_such_field)


def test_methods_of_a_record_see_the_draft():
    """A method called on a draft works with the fields as they have been edited."""

    def change(draft):
        draft.y = 7
        draft.x = draft.moved(3).x if isinstance(draft.moved(3), Point) else 4

    assert produce(Point(1, 2), change) == Point(4, 7)


def test_fields_that_follow_from_others_are_made_anew():
    """A field that `__init__` does not take is computed again by the class itself."""
    assert produce(Derived("a"), lambda draft: setattr(draft, "name", "b")).upper == "B"


def test_checks_of_a_class_run():
    """A record that refuses a value refuses it in a draft too, with its own error."""
    base = pmap({"box": Checked(1)})
    with pytest.raises(ValueError, match="negative"):
        produce(base, lambda draft: setattr(draft["box"], "count", -1))
    assert base["box"] == Checked(1)


def test_records_nest_in_everything():
    """A field deep in a mixture of kinds is edited in place, and only the way to it is new."""
    base = immutables.Map({"a": pvector([Point(1), Slotted(name="s", tags=({"k": 1},))]), "b": pset([1])})
    base = freeze(base)

    def change(draft):
        draft["a"][1].tags[0]["k"] = 2

    after, patches, _ = produce_with_patches(base, change)
    assert after["a"][1].tags[0]["k"] == 2
    assert after["a"][0] is base["a"][0]
    assert after["b"] is base["b"]
    assert patches == (Patch("replace", ("a", 1, "tags", 0, "k"), 2),)


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
        pytest.param(None, id="dataclass"),
        pytest.param(..., id="attrs"),
    ],
)
def test_what_is_known_to_be_mutable_is_refused(value):
    """A bytearray, deque, array or a class that is not frozen cannot be state, wherever it is; the error names it."""

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
