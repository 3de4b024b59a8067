"""States of every kind, mixed at any depth, and their plain mirror: both written without the code under test."""

import dataclasses
from typing import Any, NamedTuple

import attrs
import immutables
import msgspec
from hypothesis import strategies as st
from pyrsistent import PClass, PDeque, PList, PMap, PRecord, PSet, PVector, field, pdeque, plist, pmap, pset, pvector


class Pair(NamedTuple):
    """A record that is a tuple."""

    left: Any
    right: Any


@dataclasses.dataclass(frozen=True)
class Task:
    """A record that is a frozen dataclass."""

    left: Any
    right: Any


@attrs.frozen
class Worker:
    """A record made by attrs."""

    left: Any
    right: Any


class Build(msgspec.Struct, frozen=True):
    """A record made by msgspec."""

    left: Any
    right: Any


class Ticket(PRecord):
    """A record that is a map of pyrsistent."""

    left = field()
    right = field()


class Result(PClass):
    """A record that is a class of pyrsistent."""

    left = field()
    right = field()


RECORDS = (Pair, Task, Worker, Build, Ticket, Result)
MAPPINGS = (pmap, immutables.Map)
SEQUENCES = (pvector, tuple, plist, pdeque)
SETS = (pset, frozenset)


class Fields(dict):
    """The mirror of a record: its fields by name, told apart from the mirror of a mapping."""


def fields_of(value: Any) -> tuple[str, ...] | None:
    """The names of a record's fields; None for what is no record."""
    return ("left", "right") if isinstance(value, RECORDS) else None


def mirror(value: Any, origins: dict[int, tuple[Any, Any]] | None = None) -> Any:
    """A mutable plain copy: dict, list, set and `Fields` down to the leaves; the members of sets stay as they are.

    `origins`, if given, remembers for the id of each container made here the container and what it was made from.
    """
    made: Any
    if fields_of(value) is not None:
        made = Fields((name, mirror(getattr(value, name), origins)) for name in fields_of(value) or ())
    elif isinstance(value, Fields):
        made = Fields((name, mirror(item, origins)) for name, item in value.items())
    elif isinstance(value, PMap | immutables.Map | dict):
        made = {key: mirror(item, origins) for key, item in value.items()}
    elif isinstance(value, PVector | PDeque | PList | type(plist()) | tuple | list):
        made = [mirror(item, origins) for item in value]
    elif isinstance(value, PSet | frozenset | set):
        made = set(value)
    else:
        return value
    if origins is not None:
        origins[id(made)] = (made, value)
    return made


def portrait(value: Any) -> Any:
    """A hashable likeness, equal for two values when they have the same classes and contents throughout.

    1, True and 1.0 differ in it, and a NaN equals a NaN.
    """
    name = type(value).__name__
    if fields_of(value) is not None:
        return name, tuple((field, portrait(getattr(value, field))) for field in fields_of(value) or ())
    if isinstance(value, PMap | immutables.Map | dict):
        return name, frozenset((portrait(key), portrait(item)) for key, item in value.items())
    if isinstance(value, PVector | PDeque | PList | type(plist()) | tuple | list):
        return name.removeprefix("_Empty"), tuple(portrait(item) for item in value)
    if isinstance(value, PSet | frozenset | set):
        return name, frozenset(portrait(item) for item in value)
    return name, "nan" if value != value else value  # only a NaN differs from itself


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in class and content, at every level."""
    return bool(portrait(one) == portrait(other))


# Few small numbers, so that 0, False and 0.0 meet often; every other scalar that a state may hold.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.integers(),
    st.floats(),
    st.sampled_from([0.0, 1.0, float("nan")]),
    st.text(max_size=5),
    st.binary(max_size=5),
)
keys = st.one_of(
    st.text("abc", max_size=2), st.integers(-1, 3), st.none(), st.tuples(st.integers(2, 4), st.text("ab", max_size=1))
)
members = st.recursive(
    st.one_of(st.text("abc", max_size=2), st.integers(-1, 3), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=2).map(tuple), st.frozensets(inner, max_size=2)),
    max_leaves=3,
)


def containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One container of any kind that holds `items`."""
    return st.one_of(
        st.builds(lambda make, held: make(held), st.sampled_from(MAPPINGS), st.dictionaries(keys, items, max_size=4)),
        st.builds(lambda make, held: make(held), st.sampled_from(SEQUENCES), st.lists(items, max_size=4)),
        st.builds(lambda make, held: make(held), st.sampled_from(SETS), st.sets(members, max_size=4)),
        st.builds(lambda make, left, right: make(left=left, right=right), st.sampled_from(RECORDS), items, items),
    )


nodes = st.recursive(scalars, containers, max_leaves=10)
trees = containers(nodes)
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.dictionaries(keys, inner, max_size=3), st.lists(inner, max_size=3), st.sets(members, max_size=3)
    ),
    max_leaves=6,
)
