"""JSON in parts: one level at a time, so that of a large text no more is parsed than is needed."""

import json
from typing import Any, Final, TypeAlias

import msgspec

from statestore.errors import JournalError

Raw: TypeAlias = Any
"""A part of the file: its text, a `msgspec.Raw`, or what was parsed already, where there are references to it."""

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)

OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: Final = msgspec.json.Decoder()


def parse_text(text: bytes | str) -> Any:
    """All of a text, as the standard library reads it; JournalError if it is no JSON."""
    try:
        return json.loads(text)
    except RecursionError:
        raise JournalError("the JSON is nested too deeply") from None
    except ValueError as error:
        raise JournalError(f"this is no JSON: {error}") from None


def parse(part: Raw) -> Any:
    """All of a part."""
    if not isinstance(part, msgspec.Raw):
        return part
    try:
        return _ANY.decode(part)
    except UNREADABLE:
        return parse_text(bytes(part))  # numbers beyond a float, which JavaScript reads as infinite
    except RecursionError:
        raise JournalError("the JSON is nested too deeply") from None


def open_text(part: msgspec.Raw) -> Any:
    """One level of an object or a list; None of what is neither."""
    first = bytes(memoryview(part)[:1])
    try:
        return OBJECT.decode(part) if first == b"{" else ARRAY.decode(part) if first == b"[" else None
    except (*UNREADABLE, RecursionError) as error:
        raise JournalError(f"this is no JSON: {error}") from None
