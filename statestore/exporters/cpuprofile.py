"""The CPU profile of V8: what Chrome's developer tools, VS Code and speedscope open."""

import re
from array import array
from collections import Counter
from collections.abc import Iterator
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec

from statestore.exporters.ancestry import Stacks
from statestore.exporters.chunks import gather
from statestore.exporters.folded import attached_stacks
from statestore.exporters.lanes import Lanes, edges
from statestore.ports import Source

_IDLE: Final = "(idle)"
"""What every reader takes for a time in which nothing ran."""
_FUNCTION: Final = re.compile(r"(.*?) \((.*):(\d+)\)", re.DOTALL)
_BUFFER: Final = 8_192
_text = msgspec.json.encode


class Sample(NamedTuple):
    """From then on, that stack was the one that ran."""

    at: int
    stack: int


def cpuprofile(source: Source, *, stacks: bool = False) -> Iterator[bytes]:
    """A CPU profile, in microseconds: what is shorter is left out. Streams, but for at most 100,000 different stacks.

    The format knows one thread. A run with several is shown thread after thread, each below a frame of its name, so
    that the time axis is the sum of theirs; the same goes for asyncio tasks and for spans that overlap.

    Args:
        source: the run.
        stacks: take the profiles attached to spans in place of the spans: functions rather than steps. Those have
            durations, no times: they stand side by side.

    Raises:
        StateStoreError: `stacks` was asked for, and no span has any.
    """
    known = Stacks()
    samples = _of_profiles(source, known) if stacks else _of_spans(source, known)
    with _Columns() as columns:
        yield b'{"samples":['
        yield from gather(columns.take(_in_microseconds(samples)), b",")
        yield b'],\n"timeDeltas":['
        yield from gather(columns.deltas(), b",")
        yield b'],\n"startTime":0,"endTime":%d,\n"nodes":[\n' % columns.end_us
    yield from gather(_nodes(known, columns.hits, is_code=stacks), b",\n")
    yield b"\n]}\n"


def _of_spans(source: Source, known: Stacks) -> Iterator[Sample]:
    """The stack after every edge of a track; one track begins where the other has ended."""
    idle = known.push(0, _IDLE)
    end_ns: int | None = None
    with Lanes(source) as lanes:
        for track, slices in lanes.tracks():
            running = [known.push(0, lanes.title(track))]
            shift_ns: int | None = None
            for at_ns, opens, piece in edges(slices):
                if shift_ns is None:
                    shift_ns = -lanes.first_ns if end_ns is None else end_ns - at_ns
                end_ns = at_ns + shift_ns
                if opens:
                    running.append(known.push(running[-1], piece.name))
                else:
                    running.pop()
                yield Sample(end_ns, running[-1] if len(running) > 1 else idle)


def _of_profiles(source: Source, known: Stacks) -> Iterator[Sample]:
    """Each stack once, for as long as it was seen in all; those that begin alike side by side."""
    seen_ns: Counter[int] = Counter()
    for stack, elapsed_ns in attached_stacks(source, known):
        seen_ns[stack] += elapsed_ns
    at_ns = 0
    for stack in sorted(seen_ns, key=known.path):
        yield Sample(at_ns, stack)
        at_ns += seen_ns[stack]
    yield Sample(at_ns, known.push(0, _IDLE))


def _in_microseconds(samples: Iterator[Sample]) -> Iterator[Sample]:
    """The samples in whole microseconds, the last of each, where the stack is another one; and the very last."""
    shown: Sample | None = None
    waiting: Sample | None = None
    for at_ns, stack in samples:
        sample = Sample(at_ns // 1_000, stack)
        if waiting is not None and sample.at > waiting.at and (shown is None or shown.stack != waiting.stack):
            yield (shown := waiting)
        waiting = sample
    if waiting is not None:
        yield waiting


class _Columns:
    """The two lists of a profile: while one is written the other waits in a temporary file. For a `with` block."""

    def __init__(self) -> None:
        self.hits: Counter[int] = Counter()
        self.end_us = 0
        self._file = TemporaryFile()  # noqa: SIM115  # closed with the block that this is for

    def take(self, samples: Iterator[Sample]) -> Iterator[bytes]:
        """Writes which stack each sample saw."""
        deltas = array("q")
        for at_us, stack in samples:
            # How long after the sample before; the stack of a sample runs until the next.
            deltas.append(at_us - self.end_us)
            self.end_us = at_us
            self.hits[stack] += 1
            if len(deltas) >= _BUFFER:
                self._file.write(deltas.tobytes())
                del deltas[:]
            yield b"%d" % _id(stack)
        self._file.write(deltas.tobytes())

    def deltas(self) -> Iterator[bytes]:
        """Writes when, after `take` is done."""
        self._file.seek(0)
        while data := self._file.read(_BUFFER * 8):
            yield from [b"%d" % delta for delta in array("q", data)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _id(stack: int) -> int:
    return stack + 1  # the empty stack is the root, whose id is 1


def _nodes(known: Stacks, hits: Counter[int], is_code: bool) -> Iterator[bytes]:
    children: list[list[int]] = [[] for _ in known.names]
    for stack in range(1, len(known.names)):
        children[known.below[stack]].append(_id(stack))
    for stack, name in enumerate(known.names):
        frame = _frame(name if stack else "(root)", is_code)
        yield _text({"id": _id(stack), "callFrame": frame, "hitCount": hits[stack], "children": children[stack]})


def _frame(name: str, is_code: bool) -> dict[str, Any]:
    found = _FUNCTION.fullmatch(name) if is_code else None
    function, file, line = found.groups() if found else (name, "", "0")
    return {
        "functionName": function, "scriptId": "0", "url": file, "lineNumber": int(line) - 1, "columnNumber": -1,
    }  # fmt: skip
