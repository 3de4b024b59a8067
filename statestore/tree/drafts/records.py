"""Drafts of records: attributes that can be assigned, over a NamedTuple, frozen dataclass, attrs, struct or PClass."""

from collections.abc import Iterator, Mapping
from inspect import getattr_static
from types import FunctionType
from typing import Any, ClassVar

from statestore.errors import DraftError
from statestore.tree.drafts.draft import REVOKED, SCALARS, Changes, Draft, current
from statestore.tree.drafts.mappings import MappingDraft
from statestore.tree.equality import same
from statestore.tree.kinds import KINDS, MISSING, RecordKind
from statestore.values import Path

_OWN = frozenset(Draft.__slots__)


class RecordDraft(Draft):
    """Fields read and assign as attributes; methods and properties of the class see the draft as their self."""

    __slots__ = ()
    drafts: ClassVar[str] = "record"

    def __getattr__(self, name: str) -> Any:
        # Only called for what is no slot and no method of the draft itself.
        child = self._children.get(name)
        if child is not None:
            return child
        value = self._writes.get(name, MISSING)
        if value is not MISSING:
            if not isinstance(value, Draft) and (child := self._child(value)) is not None:
                value = self._writes[name] = child
            return value
        if name not in _fields(self):
            return _class_attribute(self, name)
        value = getattr(self._base, name)
        child = self._child(value)
        if child is None:
            return value
        self._keep_child(name, child)
        return child

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
            return
        if name not in _fields(self):
            known = ", ".join(_fields(self))
            raise AttributeError(f"{type(self._base).__name__} has no field {name!r} to assign; its fields are {known}")
        if type(value) not in SCALARS:
            value = self._adopt(value)
            if value is self._children.get(name, MISSING):
                return
        self._write(name, value)

    def __delattr__(self, name: str) -> None:
        raise DraftError(f"a field of a record cannot be deleted: {name!r} of {type(self._base).__name__}")

    def __iter__(self) -> Iterator[Any]:
        if not isinstance(self._base, tuple):
            raise TypeError(f"{type(self._base).__name__} is not iterable")
        return iter([getattr(self, name) for name in _fields(self)])

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(self._base, tuple):
            raise TypeError(f"{type(self._base).__name__} has fields, not items: use .{key}")
        names = _fields(self)[key]
        return getattr(self, names) if isinstance(names, str) else tuple([getattr(self, name) for name in names])

    def __len__(self) -> int:
        return len(self._base)

    def __bool__(self) -> bool:
        return bool(current(self))

    def __eq__(self, other: object) -> bool:
        return bool(current(self) == (current(other) if isinstance(other, Draft) else other))

    def _start_with(self, plain: Any) -> None:
        for name in _fields(self):
            value = getattr(self._base, name)
            if type(value) not in SCALARS and (adopted := self._adopt(value)) is not value:
                self._write(name, adopted)
            elif isinstance(value, Draft):
                self._write(name, value)

    def finish(self, path: Path, changes: Changes) -> Any:
        base = self._base
        final: dict[str, Any] = {}
        for name, child in self._children.items():
            value = child.finish_in_place((*path, name), changes)
            if value is not child._base:
                final[name] = value
        for name, value in self._writes.items():
            old = getattr(base, name)
            after = value.settle() if isinstance(value, Draft) else value
            if not same(old, after):
                final[name] = after
                if changes is not None:
                    changes.append(("replace", (*path, name), after, old))
        return KINDS[type(base)].replace(base, final) if final else base


class FieldsDraft(MappingDraft):
    """The draft of a PRecord: a mapping, and its keys are attributes too."""

    __slots__ = ()
    drafts: ClassVar[str] = "fields"

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        return _class_attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]


def _fields(draft: RecordDraft) -> tuple[str, ...]:
    if draft._base is REVOKED:
        REVOKED.refuse()
    return KINDS[type(draft._base)].fields(draft._base)  # type: ignore[no-any-return]


def _class_attribute(draft: Draft, name: str) -> Any:
    """A method bound to the draft, a property computed over it, or whatever else the class has."""
    attribute = getattr_static(type(draft._base), name, None)
    if isinstance(attribute, FunctionType | property):
        return attribute.__get__(draft, type(draft._base))
    return getattr(draft._base, name)


class _DraftRecordKind(RecordKind):
    """Lets freeze and thaw take a draft of a record for what it looks like."""

    def fields(self, node: Any) -> tuple[str, ...]:
        return _fields(node)

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        return current(node)


KINDS[RecordDraft] = _DraftRecordKind()
KINDS[FieldsDraft] = KINDS[MappingDraft]
