"""The user's classes in a history file: by name and version on the way in, looked up in a register on the way out.

A file never names something to import: a class that was not registered in the reading program is read as `Opaque`.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec
from pyrsistent import CheckedPMap, CheckedPSet, CheckedPVector, PClass, PRecord

from statestore.errors import JournalError
from statestore.tree.kinds import ATOM, KINDS, RecordKind

Upgrade = Callable[[dict[str, Any], int], Mapping[str, Any]]
_Class = TypeVar("_Class", bound=type)


class Opaque(msgspec.Struct, frozen=True):
    """A record whose class the reading program did not register: `opaque.title` is its field of that name."""

    record_name: str
    record_version: int
    record_fields: Mapping[str, Any]

    def __getattr__(self, field: str) -> Any:
        try:
            return self.record_fields[field]
        except KeyError:
            raise AttributeError(f"the stored {self.record_name} has no field {field!r}") from None


class OpaqueKind(RecordKind):
    """How opaque records take patches, so that a state can be rebuilt without its classes."""

    def fields(self, node: Any) -> tuple[str, ...]:
        """The names under which the fields were stored."""
        return tuple(node.record_fields)

    def replace(self, node: Any, writes: Mapping[str, Any]) -> Any:
        """A copy with other values in some fields."""
        return Opaque(node.record_name, node.record_version, {**node.record_fields, **writes})


class Unstored(msgspec.Struct, frozen=True):
    """Stands for a value that could not be stored: the name of its type and what `repr` gave."""

    type: str
    text: str


class Redacted(Enum):
    """Stands where a value was redacted."""

    REDACTED = "redacted"

    def __repr__(self) -> str:
        return "<redacted>"


REDACTED: Final = Redacted.REDACTED

KINDS[Opaque] = OpaqueKind()
KINDS[Unstored] = ATOM


class Registered(msgspec.Struct, frozen=True):
    """How values of one class are named in files, and built again."""

    cls: type
    name: str
    version: int
    upgrade: Upgrade | None


_by_class: dict[type, Registered] = {}
_by_name: dict[str, Registered] = {}


def register(cls: _Class, name: str | None = None, version: int = 1, upgrade: Upgrade | None = None) -> _Class:
    """Lets values of a class be read from history files as what they were; gives the class back.

    Args:
        cls: a NamedTuple, a frozen dataclass, attrs class or msgspec struct, a PRecord, a PClass, an Enum or one of
            pyrsistent's checked collections.
        name: how files name the class; `module.Class` unless given. Give it to be free to move the class.
        version: counted up when the fields change.
        upgrade: `upgrade(fields, version)` takes the fields of an older version, and gives those of this one.

    Raises:
        JournalError: the name is taken by another class, or `cls` is none of the kinds above.
    """
    if not isinstance(cls, type) or not is_user_class(cls):
        raise JournalError(f"register takes a record class, an Enum or a checked collection, not {cls!r}")
    entry = Registered(cls, name or default_name(cls), version, upgrade)
    holder = _by_name.get(entry.name)
    if holder is not None and holder.cls is not cls and default_name(holder.cls) != default_name(cls):
        raise JournalError(f"the name {entry.name!r} is taken by {holder.cls!r}: give {cls!r} another one")
    _by_class[cls] = _by_name[entry.name] = entry
    return cls


def default_name(cls: type) -> str:
    """How a class is named in files unless it was registered under another name."""
    return f"{cls.__module__}.{cls.__qualname__}"


def entry_of(cls: type) -> Registered:
    """The register's entry, or what it would be."""
    return _by_class.get(cls) or Registered(cls, default_name(cls), 1, None)


def is_user_class(cls: type) -> bool:
    """Whether values of the class are stored under its name."""
    return is_record(cls) or issubclass(cls, Enum | CheckedPMap | CheckedPSet | CheckedPVector)


def is_record(cls: type) -> bool:
    """Whether the class has named fields."""
    if cls is Opaque or cls is Unstored:
        return False
    if issubclass(cls, tuple):
        return hasattr(cls, "_fields") and hasattr(cls, "_make")
    return (
        issubclass(cls, PRecord | PClass | msgspec.Struct)
        or dataclasses.is_dataclass(cls)
        or "__attrs_attrs__" in dir(cls)
    )


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a record by name."""
    if isinstance(value, PRecord):
        return dict(value)
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return dict(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]
    if isinstance(value, PClass):
        return {name: getattr(value, name) for name in type(value)._pclass_fields if hasattr(value, name)}  # type: ignore[attr-defined]
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else value.__attrs_attrs__
    return {field.name: getattr(value, field.name) for field in fields if field.init}


def build_record(name: str, version: int, fields: dict[str, Any]) -> Any:
    """The record again, upgraded where its class moved on; `Opaque` where nobody registered it.

    Raises:
        JournalError: the registered class, or its upgrade, does not take the stored fields.
    """
    entry = _by_name.get(name)
    if entry is None or not is_record(entry.cls):
        return Opaque(name, version, fields)
    try:
        if version != entry.version and entry.upgrade is not None:
            fields = dict(entry.upgrade(fields, version))
        return _make(entry.cls, fields)
    except Exception as error:
        raise JournalError(
            f"{entry.cls!r} cannot be built from the fields {sorted(fields)} that were stored in version {version} "
            f"(registered is version {entry.version}): {error}. Register it with an upgrade."
        ) from error


def _make(cls: Any, fields: dict[str, Any]) -> Any:
    if "__attrs_attrs__" in dir(cls) and "attr" in sys.modules:
        aliases = {field.name: field.alias for field in cls.__attrs_attrs__}
        return cls(**{aliases[key]: value for key, value in fields.items()})
    return cls(**fields)


def build_member(name: str, version: int, member: str, value: Any) -> Any:
    """The member of a registered Enum, by its name and, where that is gone, by its value; else `Opaque`."""
    entry = _by_name.get(name)
    if entry is not None and issubclass(entry.cls, Enum):
        if member in entry.cls.__members__:
            return entry.cls[member]
        try:
            return entry.cls(value)
        except ValueError:
            pass
    return Opaque(name, version, {"name": member, "value": value})


def build_checked(name: str, version: int, contents: Any) -> Any:
    """A checked collection again; a plain persistent one of the same elements where nobody registered it."""
    entry = _by_name.get(name)
    if entry is None or is_record(entry.cls):
        return Opaque(name, version, {"contents": contents})
    return entry.cls.create(contents)  # type: ignore[attr-defined]
