"""The wire format of protocol buffers, as far as a trace needs it: each field as bytes."""

import struct
from typing import Final

_MASK: Final = (1 << 64) - 1


_SHORT: Final = [bytes((number,)) for number in range(0x80)]


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as its two's complement of 64 bits."""
    if 0 <= number < 0x80:
        return _SHORT[number]
    number &= _MASK
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


# Most fields have a small number and a small value: a trace has a million of them.
_INTEGERS: Final = [varint(field << 3) for field in range(0x80)]
_MESSAGES: Final = [varint(field << 3 | 2) for field in range(0x80)]


def integer(field: int, number: int) -> bytes:
    """A field of an integer type, an enum or a bool; fields up to 127."""
    return _INTEGERS[field] + (_SHORT[number] if 0 <= number < 0x80 else varint(number))


def double(field: int, number: float) -> bytes:
    """A field of 64 bits of floating point."""
    return varint(field << 3 | 1) + struct.pack("<d", number)


def message(field: int, *parts: bytes) -> bytes:
    """A field that is a message, from its own fields; also bytes."""
    body = b"".join(parts)
    size = len(body)
    return _MESSAGES[field] + (_SHORT[size] if size < 0x80 else varint(size)) + body


def text(field: int, string: str) -> bytes:
    """A field of text."""
    body = string.encode("utf-8", "replace")
    size = len(body)
    return _MESSAGES[field] + (_SHORT[size] if size < 0x80 else varint(size)) + body
