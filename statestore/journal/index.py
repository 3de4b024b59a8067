"""The index that a clean close leaves: the heads of all blocks in one place. A hint; the blocks are what counts."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from statestore.errors import CorruptHistoryError
from statestore.journal.blocks import Block
from statestore.journal.codec import read_record
from statestore.journal.format import HEAD, PREAMBLE, Head, RecordKind, is_right

# What a reader cannot compute from the other columns.
_COLUMNS: Final = ("kind", "codec", "flags", "stored", "raw", "records", "last", "synced", "body_crc", "head_crc")


class _Columns(msgspec.Struct):
    kind: list[int]
    codec: list[int]
    flags: list[int]
    stored: list[int]
    raw: list[int]
    records: list[int]
    last: list[int]
    synced: list[int]
    body_crc: list[int]
    head_crc: list[int]


def encode_index(heads: Sequence[Head]) -> bytes:
    """The index record over blocks with these heads."""
    return msgspec.msgpack.encode({name: [getattr(head, name) for head in heads] for name in _COLUMNS})


def read_index(record: bytes, salt: int) -> list[Block] | None:
    """The blocks that an index tells of; None unless their checksums and their chain are right.

    So it is believed as far as the blocks are, and costs a third of looking at each of them.
    """
    try:
        columns: Any = msgspec.convert(read_record(RecordKind.INDEX, record), _Columns)
    except (CorruptHistoryError, msgspec.ValidationError):
        return None
    rows = [getattr(columns, name) for name in _COLUMNS]
    if len({len(row) for row in rows}) != 1:
        return None
    blocks, offset, last, previous = [], PREAMBLE.size, 0, 0
    for number, row in enumerate(zip(*rows, strict=True)):
        kind, codec, flags, stored, raw, records, seq, synced, body_crc, crc = row
        head = Head(kind, codec, flags, number, stored, raw, records, last + 1, seq, synced, previous, body_crc, crc)
        if not is_right(head, salt):
            return None
        blocks.append(Block(offset, head))
        offset, last, previous = offset + HEAD.size + stored, seq, crc
    return blocks
