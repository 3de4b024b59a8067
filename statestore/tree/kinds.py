"""The kinds of value that state is made of: the one room that knows how to read, edit, iterate and build each."""

import dataclasses
import sys
from array import array
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, MappingView, Sequence
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

import msgspec
from pyrsistent import PBag, PClass, PDeque, PList, PMap, PRecord, PSet, PVector, pdeque, plist, pmap, pset, pvector

from statestore.errors import ActionError, PatchError
from statestore.tree import buckets

Role: TypeAlias = Literal["mapping", "sequence", "set", "record", "atom"]
Edit: TypeAlias = tuple[str, Any, Any]
"""`(op, key, value)`: one patch below the value that it is applied to."""


class _Mark(Enum):
    MISSING = "MISSING"
    REMOVED = "REMOVED"


MISSING: Final = _Mark.MISSING
REMOVED: Final = _Mark.REMOVED


class Kind:
    """How values of one class are handled. The base class is the atom: a value without parts, replaced whole."""

    role: Role = "atom"

    drafted_as: str = ""
    """Which form of draft edits the value, if not the one of its role."""
    plain: bool = False
    """Whether values of this kind are mutable built-ins, to be frozen before they become state."""

    def child(self, node: Any, key: Any) -> Any:
        """The part of `node` at `key`; PatchError where there is none."""
        raise PatchError(f"a {type(node).__name__} has no parts, so nothing is at {key!r}")

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        """Applies the edits in order and gives the new value."""
        raise PatchError(f"a {type(node).__name__} has no parts to change: {edits[0]!r}")


