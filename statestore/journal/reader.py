"""An opened history file: everything in it as lazily read sequences of plain values."""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import msgspec

from statestore.errors import CorruptHistoryError, HistoryError
from statestore.journal.blocks import Block, Record, split
from statestore.journal.codec import Keyframe, read_place, read_record, read_step
from statestore.journal.disk import Disk, FileBytes
from statestore.journal.following import Follower
from statestore.journal.format import REDACTED_FLAG, BlockKind, RecordKind
from statestore.journal.scan import Gap, extend, read_body, scan
from statestore.journal.series import Commits, Series, Spans
from statestore.journal.writer import BlockWriter
from statestore.ports import Clock, SystemClock
from statestore.values import (
    Alert,
    Change,
    Commit,
    GaugeSample,
    Header,
    MemorySample,
    Milestone,
    Move,
    Rollback,
    Snapshot,
    Span,
)

_KNOWN: Final = frozenset(RecordKind)
PathLike: TypeAlias = str | os.PathLike[str]

# Decompressed blocks kept: enough for a walk back and forth, at most half a megabyte of a usual file.
_KEPT_BLOCKS: Final = 8


class JournalFile:
    """A history file, finished, live or torn.

    Opening reads the heads of the blocks only; the sequences read what is asked of them. Safe to use from several
    threads; any number of readers may have the file open, also while it is written: they see what was there when they
    opened it, and `follow` gives what comes.

    Args:
        path: the file.
        salvage: where the file is damaged, give what can still be proved right; `gaps` says what is missing.

    Raises:
        CorruptHistoryError: the file is damaged in its middle; the message names the commits that are lost.
        UnsupportedVersionError: a newer release wrote it.
        JournalError: it cannot be read, or is no history file.
    """

    def __init__(self, path: PathLike, salvage: bool = False) -> None:
        self.path = Path(path)
        self.salvage = salvage
        self._source = FileBytes(self.path)
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def _load(self) -> None:
        self._scan = scan(self._source, self.salvage)
        self._split = lru_cache(_KEPT_BLOCKS)(self._split_block)
        self._records = lru_cache(_KEPT_BLOCKS)(self._records_of_kind)
        self._numbers: dict[int, list[int]] = {kind: [] for kind in BlockKind}
        self._last_seqs: list[int] = []  # of the history blocks: what a seq is looked up in
        self._sort_in(0)
        self._commits = Commits(self)
        self.commits: Sequence[Commit] = self._commits
        self.moves: Sequence[Move] = Series(self, BlockKind.HISTORY, RecordKind.MOVE)
        self.snapshots: Sequence[Snapshot] = Series(self, BlockKind.HISTORY, RecordKind.SNAPSHOT)
        self.spans: Sequence[Span] = Spans(self)
        self.milestones: Sequence[Milestone] = Series(self, BlockKind.OBSERVATIONS, RecordKind.MILESTONE)
        self.samples: Sequence[MemorySample] = Series(self, BlockKind.OBSERVATIONS, RecordKind.SAMPLE)
        self.gauges: Sequence[GaugeSample] = Series(self, BlockKind.OBSERVATIONS, RecordKind.GAUGE)
        self.alerts: Sequence[Alert] = Series(self, BlockKind.OBSERVATIONS, RecordKind.ALERT)
        self.rollbacks: Sequence[Rollback] = Series(self, BlockKind.OBSERVATIONS, RecordKind.ROLLBACK)
        self.others: Sequence[Any] = Series(self, BlockKind.OBSERVATIONS, RecordKind.OTHER)
        self.header = self._read_header()

    def _sort_in(self, start: int) -> None:
        for number, block in enumerate(self.blocks[start:], start):
            self._numbers.setdefault(block.head.kind, []).append(number)
            if block.head.kind == BlockKind.HISTORY:
                self._last_seqs.append(block.head.last)

    @property
    def torn(self) -> bool:
        """Whether bytes remain behind the last whole block: a crash took what was being written."""
        return self._scan.torn

    @property
    def closed(self) -> bool:
        """Whether the run ended by closing its store."""
        return self._scan.closed

    @property
    def gaps(self) -> Sequence[Gap]:
        """The damaged stretches that were left out, with `salvage`."""
        return self._scan.gaps

    @property
    def end(self) -> int:
        """How many bytes of the file are whole: what remains behind them is torn."""
        return self._scan.end

    @property
    def redacted(self) -> bool:
        """Whether anything in the file was redacted."""
        return any(block.head.flags & REDACTED_FLAG for block in self.blocks)

    @property
    def sessions(self) -> Sequence[dict[str, Any]]:
        """What programs wrote the file: the first, and one each time that it was resumed."""
        later: Sequence[dict[str, Any]] = Series(self, BlockKind.HISTORY, RecordKind.SESSION)
        return [self._first_session(), *later]

    @property
    def last_seq(self) -> int:
        """The seq of the newest commit; 0 before the first."""
        return self.blocks[-1].head.last

    @property
    def head_seq(self) -> int:
        """The seq of the commit whose state is the last one; 0 at the root. Reads what follows the last keyframe."""
        # A keyframe is only taken at the head. Behind it the head goes to each commit that is made on it and wherever a
        # move goes, but not to the commits of a rewrite, which hang elsewhere until a move ends it.
        start = self._keyframe_numbers()[-1]
        head = self.blocks[start].head.last
        for number in self.numbers(BlockKind.HISTORY)[bisect_right(self.numbers(BlockKind.HISTORY), start) :]:
            for kind, record in self._split(number):
                if kind == RecordKind.COMMIT:
                    seq, parent = read_place(record)
                    head = seq if parent == head else head
                elif kind == RecordKind.MOVE:
                    head = read_record(kind, record).to_seq
        return head

    def commit(self, seq: int) -> Commit:
        """The commit with that seq; HistoryError where the file has none."""
        return self._commits.at(*self._find(seq))

    def parent(self, seq: int) -> int:
        """The seq of what that commit was made on, 0 for the root; much quicker than the whole commit."""
        return self._commits.parent(*self._find(seq))

    def line(self, seq: int, anchors: Container[int]) -> tuple[int, list[tuple[Change, ...]]]:
        """The way back to the nearest anchor: its seq, and what the commits behind it changed, last first.

        Much quicker than the whole commits.
        """
        line = []
        while seq not in anchors:
            number, place = self._find(seq)
            first, records = self._scan.blocks[number].head.first, self._commits.whole(number)
            # What a commit was made on is mostly in the same block, which need not be looked for again.
            while place >= 0 and seq not in anchors:
                own, parent, changes = read_step(records[place])
                if own != seq:
                    self._commits.check_seq(number, place, own)
                line.append(changes)
                seq, place = parent, parent - first
        return seq, line

    def _find(self, seq: int) -> tuple[int, int]:
        place = bisect_left(self._last_seqs, seq)
        if place < len(self._last_seqs):
            number = self._numbers[BlockKind.HISTORY][place]
            first = self._scan.blocks[number].head.first
            if first <= seq:
                return number, seq - first
        raise HistoryError(f"no commit {seq!r} in {self.path}: it has {self._describe_commits()}")

    def _describe_commits(self) -> str:
        lost = "".join([f", without {gap.first} to {gap.last}" for gap in self.gaps if gap.first <= gap.last])
        return f"1 to {self.last_seq}{lost}" if self.last_seq else "none"

    @property
    def keyframes(self) -> Sequence[int]:
        """The seqs after whose commits the whole state is in the file, the root's 0 first."""
        return [self.blocks[number].head.last for number in self._keyframe_numbers()]

    def nearest_keyframe(self, seq: int) -> Keyframe:
        """The last whole state at or before that commit."""
        numbers = self._keyframe_numbers()
        place = bisect_right(numbers, seq, key=lambda number: self.blocks[number].head.last)
        if not place:
            raise CorruptHistoryError(f"no state at or before commit {seq} is left in {self.path}")
        number = numbers[place - 1]
        keyframes = [read_record(RecordKind.KEYFRAME, record) for record in self.records(number, RecordKind.KEYFRAME)]
        if [keyframe.seq for keyframe in keyframes] != [self.blocks[number].head.last]:
            raise CorruptHistoryError(f"the state after commit {self.blocks[number].head.last} is not in its place")
        return keyframes[0]  # type: ignore[no-any-return]

    def writer(self, disk: Disk) -> BlockWriter:
        """Goes on behind the last whole block, on the same file opened for writing and cut to `end`."""
        return BlockWriter(disk, self._scan.chain(), [block.head for block in self.blocks])

    def refresh(self) -> int:
        """Takes in the blocks that were written since; gives how many. The sequences grow with them."""
        known = len(self.blocks)
        self._scan = extend(self._source, self._scan)
        self._sort_in(known)
        return len(self.blocks) - known

    def follow(self, poll: float = 0.05, clock: Clock | None = None) -> Follower:
        """What is written from now on: iterate over it, with `for` or `async for`, until the run is closed.

        Args:
            poll: seconds between two looks at the file.
            clock: what waits, for tests.
        """
        return Follower(self, poll, clock or SystemClock())

    def close(self) -> None:
        """Closes the file; what was read stays."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        end = "closed" if self.closed else "torn" if self.torn else "open"
        return f"<JournalFile {self.path} {len(self.commits)} commits, {end}>"

    # For the sequences and the tools

    @property
    def salt(self) -> int:
        """What the file's checksums start from."""
        return self._scan.salt

    @property
    def blocks(self) -> Sequence[Block]:
        """The whole blocks in their order."""
        return self._scan.blocks

    def numbers(self, kind: BlockKind) -> Sequence[int]:
        """Which blocks are of that kind."""
        return self._numbers[kind]

    def split(self, number: int) -> Sequence[Record]:
        """All records of a block."""
        return self._split(number)

    def values(self, number: int) -> Iterator[Any]:
        """What the records of a block hold, of the kinds that are known."""
        for kind, record in self._split(number):
            if kind in _KNOWN:
                yield read_record(kind, record)

    def records(self, number: int, kind: RecordKind) -> Sequence[bytes]:
        """The records of that kind in a block."""
        return self._records(number, kind)

    def _keyframe_numbers(self) -> list[int]:
        return self._numbers[BlockKind.HEADER] + self._numbers[BlockKind.KEYFRAME]

    def _read_header(self) -> Header:
        try:
            return msgspec.convert(self._first_session(), Header)
        except msgspec.ValidationError as error:
            raise CorruptHistoryError(f"the header of {self.path} has a wrong field: {error}") from None

    def _first_session(self) -> dict[str, Any]:
        for number in self._numbers[BlockKind.HEADER]:
            for record in self.records(number, RecordKind.SESSION):
                return read_record(RecordKind.SESSION, record)  # type: ignore[no-any-return]
        raise CorruptHistoryError(f"{self.path} has lost its header: it cannot be told what run it is of")

    def _split_block(self, number: int) -> list[Record]:
        block = self.blocks[number]
        return split(read_body(self._source, self._scan.salt, block), block.head.records)

    def _records_of_kind(self, number: int, kind: RecordKind) -> list[bytes]:
        return [record for code, record in self._split(number) if code == kind]
