"""Sequences over the records of a file, read where they are asked for."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol, TypeVar, overload

from statestore.errors import CorruptHistoryError
from statestore.journal.blocks import Block
from statestore.journal.codec import check_parent, read_place, read_record
from statestore.journal.format import BlockKind, RecordKind
from statestore.values import Commit, Span

T = TypeVar("T")


class Blocks(Protocol):
    """What a sequence needs of its file."""

    @property
    def blocks(self) -> Sequence[Block]:
        """All blocks in order."""

    def records(self, number: int, kind: RecordKind) -> Sequence[bytes]:
        """The records of that kind in a block."""

    def numbers(self, kind: BlockKind) -> Sequence[int]:
        """Which blocks are of that kind."""


class Series(Sequence[T]):
    """An item is found by how many the blocks before it hold. A file that grows makes its sequences grow."""

    def __init__(self, file: Blocks, family: BlockKind, kind: RecordKind) -> None:
        self._file = file
        self._family = family
        self._kind = kind
        self._counts: list[int] = []
        self._ends: list[int] = []

    def _count(self, number: int) -> int:
        """How many items are in a block; where the head does not tell, that is read."""
        head = self._file.blocks[number].head
        if head.records == head.last + 1 - head.first:
            return 0  # commits fill it
        return len(self._file.records(number, self._kind))

    def _read(self, number: int, place: int) -> T:
        return read_record(self._kind, self._file.records(number, self._kind)[place])  # type: ignore[no-any-return]

    def _cumulated(self) -> list[int]:
        numbers = self._file.numbers(self._family)
        if len(self._counts) < len(numbers):
            self._counts += [self._count(number) for number in numbers[len(self._counts) :]]
            self._ends = list(accumulate(self._counts))
        return self._ends

    def __len__(self) -> int:
        ends = self._cumulated()
        return ends[-1] if ends else 0

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        count = len(self)
        if isinstance(place, slice):
            return [self._at(position) for position in range(*place.indices(count))]
        position = place + count if place < 0 else place
        if not 0 <= position < count:
            raise IndexError(f"no item {place}: there are {count}")
        return self._at(position)

    def _at(self, position: int) -> T:
        ends = self._cumulated()
        block = bisect_right(ends, position)
        return self._read(self._file.numbers(self._family)[block], position - (ends[block - 1] if block else 0))

    def __iter__(self) -> Iterator[T]:
        for number in self._file.numbers(self._family):
            for place in range(self._count(number)):
                yield self._read(number, place)

    def __repr__(self) -> str:
        return f"<{len(self)} records of kind {self._kind.name.lower()}>"


class Commits(Series[Commit]):
    """The commits in their order; counting them needs the heads of the blocks only."""

    def __init__(self, file: Blocks) -> None:
        super().__init__(file, BlockKind.HISTORY, RecordKind.COMMIT)

    def _count(self, number: int) -> int:
        head = self._file.blocks[number].head
        return head.last + 1 - head.first

    def _read(self, number: int, place: int) -> Commit:
        commit: Commit = read_record(RecordKind.COMMIT, self.whole(number)[place])
        check_parent(commit.seq, commit.parent)
        self.check_seq(number, place, commit.seq)
        return commit

    def whole(self, number: int) -> Sequence[bytes]:
        """The records of the commits in a block, after it was made sure that they are as many as its head says."""
        records = self._file.records(number, self._kind)
        if len(records) != self._count(number):
            head = self._file.blocks[number].head
            raise CorruptHistoryError(
                f"a block holds {len(records)} commits, and should hold {head.first} to {head.last}: these are lost"
            )
        return records

    def check_seq(self, number: int, place: int, seq: int) -> None:
        """Refuses a commit that stands in another's place."""
        due = self._file.blocks[number].head.first + place
        if seq != due:
            raise CorruptHistoryError(f"commit {due} says that it is {seq}")

    def parent(self, number: int, place: int) -> int:
        """What a commit was made on, by its place in a block."""
        seq, parent = read_place(self.whole(number)[place])
        self.check_seq(number, place, seq)
        return parent

    def at(self, number: int, place: int) -> Commit:
        """A commit by its place in a block."""
        return self._read(number, place)


class Spans(Series[Span]):
    """The spans in their order, in blocks of their own: counting them needs the heads only, too."""

    def __init__(self, file: Blocks) -> None:
        super().__init__(file, BlockKind.SPANS, RecordKind.SPAN)

    def _count(self, number: int) -> int:
        return self._file.blocks[number].head.records

    def _read(self, number: int, place: int) -> Span:
        records = self._file.records(number, self._kind)
        if len(records) != self._count(number):
            raise CorruptHistoryError(f"block {number} holds {len(records)} spans, and should {self._count(number)}")
        span: Span = read_record(self._kind, records[place])
        return span
