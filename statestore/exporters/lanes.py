"""Spans as tracks: those of one process, thread and task beside each other, and on every track rightly nested."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

import msgspec

from statestore.exporters.places import Places
from statestore.exporters.sorting import Sorter
from statestore.ports import Source
from statestore.values import Span

Thread: TypeAlias = tuple[int, int]
"""The ids of a process and of a thread in it."""


class Slice(msgspec.Struct, array_like=True, gc=False):
    """What is drawn of a span; `args` is whatever the format made of the rest, `number` that of its track."""

    task: str
    started_ns: int
    ended_ns: int
    id: int
    name: str
    kind: str
    args: bytes
    number: int = 0


class Track(NamedTuple):
    """A row of slices that nest: number 0 of a thread or task unless they overlap others there.

    `thread` is the number of the thread, from 1 in the order in which their first spans started: an id has 15 digits.
    """

    process_id: int
    thread_id: int
    thread: int
    task: str
    number: int

    @property
    def is_plain(self) -> bool:
        """Whether it is what the thread itself did, one thing after the other."""
        return not self.task and not self.number

    @property
    def thread_name(self) -> str:
        """What the thread is called in pictures."""
        return f"thread {self.thread} ({self.thread_id})"


class Edge(NamedTuple):
    """A slice opens, or closes."""

    at_ns: int
    opens: bool
    slice: Slice


_in_task: Final[Callable[[Slice], Any]] = lambda s: (s.task, s.started_ns, -s.ended_ns, s.id)  # noqa: E731
_in_row: Final[Callable[[Slice], Any]] = lambda s: (s.task, s.number, s.started_ns, -s.ended_ns, s.id)  # noqa: E731
_weigh: Final[Callable[[Slice], int]] = lambda s: len(s.args) + len(s.name) + len(s.task)  # noqa: E731
_task = attrgetter("task")
_row = attrgetter("task", "number")


class Lanes:
    """The spans of a source by lane: process, thread and asyncio task. For a `with` block.

    Spans come in the order of their ends and lanes mixed, so all are read and sorted first, once, in bounded memory.

    Args:
        source: where the spans come from.
        describe: what the format keeps of a span, as bytes.
    """

    def __init__(self, source: Source, describe: Callable[[Span], bytes] = lambda _: b"") -> None:
        self.first_ns = 0
        """When the earliest span started, if that was before the run began; else 0."""
        self.threads: list[Track] = []
        """The threads in the order of their numbers, as their plain tracks, whether or not these have slices."""
        self._overlapping = Sorter(Slice, _in_row, _weigh)
        self._sorter = Sorter(Slice, _in_task, _weigh)
        try:
            self._read(source.spans, describe)
        except BaseException:
            self.close()
            raise

    def _read(self, spans: Iterable[Span], describe: Callable[[Span], bytes]) -> None:
        starts: dict[Thread, tuple[int, int]] = {}
        add = self._sorter.add
        for span in spans:
            thread, start = (span.process_id, span.thread_id), (span.started_ns, span.id)
            if starts.get(thread, start) >= start:
                starts[thread] = start
            add(_slice(span, describe(span)), thread)
        ordered = sorted(starts, key=starts.__getitem__)
        self.threads = [Track(*thread, number, "", 0) for number, thread in enumerate(ordered, 1)]
        self.first_ns = min([0, *[started_ns for started_ns, _ in starts.values()]])

    @property
    def processes(self) -> list[int]:
        """The ids of the processes, by their first threads."""
        return list(dict.fromkeys(thread.process_id for thread in self.threads))

    def tracks(self) -> Iterator[tuple[Track, Iterator[Slice]]]:
        """Each track with its slices, outer ones before those in them. Once only, and take them before the next track.

        A thread's plain track comes first, then its tasks, then what overlaps.
        """
        for plain in self.threads:
            thread = plain[:2]
            for task, slices in groupby(self._sorter.items(thread), _task):
                yield plain._replace(task=task), self._nesting(thread, slices)
            for (task, number), slices in groupby(self._overlapping.items(thread), _row):
                yield plain._replace(task=task, number=number), slices

    def _nesting(self, thread: Thread, slices: Iterator[Slice]) -> Iterator[Slice]:
        places = Places()
        for piece in slices:
            piece.number = places.take(piece.started_ns, piece.ended_ns)
            if piece.number:
                self._overlapping.add(piece, thread)
            else:
                yield piece

    def title(self, track: Track) -> str:
        """What a track is called where there is but one line for it."""
        process = [f"process {track.process_id}"] if len(self.processes) > 1 else []
        task = [track.task] if track.task else []
        overlapping = [f"overlapping {track.number}"] if track.number else []
        return ", ".join([*process, track.thread_name, *task, *overlapping])

    def close(self) -> None:
        """Gives up the temporary files."""
        self._sorter.close()
        self._overlapping.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _slice(span: Span, args: bytes) -> Slice:
    # A broken file may have spans that end before they start.
    ended_ns = max(span.started_ns, span.ended_ns)
    task = valid(span.task) if span.task else ""
    return Slice(task, span.started_ns, ended_ns, span.id, valid(span.name), valid(span.kind), args)


def valid(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair, as in odd names of files, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def edges(slices: Iterable[Slice]) -> Iterator[Edge]:
    """The openings and closings of one track's slices, in the order of time and of nesting."""
    running: list[Slice] = []
    for piece in slices:
        while running and running[-1].ended_ns <= piece.started_ns:
            inner = running.pop()
            yield Edge(inner.ended_ns, False, inner)
        yield Edge(piece.started_ns, True, piece)
        running.append(piece)
    while running:
        inner = running.pop()
        yield Edge(inner.ended_ns, False, inner)
