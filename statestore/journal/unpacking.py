"""Msgpack to values: from our own memory by the quickest way, from files as if an enemy had written them."""

from collections.abc import Callable
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it has no stubs
import msgspec
from pyrsistent import pmap, pvector

from statestore.errors import CorruptHistoryError
from statestore.journal.extensions import RAW, SCALARS, build, is_known
from statestore.journal.format import MAX_DEPTH

# What a builder may raise on content that is not what its code takes.
_MISFITS: Final = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)

skim: Final = msgspec.msgpack.Decoder(msgspec.Raw).decode


def build_trusted(code: int, data: memoryview) -> Any:
    """What msgspec calls for each extension in bytes of our own making."""
    return build(code, bytes(data) if code in RAW else decode_trusted(data))


decode_trusted: Final[Callable[[Any], Any]] = msgspec.msgpack.Decoder(ext_hook=build_trusted).decode


def thicken(value: Any) -> Any:
    """Maps and arrays as msgpack has them, made the persistent ones that they are in a state."""
    cls = type(value)
    if cls is dict:
        return pmap({key: x if type(x) in SCALARS else thicken(x) for key, x in value.items()})
    if cls is list:
        return pvector([x if type(x) in SCALARS else thicken(x) for x in value])
    return value


def unpack(data: bytes) -> Any:
    """One msgpack value out of a file, its extensions still closed.

    The first pass allocates nothing: after it every length that the data claims is known to be there.

    Raises:
        CorruptHistoryError: it is no whole msgpack value, or a map has a key twice.
    """
    try:
        skim(data)
        return msgpack.unpackb(data, strict_map_key=False, object_pairs_hook=_unique)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException, msgspec.DecodeError) as error:
        raise CorruptHistoryError(f"a record is no valid msgpack: {error or type(error).__name__}") from None


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a map has a key twice")
    return entries


def open_plain(value: Any, depth: int = 0) -> Any:
    """Opens the extensions in what `unpack` gave, in a payload; in place, because a copy would double the memory."""
    cls = type(value)
    if cls in SCALARS:
        return value
    if cls is not dict and cls is not list:
        return _open_extension(value, depth)
    _open_members(value, open_plain, depth)
    return value


def open_state(value: Any, depth: int = 0) -> Any:
    """Opens the extensions in what `unpack` gave, in a state."""
    cls = type(value)
    if cls in SCALARS:
        return value
    if cls is not dict and cls is not list:
        return _open_extension(value, depth)
    _open_members(value, open_state, depth)
    return pmap(value) if cls is dict else pvector(value)


def _open_members(value: Any, open_member: Callable[[Any, int], Any], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CorruptHistoryError(f"a record is nested more than {MAX_DEPTH} levels deep")
    for place, member in value.items() if type(value) is dict else enumerate(value):
        if type(place) not in SCALARS:
            raise CorruptHistoryError(f"a map has a {type(place).__name__} for a key")
        if type(member) not in SCALARS:
            value[place] = open_member(member, depth + 1)


def _open_content(content: Any, depth: int) -> Any:
    """An extension and what it holds count as one level, unless that is another extension, as only an enemy has it."""
    if type(content) is msgpack.ExtType and depth > MAX_DEPTH:
        raise CorruptHistoryError(f"a record is nested more than {MAX_DEPTH} levels deep")
    return open_plain(content, depth + 1 if type(content) is msgpack.ExtType else depth)


def _open_extension(value: Any, depth: int) -> Any:
    if type(value) is not msgpack.ExtType:
        raise CorruptHistoryError(f"a record holds a {type(value).__name__}, which files do not have")
    code, data = value
    if not is_known(code):
        return value
    content = data if code in RAW else _open_content(unpack(data), depth)
    try:
        return build(code, content)
    except _MISFITS as error:
        raise CorruptHistoryError(f"extension {code} in a record does not hold what it should: {error}") from None
