"""The commits themselves: kept as bytes, given out as values."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, overload

import zstandard

from statestore.errors import HistoryError
from statestore.journal.codec import (
    LazyCommit,
    decode_changes,
    decode_commit,
    decode_plain_changes,
    decode_plain_commits,
    decode_plain_lazily,
    encode_for_memory,
    is_plain,
)
from statestore.values import Change, Commit

R = TypeVar("R")

_first = itemgetter(0)

# So many bytes of records are compressed together, to a fifth of their size: about 700 small commits, at 0.1 µs each.
# Reading one of them again costs 40 µs, reading its neighbours nothing more.
SEGMENT_BYTES = 65_536
# Segments that stay decompressed: enough for a walk between two branches.
OPEN_SEGMENTS = 4
# So many commits are decoded together at most: with more of them alive the garbage collector would have to run.
DECODED_AT_ONCE = 64
# What a commit weighs that could not be encoded: about what a small one costs as objects. It only spaces keyframes.
OBJECT_BYTES = 800


class Segment(NamedTuple):
    """Consecutive records, compressed; commits that could not be encoded stand beside them as they are."""

    first: int
    ends: Sequence[int]
    body: bytes
    objects: dict[int, Commit]
    plain: bool  # whether all records are, so that many can be decoded at once


class _Parts(NamedTuple):
    segments: tuple[Segment, ...]
    first: int  # the seq of the first record in the tail
    tail: list[bytes | Commit]


class CommitLog:
    """Records of commits in the order of their seqs, without gaps, from the seq after `newest` on.

    Bytes, because the garbage collector has nothing to walk in them; a commit that cannot be encoded stays an object.

    Args:
        newest: the last seq before those that will be added.
        before: reads the commits up to there, in a run that was resumed.
    """

    def __init__(self, newest: int = 0, before: Callable[[int], Commit] | None = None) -> None:
        self.first = newest + 1
        self._before = before
        self._tail_bytes = 0
        self._compress = zstandard.ZstdCompressor(level=1).compress
        # Replaced as a whole, never changed but for additions to the tail: a reader in another thread holds on to one.
        self._parts = _Parts((), newest + 1, [])
        self._open = lru_cache(OPEN_SEGMENTS)(_open_segment)

    def add(self, commit: Commit) -> int:
        """Takes the next commit, once; says how much its record weighs in bytes."""
        record = encode_for_memory(commit)
        _, first, tail = self._parts
        if commit.seq == first + len(tail):
            tail.append(record or commit)
        weight = OBJECT_BYTES if record is None else len(record)
        self._tail_bytes += weight
        if self._tail_bytes > SEGMENT_BYTES:
            self._seal()
        return weight

    def _seal(self) -> None:
        segments, first, tail = self._parts
        records = [record if isinstance(record, bytes) else b"" for record in tail]
        ends = array("I", accumulate(map(len, records)))
        objects = {first + i: record for i, record in enumerate(tail) if isinstance(record, Commit)}
        body = self._compress(b"".join(records))
        # What zstandard gives occupies as much as its input did; a copy takes what it needs.
        plain = not objects and all(map(is_plain, records))
        segment = Segment(first, ends, bytes(memoryview(body)), objects, plain)
        self._parts = _Parts((*segments, segment), first + len(tail), [])
        self._tail_bytes = 0

    @property
    def kept_bytes(self) -> int:
        """What the records take in memory, compressed where they are; the ends of records not counted."""
        return sum([len(segment.body) for segment in self._parts.segments]) + self._tail_bytes

    def __getitem__(self, seq: int) -> Commit:
        return _as_commit(self._record(seq))

    def _record(self, seq: int) -> bytes | Commit:
        segments, first, tail = self._parts
        if seq >= first and seq - first < len(tail):
            return tail[seq - first]
        if not self.first <= seq < first:
            return self._read_before(seq)
        segment = segments[bisect_right(segments, seq, key=_first) - 1]
        at, ends = seq - segment.first, segment.ends
        return segment.objects.get(seq) or self._open(segment.body)[ends[at - 1] if at else 0 : ends[at]]

    def read(self, run: range) -> Iterator[Commit]:
        """The commits of a run, upwards or downwards."""
        return chain.from_iterable(self._decoded(decode_plain_commits, _as_commit, run))

    def lazily(self, run: range) -> Iterator[Commit | LazyCommit]:
        """The commits of a run; where possible, what they changed is decoded when it is asked for."""
        return chain.from_iterable(self._decoded(decode_plain_lazily, _as_commit, run))

    def changes(self, run: range) -> Iterator[tuple[Change, ...]]:
        """What the commits of a run changed; a third of the cost of the whole commits."""
        if len(run) == 1:  # as it is for most undos and redos
            return iter((_as_changes(self._record(run[0])),))
        return chain.from_iterable(self._decoded(decode_plain_changes, _as_changes, run))

    def _decoded(
        self, many: Callable[[bytes, int], Sequence[R]], one: Callable[[bytes | Commit], R], run: range
    ) -> Iterator[Iterable[R]]:
        parts, size = self._parts, 1
        for here, segment in self._stretches(parts, run):
            while here:
                now, here = here[:size], here[size:]
                size = min(2 * size, DECODED_AT_ONCE)  # who reads on will go on reading
                if segment is not None and segment.plain:
                    body, ends = self._open(segment.body), segment.ends
                    low, high = sorted((now[0] - segment.first, now[-1] - segment.first))
                    found = many(body[ends[low - 1] if low else 0 : ends[high]], len(now))
                    yield found if now.step > 0 else reversed(found)
                else:
                    records = list(self._records(parts, segment, now))
                    plain = [record for record in records if isinstance(record, bytes) and is_plain(record)]
                    yield many(b"".join(plain), len(plain)) if len(plain) == len(records) else map(one, records)

    def _stretches(self, parts: _Parts, run: range) -> Iterator[tuple[range, Segment | None]]:
        """The parts of a run that lie in one segment, or in none: in the tail or in the file of an earlier process."""
        segments, first, _ = parts
        while run:
            segment = None
            if self.first <= run[0] < first:
                segment = segments[bisect_right(segments, run[0], key=_first) - 1]
                start, end = segment.first, segment.first + len(segment.ends)
            else:
                start, end = (first, run[0] + len(run)) if run[0] >= first else (run[-1], self.first)
            length = (end - run[0]) if run.step > 0 else run[0] - start + 1
            yield run[:length], segment
            run = run[length:]

    def _records(self, parts: _Parts, segment: Segment | None, run: range) -> Iterator[bytes | Commit]:
        if segment is not None:
            body, objects, ends = self._open(segment.body), segment.objects, segment.ends
            for seq in run:
                at = seq - segment.first
                yield objects.get(seq) or body[ends[at - 1] if at else 0 : ends[at]]
        else:
            _, first, tail = parts
            for seq in run:
                yield tail[seq - first] if first <= seq < first + len(tail) else self._read_before(seq)

    def _read_before(self, seq: int) -> Commit:
        if seq >= self.first or self._before is None:
            raise HistoryError(f"commit {seq} is not remembered")
        return self._before(seq)

    def forget(self, first: int) -> None:
        """Lets go of segments that end before `first`; those of the tail wait until it is one."""
        segments, start, tail = self._parts
        kept = tuple([segment for segment in segments if segment.first + len(segment.ends) > first])
        self._parts = _Parts(kept, start, tail)
        self.first = min(kept[0].first if kept else start, first)
        self._before = None


def _as_commit(record: bytes | Commit) -> Commit:
    return decode_commit(record) if isinstance(record, bytes) else record


def _as_changes(record: bytes | Commit) -> tuple[Change, ...]:
    return decode_changes(record) if isinstance(record, bytes) else record.changes


def _start(run: range) -> int:
    return run.start


def _open_segment(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body)


class Commits(Sequence[Commit]):
    """Commits that are read when they are asked for; costs nothing to make, whatever its length."""

    def __init__(
        self,
        read: Callable[[range], Iterator[Commit]],
        runs: Sequence[range],
        read_lazily: Callable[[range], Iterator[Commit | LazyCommit]] | None = None,
    ) -> None:
        self._read = read
        self._read_lazily = read_lazily or read
        self._runs = [run for run in runs if run]
        self._ends = list(accumulate(map(len, self._runs)))

    @property
    def runs(self) -> Sequence[range]:
        """Their seqs, oldest first, as runs of consecutive ones."""
        return self._runs

    def has(self, seq: int) -> bool:
        """Whether the commit with that seq is among them; nothing is read for it."""
        run = bisect_right(self._runs, seq, key=_start) - 1
        return run >= 0 and seq in self._runs[run]

    def after(self, seq: int) -> "Commits":
        """Those with a later seq."""
        runs = [range(max(run.start, seq + 1), run.stop) for run in self._runs]
        return Commits(self._read, runs, self._read_lazily)

    def lazily(self) -> Iterator[Commit | LazyCommit]:
        """Each of them, for those who seldom ask what it changed: where possible that is decoded only then."""
        return chain.from_iterable(map(self._read_lazily, self._runs))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Commit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Commit]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        seq = self.seq(index)
        return next(self._read(range(seq, seq + 1)))

    def seq(self, index: int) -> int:
        """The seq at a position in the sequence."""
        length = len(self)
        if not -length <= index < length:
            raise IndexError(f"no commit at {index}: there are {length}")
        index %= length
        run = bisect_right(self._ends, index)
        return self._runs[run][index - self._ends[run]]

    def seqs(self) -> Iterator[int]:
        """The seqs, oldest first; nothing is read for them."""
        for run in self._runs:
            yield from run

    def __iter__(self) -> Iterator[Commit]:
        return chain.from_iterable(map(self._read, self._runs))

    def __reversed__(self) -> Iterator[Commit]:
        return chain.from_iterable(self._read(run[::-1]) for run in reversed(self._runs))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(lambda a, b: a == b, self, other))

    __hash__ = None  # type: ignore[assignment]  # equal to a list, as sequences of one content are

    def __repr__(self) -> str:
        return f"<{len(self)} commits>"
