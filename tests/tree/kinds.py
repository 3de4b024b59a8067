"""One class of every kind that people use as state, with the twists that each library has."""

import collections
import dataclasses
from typing import Any, Generic, NamedTuple, TypeVar

import attrs
import msgspec
from pyrsistent import (
    CheckedPMap,
    CheckedPSet,
    CheckedPVector,
    PClass,
    PRecord,
    field,
    pvector_field,
)

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
