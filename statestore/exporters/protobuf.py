"""The wire format of protocol buffers, as far as a trace needs it: each field as bytes."""

import struct
from typing import Final

_MASK: Final = (1 << 64) - 1


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as its two's complement of 64 bits."""
    number &= _MASK
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field: int, number: int) -> bytes:
    """A field of an integer type, an enum or a bool."""
    return varint(field << 3) + varint(number)


def double(field: int, number: float) -> bytes:
    """A field of 64 bits of floating point."""
    return varint(field << 3 | 1) + struct.pack("<d", number)


def message(field: int, *parts: bytes) -> bytes:
    """A field that is a message, from its own fields; also bytes."""
    body = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def text(field: int, string: str) -> bytes:
    """A field of text."""
    return message(field, string.encode("utf-8", "replace"))