class MappingKind(Kind):
    """Values with keys. `update` takes keys with their new values, or REMOVED."""

    role: Role = "mapping"

    def update(self, node: Any, writes: Mapping[Any, Any]) -> Any:
        """One new value for any number of writes; costs what the writes cost."""
        evolver = node.evolver()
        for key, value in writes.items():
            if value is REMOVED:
                del evolver[key]
            else:
                evolver[key] = value
        return evolver.persistent()

    def set(self, node: Any, key: Any, value: Any) -> Any:
        """One new value for one write; REMOVED as for `update`."""
        return node.remove(key) if value is REMOVED else node.set(key, value)

    def unshared(self, old: Any, new: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """The items of two values of this kind, without those that both are known to share."""
        return self.items(old), self.items(new)

    def items(self, node: Any) -> dict[Any, Any]:
        """The items, in a dict of one's own."""
        return dict(node.items())

    def empty(self) -> Any:
        """What a plain dict put below a value of this kind is built from."""
        return _EMPTY_PMAP

    def child(self, node: Any, key: Any) -> Any:
        """The value at `key`."""
        value = node.get(key, MISSING)
        if value is MISSING:
            raise PatchError(f"no key {key!r} in the mapping; {_some(node)}")
        return value

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        """Applies the edits at once."""
        writes: dict[Any, Any] = {}
        for op, key, value in edits:
            if op != "add" and (writes[key] is REMOVED if key in writes else key not in node):
                raise PatchError(f"cannot {op} key {key!r}: it is not in the mapping; {_some(node)}")
            writes[key] = REMOVED if op == "remove" else value
        # A key that was added and removed again within the edits is not there to be removed.
        return self.update(node, {k: v for k, v in writes.items() if v is not REMOVED or k in node})


class PMapKind(MappingKind):
    """pyrsistent's maps, by their buckets."""

    def set(self, node: Any, key: Any, value: Any) -> Any:
        replaced = None if value is REMOVED else buckets.replace(node, key, value)
        return super().set(node, key, value) if replaced is None else replaced

    def update(self, node: Any, writes: Mapping[Any, Any]) -> Any:
        replaced, left = buckets.replace_many(node, writes, REMOVED)
        return super().update(replaced, left) if left else replaced

    def unshared(self, old: Any, new: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
        return buckets.unshared(old, new) or super().unshared(old, new)

    def items(self, node: Any) -> dict[Any, Any]:
        return buckets.items(node)


class MapKind(MappingKind):
    """`immutables.Map`."""

    def set(self, node: Any, key: Any, value: Any) -> Any:
        return node.delete(key) if value is REMOVED else node.set(key, value)

    def update(self, node: Any, writes: Mapping[Any, Any]) -> Any:
        with node.mutate() as mutation:
            for key, value in writes.items():
                if value is REMOVED:
                    del mutation[key]
                else:
                    mutation[key] = value
            return mutation.finish()

    def empty(self) -> Any:
        return sys.modules["immutables"].Map()


class PRecordKind(MappingKind):
    """pyrsistent's PRecord: a mapping whose keys are attributes too."""

    drafted_as = "fields"


class DictKind(MappingKind):
    """Plain dicts and their subclasses, on their way to become persistent maps: an edited one is one."""

    plain = True

    def set(self, node: Any, key: Any, value: Any) -> Any:
        return _MAPPING.set(pmap(dict(node)), key, value)

    def update(self, node: Any, writes: Mapping[Any, Any]) -> Any:
        return _MAPPING.update(pmap(dict(node)), writes)


class SequenceKind(Kind):
    """Values with positions. `build` makes a value like `node` out of other elements."""

    role: Role = "sequence"
    linked: bool = False
    """Whether reading an element costs a walk to it."""

    def build(self, node: Any, elements: list[Any]) -> Any:
        """A value of this kind with these elements."""
        return type(node)(elements)

    def assign(self, node: Any, writes: Mapping[int, Any], tail: Sequence[Any]) -> Any:
        """Sets elements at positions that exist, then appends `tail`."""
        elements = list(node)
        for index, value in writes.items():
            elements[index] = value
        return self.build(node, elements + list(tail))

    def empty(self) -> Any:
        """What a plain list put below a value of this kind is built from."""
        return _EMPTY_PVECTOR

    def child(self, node: Any, key: Any) -> Any:
        """The element at a position; negative positions are refused, as in JSON Patch."""
        return node[_position(key, len(node) - 1)]

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        """Applies the edits in order; only replacements cost less than the length."""
        if all(op == "replace" for op, _, _ in edits):
            last = len(node) - 1
            return self.assign(node, {_position(key, last): value for _, key, value in edits}, ())
        elements = list(node)
        for op, key, value in edits:
            if op == "add":
                elements.insert(_position(key, len(elements)), value)
            elif op == "remove":
                del elements[_position(key, len(elements) - 1)]
            else:
                elements[_position(key, len(elements) - 1)] = value
        return self.build(node, elements)


class PVectorKind(SequenceKind):
    """pyrsistent's vectors: setting and appending cost O(log n)."""

    def build(self, node: Any, elements: list[Any]) -> Any:
        return pvector(elements) if type(node) is type(_EMPTY_PVECTOR) else type(node)(elements)

    def assign(self, node: Any, writes: Mapping[int, Any], tail: Sequence[Any]) -> Any:
        if writes:
            evolver = node.evolver()
            for index, value in writes.items():
                evolver[index] = value
            node = evolver.persistent()
        return node.extend(tail) if tail else node

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        if len(edits) == 1 and edits[0][0] == "add" and edits[0][1] == len(node):
            return node.append(edits[0][2])
        return super().edit(node, edits)


class PListKind(SequenceKind):
    """pyrsistent's linked lists: every edit costs the length."""

    linked = True

    def build(self, node: Any, elements: list[Any]) -> Any:
        return plist(elements)


class PDequeKind(SequenceKind):
    """pyrsistent's deques, which keep their greatest length."""

    linked = True

    def build(self, node: Any, elements: list[Any]) -> Any:
        return pdeque(elements, node.maxlen)


class TupleKind(SequenceKind):
    """Tuples: every edit costs the length."""

    def empty(self) -> Any:
        return ()


class ListKind(SequenceKind):
    """Plain lists and their subclasses, on their way to become persistent vectors: an edited one is one."""

    plain = True

    def build(self, node: Any, elements: list[Any]) -> Any:
        return pvector(elements)


class SetKind(Kind):
    """Values with members, which are hashable and have no parts of their own."""

    role: Role = "set"

    def update(self, node: Any, added: Iterable[Any], removed: Iterable[Any]) -> Any:
        """One new set for any number of members."""
        evolver = node.evolver()
        for member in removed:
            evolver.remove(member)
        for member in added:
            evolver.add(member)
        return evolver.persistent()

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        """Adds and removes members; the key is the member itself."""
        members: dict[Any, bool] = {}
        for op, member, _ in edits:
            if not isinstance(member, Hashable):
                raise PatchError(f"{member!r} cannot be a member of a set: it is not hashable")
            if op == "replace" or (op == "remove" and not members.get(member, member in node)):
                raise PatchError(f"cannot {op} {member!r}: a set takes add, and remove of a member that it has")
            members[member] = op == "add"
        return self.update(
            node,
            [member for member, there in members.items() if there and member not in node],
            [member for member, there in members.items() if not there and member in node],
        )


class FrozensetKind(SetKind):
    """frozenset: every edit costs the size."""

    def update(self, node: Any, added: Iterable[Any], removed: Iterable[Any]) -> Any:
        return type(node)(frozenset(node).difference(removed).union(added))


class PlainSetKind(SetKind):
    """Plain sets, on their way to become persistent ones: an edited one is one."""

    plain = True

    def update(self, node: Any, added: Iterable[Any], removed: Iterable[Any]) -> Any:
        return pset(frozenset(node).difference(removed).union(added))


class RecordKind(Kind):
    """Values with named fields. How each library makes a changed copy is all that differs."""

    role: Role = "record"

    def fields(self, node: Any) -> tuple[str, ...]:
        """The names of the fields, in order."""
        raise NotImplementedError

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        """A copy with other values in some fields; validators of the class run."""
        raise NotImplementedError

    def child(self, node: Any, key: Any) -> Any:
        """The value of a field."""
        if key not in self.fields(node):
            raise PatchError(
                f"{type(node).__name__} has no field {key!r}; its fields are {', '.join(self.fields(node))}"
            )
        return getattr(node, key)

    def edit(self, node: Any, edits: Sequence[Edit]) -> Any:
        """Sets fields: a record takes replacements only."""
        for op, key, _ in edits:
            if op != "replace":
                raise PatchError(f"cannot {op} field {key!r} of {type(node).__name__}: a record's fields are replaced")
            self.child(node, key)
        return self.replace(node, {key: value for _, key, value in edits})


class NamedTupleKind(RecordKind):
    """typing.NamedTuple and collections.namedtuple."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return node._fields  # type: ignore[no-any-return]

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        return node._replace(**writes)


class DataclassKind(RecordKind):
    """Frozen dataclasses; fields that `__init__` does not take are derived ones and are not edited."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return tuple([field.name for field in dataclasses.fields(node) if field.init])

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        return dataclasses.replace(node, **writes)


class AttrsKind(RecordKind):
    """Frozen attrs classes."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return tuple([field.name for field in node.__attrs_attrs__ if field.init])

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        aliases = {field.name: field.alias for field in node.__attrs_attrs__}
        return sys.modules["attr"].evolve(node, **{aliases[name]: value for name, value in writes.items()})


class StructKind(RecordKind):
    """Frozen msgspec structs."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return node.__struct_fields__  # type: ignore[no-any-return]

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        return msgspec.structs.replace(node, **writes)


class PClassKind(RecordKind):
    """pyrsistent's PClass; a field without a value is not there."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return tuple([name for name in node._pclass_fields if hasattr(node, name)])

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        return node.set(**writes)


_EMPTY_PMAP: Final[PMap[Any, Any]] = pmap()
_EMPTY_PVECTOR: Final[PVector[Any]] = pvector()
_MUTABLE = (bytearray, deque, array, Iterator, MappingView)  # the last two: what draft.keys() or a generator gives
ATOM: Final = Kind()
"""The kind of every value without parts: scalars, dates, paths, enums, arrays, objects of unknown classes."""

_MAPPING = PMapKind() if buckets.ARE_KNOWN else MappingKind()  # of PMap itself: its subclasses check what is put in
_TUPLE, _FROZENSET, _STRUCT = TupleKind(), FrozensetKind(), StructKind()
_BY_BASE: tuple[tuple[type, Kind], ...] = (
    (PRecord, PRecordKind()),
    (PMap, MappingKind()),
    (PVector, PVectorKind()),
    (PSet, SetKind()),
    (PList, PListKind()),
    (type(plist()), PListKind()),  # an empty list has a class of its own
    (PDeque, PDequeKind()),
    (PClass, PClassKind()),
    (PBag, ATOM),
    (frozenset, _FROZENSET),
    (dict, DictKind()),
    (list, ListKind()),
    (set, PlainSetKind()),
)


class _Kinds(dict[type, Any]):
    """Kinds by exact class, found out when it is met first. Typed Any: the role tells which methods there are."""

    def __missing__(self, cls: type) -> Kind:
        kind = self[cls] = _find_kind(cls)
        return kind


def _find_kind(cls: type) -> Kind:
    immutables = sys.modules.get("immutables")
    if immutables is not None and issubclass(cls, immutables.Map):
        return MapKind()
    for base, kind in _BY_BASE:
        if issubclass(cls, base):
            return kind
    if issubclass(cls, tuple):
        return NamedTupleKind() if hasattr(cls, "_fields") and hasattr(cls, "_replace") else _TUPLE
    if issubclass(cls, msgspec.Struct):
        return _frozen_only(cls, cls.__struct_config__.frozen, _STRUCT)
    if "__attrs_attrs__" in dir(cls):
        return _frozen_only(cls, getattr(cls.__setattr__, "__name__", "") == "_frozen_setattrs", AttrsKind())
    if dataclasses.is_dataclass(cls):
        return _frozen_only(cls, cls.__dataclass_params__.frozen, DataclassKind())  # type: ignore[attr-defined]
    if issubclass(cls, _MUTABLE):
        raise ActionError(
            f"state is immutable, and what is of type {cls.__name__} is not: use bytes, a tuple or a list in its place"
        )
    return ATOM


def _frozen_only(cls: type, frozen: bool, kind: Kind) -> Kind:
    if not frozen:
        raise ActionError(f"state is immutable, and {cls.__qualname__} is not: declare the class with frozen=True")
    return kind


KINDS: Final = _Kinds({PMap: _MAPPING})
"""`KINDS[type(value)]` is how to handle the value. ActionError where the class is known to be mutable."""


def _position(key: Any, last: int) -> int:
    if type(key) is not int or not 0 <= key <= last:
        raise PatchError(f"no position {key!r} in the sequence; valid are 0 to {last}")
    return key


def _some(node: Any) -> str:
    keys = [repr(key) for key, _ in zip(node, range(4), strict=False)]
    return f"it has {', '.join(keys) or 'no keys'}{', ...' if len(node) > len(keys) else ''}"
