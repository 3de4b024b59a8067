"""Records to blocks and back: framing, compression and checksums, with no idea of what the records say."""

import struct
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

import zstandard

from statestore.errors import CorruptHistoryError, JournalError
from statestore.journal.format import CODEC_RAW, CODEC_ZSTD, HEAD, MAX_BODY, MAX_EXPANSION, BlockKind, Head

# Level 3 takes 10 % longer than 1 and leaves 15 % less on the backlog workload; beyond it little is gained.
_LEVEL: Final = 3
_FIXED: Final = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_EXT8, _EXT16, _EXT32 = struct.Struct(">BBB"), struct.Struct(">BHB"), struct.Struct(">BIB")

Record = tuple[int, bytes]
"""The kind of a record, and its msgpack."""


class Block(NamedTuple):
    """Where a block is, and what its head says."""

    offset: int
    head: Head

    @property
    def end(self) -> int:
        """Where the next block begins."""
        return self.offset + HEAD.size + self.head.stored


def join(kind: int, records: Iterable[bytes]) -> bytes:
    """Records of one kind as they stand in a body."""
    leads = _leads(kind)
    return b"".join([leads[len(record)] + record if len(record) < 256 else _frame(kind, record) for record in records])


@cache
def _leads(kind: int) -> list[bytes]:
    """What stands before a record of each length below 256; nearly all commits are that short."""
    return [_EXT8.pack(0xC7, size, kind) for size in range(256)]


def _frame(kind: int, record: bytes) -> bytes:
    size = len(record)
    return (_EXT16.pack(0xC8, size, kind) if size < 1 << 16 else _EXT32.pack(0xC9, size, kind)) + record


def split(body: bytes, count: int) -> list[Record]:
    """The records of a body; CorruptHistoryError where it is not just so many, whole."""
    records: list[Record] = []
    at, end = 0, len(body)
    try:
        while at < end:
            lead = body[at]
            if lead == 0xC7:
                size, kind, start = body[at + 1], body[at + 2], at + 3
            elif lead == 0xC8:
                (_, size, kind), start = _EXT16.unpack_from(body, at), at + 4
            elif lead == 0xC9:
                (_, size, kind), start = _EXT32.unpack_from(body, at), at + 6
            else:
                size, kind, start = _FIXED[lead], body[at + 1], at + 2
            at = start + size
            records.append((kind, body[start:at]))
    except (IndexError, KeyError, struct.error):
        at = end + 1
    if at != end or len(records) != count:
        raise CorruptHistoryError(f"a block does not hold the {count} whole records that its head announces")
    return records


def compress(raw: bytes, compressor: zstandard.ZstdCompressor) -> tuple[int, bytes]:
    """The codec and the body as it is stored: compressed where that helps, padded to what readers demand."""
    squeezed = compressor.compress(raw)
    if len(squeezed) >= len(raw):
        return CODEC_RAW, raw
    return CODEC_ZSTD, squeezed.ljust(-(-len(raw) // MAX_EXPANSION), b"\0")


def new_compressor() -> zstandard.ZstdCompressor:
    """A compressor for one thread."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)


def decompress(head: Head, stored: bytes) -> bytes:
    """The records' bytes, after all that is stated about them was checked.

    Raises:
        CorruptHistoryError: checksum or sizes are wrong.
    """
    if len(stored) != head.stored or zlib.crc32(stored) != head.body_crc:
        raise CorruptHistoryError("the checksum of a block is wrong")
    if head.codec == CODEC_RAW and head.raw == head.stored:
        return stored
    try:
        # zstd ignores `max_output_size` where the frame states a size of its own, so that is looked at first.
        if head.codec == CODEC_ZSTD and zstandard.get_frame_parameters(stored).content_size == head.raw:
            return zstandard.ZstdDecompressor().decompress(stored, max_output_size=head.raw)
    except zstandard.ZstdError as error:
        raise CorruptHistoryError(f"a block cannot be decompressed: {error}") from None
    raise CorruptHistoryError("a block does not have the size that its head announces")


class Chain:
    """Where the next block goes, and what it has to follow."""

    def __init__(self, salt: int, offset: int, number: int = 0, previous: int = 0, last: int = 0) -> None:
        self.salt = salt
        self.offset = offset
        self.number = number
        self.previous = previous
        self.last = last
        # So many bytes are known to be on disk.
        self.synced = 0
        self._compressor: zstandard.ZstdCompressor | None = None

    def link(self, kind: BlockKind, raw: bytes, records: int, commits: int = 0, flags: int = 0) -> tuple[Head, bytes]:
        """The next block, whose body holds so many records, `commits` of them commits."""
        if len(raw) > MAX_BODY:
            raise JournalError(f"a block of {len(raw)} bytes is more than any reader takes, {MAX_BODY}")
        self._compressor = self._compressor or new_compressor()
        codec, stored = compress(raw, self._compressor)
        head = Head(
            kind, codec, flags, self.number, len(stored), len(raw), records, self.last + 1, self.last + commits,
            self.synced, self.previous, zlib.crc32(stored),
        )  # fmt: skip
        packed = head.pack(self.salt)
        head = head._replace(head_crc=int.from_bytes(packed[-4:], "little"))
        self.continue_after(Block(self.offset, head))
        return head, packed + stored

    def continue_after(self, block: Block) -> None:
        """Goes on behind a block."""
        head = block.head
        self.number, self.previous, self.last = head.number + 1, head.head_crc, head.last
        self.offset = block.offset + HEAD.size + head.stored
