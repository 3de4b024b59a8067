"""The table of extension types: for each kind of value its code, how it is taken apart and how it is built again."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from itertools import groupby
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgpack  # type: ignore[import-untyped]  # it has no stubs
from msgspec.msgpack import Ext
from pyrsistent import (
    CheckedPMap,
    CheckedPSet,
    CheckedPVector,
    PBag,
    PDeque,
    PList,
    PMap,
    PSet,
    pbag,
    pdeque,
    plist,
    pmap,
    pset,
    pvector,
)

from statestore.journal.classes import (
    REDACTED,
    Opaque,
    Redacted,
    Unstored,
    build_checked,
    build_member,
    build_record,
    entry_of,
    fields_of,
    is_record,
)

SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})
"""What msgpack gives back just as it took it, within its limits; exact classes."""


class Code(IntEnum):
    """The types of msgpack extensions, as `journal.format` lists them."""

    REDACTED = 0
    UNSTORED = 1
    RECORD = 2
    INTEGER = 3
    TEXT = 4
    DICT = 5
    TUPLE = 6
    SET = 7
    FROZENSET = 8
    PMAP = 9
    PVECTOR = 10
    PSET = 11
    PLIST = 12
    PDEQUE = 13
    PBAG = 14
    MAP = 15
    CHECKED = 16
    MEMBER = 17
    DATETIME = 20
    DATE = 21
    TIME = 22
    TIMEDELTA = 23
    DECIMAL = 24
    UUID = 25
    PATH = 26
    COMPLEX = 27
    RANGE = 28
    FRACTION = 29
    BYTEARRAY = 30
    ARRAY = 31
    NUMPY_SCALAR = 32


# So many members with one hash are told apart in a millisecond.
_COLLIDING: Final = 1_000
# Making a fraction of numbers up to this length takes no time; of numbers of a megabyte, a minute.
_FRACTION_BITS: Final = 1 << 16


class Walk(Protocol):
    """What taking a value apart needs of the walk that met it."""

    def plain(self, value: Any) -> Any: ...
    def items(self, values: Iterable[Any]) -> list[Any]: ...
    def mapping(self, entries: Mapping[Any, Any]) -> Any: ...
    def fields(self, entries: Mapping[Any, Any]) -> dict[Any, Any]: ...


# What is taken apart: the content of the extension, as msgpack or, where it is bytes in the table, as these.
Packer = Callable[[Any, Walk], Any]


def _items(value: Any, walk: Walk) -> Any:
    return walk.items(value)


def _mapping(value: Any, walk: Walk) -> Any:
    return walk.mapping(value)


def _record(value: Any, walk: Walk) -> Any:
    entry = entry_of(type(value))
    return [entry.name, entry.version, walk.fields(fields_of(value))]


def _opaque(value: Opaque, walk: Walk) -> Any:
    return [value.record_name, value.record_version, walk.fields(value.record_fields)]


def _checked(value: Any, walk: Walk) -> Any:
    entry = entry_of(type(value))
    contents = walk.mapping(value) if isinstance(value, CheckedPMap) else walk.items(value)
    return [entry.name, entry.version, contents]


def _member(value: Enum, walk: Walk) -> Any:
    entry = entry_of(type(value))
    return [entry.name, entry.version, value.name, walk.plain(value.value)]


def _zone(zone: tzinfo | None, value: Any) -> Any:
    if zone is None:
        return None
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    offset = zone.utcoffset(value)
    if offset is None:
        raise ValueError(f"the time zone {zone!r} has no offset here")
    micros = offset // timedelta(microseconds=1)
    named = type(zone) is timezone and zone != UTC and len(zone.__getinitargs__()) > 1  # type: ignore[attr-defined]
    return [micros, zone.tzname(None)] if named else micros


def _unzone(zone: Any) -> tzinfo | None:
    match zone:
        case None:
            return None
        case str():
            return ZoneInfo(zone)
        case [micros, name]:
            return timezone(timedelta(microseconds=micros), name)
        case 0:
            return UTC
        case _:
            return timezone(timedelta(microseconds=zone))


def _moment(value: Any, _: Walk) -> Any:
    instant = value if isinstance(value, datetime) else None
    return [value.replace(tzinfo=None, fold=0).isoformat(), value.fold, _zone(value.tzinfo, instant)]


def _unmoment(cls: Any) -> Callable[[Any], Any]:
    def unpack(content: Any) -> Any:
        text, fold, zone = content
        return cls.fromisoformat(text).replace(fold=fold, tzinfo=_unzone(zone))

    return unpack


def _path(value: PurePath, _: Walk) -> Any:
    return ["windows" if isinstance(value, PureWindowsPath) else "posix", not isinstance(value, Path), str(value)]


def _unpath(content: Any) -> PurePath:
    flavour, pure, text = content
    cls = PureWindowsPath if flavour == "windows" else PurePosixPath
    # A concrete path of another system cannot be made here: it stays pure.
    return Path(text) if not pure and cls is type(PurePath()) else cls(text)


# Only types of fixed size: objects would be pickled, and structured ones are records.
_DTYPE: Final = re.compile(r"[<>|=]?[biufcSUmM]\d+(\[\d*[a-zA-Zµ]+\])?")


def _array(value: Any, _: Walk) -> Any:
    return [_dtype(value), list(value.shape), value.tobytes()]


def _numpy_scalar(value: Any, _: Walk) -> Any:
    return [_dtype(value), value.tobytes()]


def _dtype(value: Any) -> str:
    if not _DTYPE.fullmatch(value.dtype.str):
        raise ValueError(f"arrays of dtype {value.dtype} are not stored")
    return str(value.dtype.str)


def _unarray(content: Any) -> Any:
    dtype, shape, data = content
    return _from_buffer(dtype, data).reshape(shape)


def _unscalar(content: Any) -> Any:
    dtype, data = content
    return _from_buffer(dtype, data)[0]


def _from_buffer(dtype: str, data: bytes) -> Any:
    import numpy  # a file with arrays may be read where there is no numpy: then they stay opaque

    if not _DTYPE.fullmatch(dtype):
        raise ValueError(f"no dtype: {dtype!r}")
    return numpy.frombuffer(data, dtype)


def _undict(content: Any) -> dict[Any, Any]:
    """A map, or keys and values in turn."""
    if isinstance(content, dict):
        return content
    keys = content[::2]
    _check_hashes(keys)
    entries = dict(zip(keys, content[1::2], strict=True))
    if len(entries) != len(keys):
        raise ValueError("a key is there twice")
    return entries


def _unset(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def unpack(content: Any) -> Any:
        _check_hashes(content)
        members = build(content)
        if len(members) != len(content):
            raise ValueError("a member is there twice")
        return members

    return unpack


def _unbag(content: Any) -> Any:
    _check_hashes([member for member, _ in groupby(content)])
    return pbag(content)


def _check_hashes(members: Any) -> None:
    """Refuses members made to have one hash, such as multiples of 2**61 - 1: telling them apart would take hours."""
    if len(members) > _COLLIDING and len(set(map(hash, members))) < len(members) // 2:
        raise ValueError("too many members have the same hash")


def _fraction(value: Fraction, walk: Walk) -> Any:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _FRACTION_BITS:
        raise ValueError("fractions of such length are not stored")
    return walk.items((value.numerator, value.denominator))


def _unfraction(content: Any) -> Fraction:
    numerator, denominator = content
    if max(numerator.bit_length(), denominator.bit_length()) > _FRACTION_BITS:
        raise ValueError("the fraction is too long")
    return Fraction(numerator, denominator)


def _unmap(content: Any) -> Any:
    try:
        from immutables import Map
    except ImportError:  # readable without the extra, as the map that is always there
        return pmap(_undict(content))
    return Map(_undict(content))


def _integer(value: int, _: Walk) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


# Kinds found by exact type; `find_packer` fills in subclasses as they are met.
_EXACT: Final[dict[type, tuple[Code | None, Packer]]] = {
    int: (Code.INTEGER, _integer),
    str: (Code.TEXT, lambda value, _: value.encode("utf-8", "surrogatepass")),
    bytearray: (Code.BYTEARRAY, lambda value, _: bytes(value)),
    tuple: (Code.TUPLE, _items),
    set: (Code.SET, _items),
    frozenset: (Code.FROZENSET, _items),
    PMap: (Code.PMAP, _mapping),
    type(pvector()): (Code.PVECTOR, _items),
    PSet: (Code.PSET, _items),
    PList: (Code.PLIST, _items),
    type(plist()): (Code.PLIST, _items),
    PDeque: (Code.PDEQUE, lambda value, walk: [value.maxlen, walk.items(value)]),
    PBag: (Code.PBAG, _items),
    datetime: (Code.DATETIME, _moment),
    date: (Code.DATE, lambda value, _: value.isoformat()),
    time: (Code.TIME, _moment),
    timedelta: (Code.TIMEDELTA, lambda value, _: [value.days, value.seconds, value.microseconds]),
    Decimal: (Code.DECIMAL, lambda value, _: str(value)),
    UUID: (Code.UUID, lambda value, _: value.bytes),
    complex: (Code.COMPLEX, lambda value, _: [value.real, value.imag]),
    range: (Code.RANGE, lambda value, walk: walk.items((value.start, value.stop, value.step))),
    Fraction: (Code.FRACTION, _fraction),
    Opaque: (Code.RECORD, _opaque),
    Unstored: (Code.UNSTORED, lambda value, _: [value.type, value.text]),
    Redacted: (Code.REDACTED, lambda value, _: b""),
    # A type that this version did not know when it read the value: it goes back as it came.
    msgpack.ExtType: (None, lambda value, _: Ext(int(value.code), value.data)),
}
RAW: Final = frozenset({Code.REDACTED, Code.INTEGER, Code.TEXT, Code.UUID, Code.BYTEARRAY})
"""Extensions whose data is bytes, and no msgpack."""

_BUILDERS: Final[dict[int, Callable[[Any], Any]]] = {
    Code.REDACTED: lambda data: REDACTED,
    Code.UNSTORED: lambda content: Unstored(*content),
    Code.RECORD: lambda content: build_record(*content),
    Code.INTEGER: lambda data: int.from_bytes(data, "big", signed=True),
    Code.TEXT: lambda data: data.decode("utf-8", "surrogatepass"),
    Code.DICT: _undict,
    Code.TUPLE: tuple,
    Code.SET: _unset(set),
    Code.FROZENSET: _unset(frozenset),
    Code.PMAP: lambda content: pmap(_undict(content)),
    Code.PVECTOR: pvector,
    Code.PSET: _unset(pset),
    Code.PLIST: plist,
    Code.PDEQUE: lambda content: pdeque(content[1], content[0]),
    Code.PBAG: _unbag,
    Code.MAP: _unmap,
    Code.CHECKED: lambda content: build_checked(*content),
    Code.MEMBER: lambda content: build_member(*content),
    Code.DATETIME: _unmoment(datetime),
    Code.DATE: date.fromisoformat,
    Code.TIME: _unmoment(time),
    Code.TIMEDELTA: lambda content: timedelta(*content),
    Code.DECIMAL: Decimal,
    Code.UUID: lambda data: UUID(bytes=data),
    Code.PATH: _unpath,
    Code.COMPLEX: lambda content: complex(*content),
    Code.RANGE: lambda content: range(*content),
    Code.FRACTION: _unfraction,
    Code.BYTEARRAY: bytearray,
    Code.ARRAY: _unarray,
    Code.NUMPY_SCALAR: _unscalar,
}


def _as(base: Callable[[Any], Any]) -> tuple[None, Packer]:
    """Subclasses that are nothing else are stored as the built-in type that they equal."""
    return None, lambda value, walk: walk.plain(base(value))


def find_packer(cls: type) -> tuple[Code | None, Packer] | None:
    """How values of a class are taken apart; without a code they become what msgpack has. None if unknown."""
    immutables, numpy = sys.modules.get("immutables"), sys.modules.get("numpy")
    if cls in _EXACT:
        return _EXACT[cls]
    if issubclass(cls, Enum):
        return Code.MEMBER, _member
    if is_record(cls):
        return Code.RECORD, _record
    if issubclass(cls, CheckedPMap | CheckedPSet | CheckedPVector):
        return Code.CHECKED, _checked
    if immutables is not None and cls is immutables.Map:
        return Code.MAP, _mapping
    if numpy is not None and cls is numpy.ndarray:
        return Code.ARRAY, _array
    if numpy is not None and issubclass(cls, numpy.generic):
        return Code.NUMPY_SCALAR, _numpy_scalar
    if issubclass(cls, PurePath):
        return Code.PATH, _path
    for base in (int, float, str, bytes, dict, list, set, frozenset, tuple):
        if issubclass(cls, base):
            return _as(base)
    return _as(dict) if issubclass(cls, Mapping) else None


class _Packers(dict[type, "tuple[Code | None, Packer] | None"]):
    """Packers by exact class, each found out when it is met first."""

    def __missing__(self, cls: type) -> "tuple[Code | None, Packer] | None":
        found = self[cls] = find_packer(cls)
        return found


PACKERS: Final = _Packers()


def build(code: int, content: Any) -> Any:
    """The value that an extension stands for; `content` is bytes for the codes in RAW.

    Raises:
        ValueError, TypeError, LookupError, ArithmeticError, AttributeError: the content is not what the code takes.
    """
    return _BUILDERS[code](content)


def is_known(code: int) -> bool:
    """Whether this version knows the extension; others are kept as `msgpack.ExtType`."""
    return code in _BUILDERS
