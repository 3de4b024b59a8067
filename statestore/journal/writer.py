"""Builds the file: gathers records into blocks, and blocks into writes that are synced. It has no thread of its own."""

import os
from collections.abc import Iterable, Sequence
from typing import Final

from statestore.journal.blocks import Chain, join
from statestore.journal.disk import Disk
from statestore.journal.format import HEAD, MARK, PREAMBLE, REDACTED_FLAG, BlockKind, Head, RecordKind, preamble
from statestore.journal.index import encode_index

# 64 KiB of records compress nearly as well as a megabyte, and are read in well under a millisecond.
_BODY_BYTES: Final = 1 << 16
# So many records are framed at once.
_CHUNK: Final = 128
# So much is written at once; more is not gathered in memory.
_WRITE_BYTES: Final = 1 << 20
# Of so many blocks the heads are kept for the index, in 16 MB: a run that syncs each of 262,144 dispatches, or every 50
# ms for hours. Longer files do without one, and opening them looks at each block, which takes three times as long.
_INDEXED_BLOCKS: Final = 1 << 18


class BlockWriter:
    """Appends records to a file in blocks.

    Args:
        disk: the file, locked; errors of it come through as OSError.
        chain: where the next block goes.
        heads: of the blocks that are there already, for the index.
    """

    def __init__(self, disk: Disk, chain: Chain, heads: Iterable[Head] = ()) -> None:
        self._disk = disk
        self._chain = chain
        self._heads = bytearray()
        for head in heads:
            self._remember(head)
        self._history = _Body(BlockKind.HISTORY)
        self._spans = _Body(BlockKind.SPANS)
        self._observations = _Body(BlockKind.OBSERVATIONS)
        self._out: list[bytes] = []
        self._out_bytes = 0

    @classmethod
    def create(cls, disk: Disk, session: bytes, keyframe: bytes, redacted: bool = False) -> "BlockWriter":
        """Begins a file, and syncs its header so that what follows is readable."""
        salt = int.from_bytes(os.urandom(4), "little")
        writer = cls(disk, Chain(salt, PREAMBLE.size))
        writer._push(preamble(salt))
        body = join(RecordKind.SESSION, [session]) + join(RecordKind.KEYFRAME, [keyframe])
        writer._link(BlockKind.HEADER, body, records=2, redacted=redacted)
        writer.flush()
        return writer

    @property
    def last_seq(self) -> int:
        """The seq of the newest commit that was added."""
        return self._chain.last + self._history.commits

    def add(self, kind: int, records: Sequence[bytes], redacted: bool = False) -> None:
        """Takes records that belong to the history: the order in which they are added is kept."""
        self._fill(self._history, kind, records, redacted)

    def observe(self, kind: int, records: Sequence[bytes], redacted: bool = False) -> None:
        """Takes records about the run, such as spans."""
        self._fill(self._spans if kind == RecordKind.SPAN else self._observations, kind, records, redacted)

    def add_keyframe(self, record: bytes, redacted: bool = False) -> None:
        """Takes the state after the commit that was added last, or one before it."""
        self._cut(self._history)
        self._link(BlockKind.KEYFRAME, join(RecordKind.KEYFRAME, [record]), records=1, redacted=redacted)

    def flush(self) -> None:
        """Returns when everything added is on disk."""
        for body in (self._history, self._spans, self._observations):
            self._cut(body)
        self._write()
        if self._chain.synced != self._chain.offset:
            self._disk.sync()
            self._chain.synced = self._chain.offset

    def finish(self) -> None:
        """Adds the index and the closing mark."""
        self.flush()
        if len(self._heads) <= _INDEXED_BLOCKS * HEAD.size:
            heads = [Head._make(fields[1:]) for fields in HEAD.iter_unpack(self._heads)]
            self._link(BlockKind.INDEX, join(RecordKind.INDEX, [encode_index(heads)]), records=1)
        self._link(BlockKind.END, b"", records=0)
        self.flush()

    def _fill(self, body: "_Body", kind: int, records: Sequence[bytes], redacted: bool) -> None:
        for start in range(0, len(records), _CHUNK):
            chunk = records[start : start + _CHUNK]
            # Large records are added one by one, so that a block holds little more than it should.
            parts = [chunk] if sum(map(len, chunk)) < _BODY_BYTES else [[record] for record in chunk]
            for part in parts:
                body.add(kind, part, redacted)
                if body.size >= _BODY_BYTES:
                    self._cut(body)

    def _cut(self, body: "_Body") -> None:
        if body.records:
            self._link(body.kind, b"".join(body.frames), body.records, body.commits, body.redacted)
            body.clear()

    def _link(self, kind: BlockKind, body: bytes, records: int, commits: int = 0, redacted: bool = False) -> None:
        head, data = self._chain.link(kind, body, records, commits, REDACTED_FLAG if redacted else 0)
        self._remember(head)
        self._push(data)

    def _remember(self, head: Head) -> None:
        if len(self._heads) <= _INDEXED_BLOCKS * HEAD.size:
            self._heads += HEAD.pack(MARK, *head)

    def _push(self, data: bytes) -> None:
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes >= _WRITE_BYTES:
            self._write()

    def _write(self) -> None:
        if self._out:
            data = b"".join(self._out)
            self._out, self._out_bytes = [], 0
            self._disk.write(data)


class _Body:
    """The records of a block that is not full yet."""

    def __init__(self, kind: BlockKind) -> None:
        self.kind = kind
        self.clear()

    def clear(self) -> None:
        self.frames: list[bytes] = []
        self.size = self.records = self.commits = 0
        self.redacted = False

    def add(self, kind: int, records: Sequence[bytes], redacted: bool) -> None:
        framed = join(kind, records)
        self.frames.append(framed)
        self.size += len(framed)
        self.records += len(records)
        self.commits += len(records) if kind == RecordKind.COMMIT else 0
        self.redacted = self.redacted or redacted


def keyframe_distance(size: int) -> int:
    """How many bytes of commits may follow a keyframe of that size.

    At 8 times its size a keyframe is a small part of the work, and any of a million states of 1,000 tasks is had in 50
    ms (see the benchmark `any state of 1,000,000 commits`). Replaying a megabyte of commits takes about a tenth of a
    second, so larger states have them at 3 times: what repeats in commits compresses twice as well as states do, and
    so a file stays within twice its patches. Below 64 KiB a keyframe is not worth its block.
    """
    return max(64 << 10, 3 * size, min(8 * size, 1 << 20))
