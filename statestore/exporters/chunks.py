"""Many small pieces as few chunks: a write for each would cost more than the piece."""

from collections.abc import Iterable, Iterator
from typing import Final

_CHUNK: Final = 1 << 16


def gather(pieces: Iterable[bytes], separator: bytes = b"") -> Iterator[bytes]:
    """The pieces, with the separator between them, in chunks of about 64 kB."""
    chunk = bytearray()
    between = b""
    for piece in pieces:
        chunk += between
        chunk += piece
        between = separator
        if len(chunk) >= _CHUNK:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)
