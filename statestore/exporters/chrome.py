"""Chrome trace events: JSON that Perfetto's page, chrome://tracing and other trace viewers open."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from math import inf, nextafter
from typing import Any, NamedTuple

import msgspec

from statestore.exporters.arguments import describe, encode
from statestore.exporters.chunks import gather
from statestore.exporters.lanes import Lanes, Slice, Track, edges
from statestore.exporters.moments import moments, readings
from statestore.ports import Source
from statestore.values import Header, Span

_text = msgspec.json.encode


def chrome(source: Source) -> Iterator[bytes]:
    """Chrome trace events, one a line. Streams: about 15 µs and 200 bytes a span, and what reading it takes.

    Spans outside of asyncio are complete events of their thread; those of tasks, and those that overlap others of their
    thread without lying in them, are asynchronous events. Milestones, snapshots, alerts and moves of the head are
    instants, memory and gauges counters. Times are microseconds since the run began, or since the earliest span where
    that started before.
    """
    yield b'{"displayTimeUnit":"ns","otherData":' + _text(about(source.header)) + b',"traceEvents":[\n'
    yield from gather(_events(source), b",\n")
    yield b"\n]}\n"


def about(header: Header) -> dict[str, Any]:
    """What a run says about itself, with the beginning as a date."""
    started = datetime.fromtimestamp(header.started_wall_ns / 1e9, UTC).isoformat()
    return {**msgspec.structs.asdict(header), "started": started}


def _events(source: Source) -> Iterator[bytes]:
    arguments = describe(source)

    def args_of(span: Span) -> bytes:
        return encode(arguments(span))

    with Lanes(source, args_of) as lanes:
        axis = _Axis(lanes.first_ns)
        yield from _names(source, lanes)
        ids = count(1)
        for track, slices in lanes.tracks():
            if track.is_plain:
                yield from _complete(track, slices, axis)
            else:
                yield from _asynchronous(track, slices, axis, next(ids))
    yield from _instants(source, axis)
    yield from _counters(source, axis)


class _Axis(NamedTuple):
    """Microseconds from the first moment there is."""

    first_ns: int

    def __call__(self, at_ns: int) -> bytes:
        # With three digits behind the point it is exact. Negative times are dropped by readers.
        return b"%d.%03d" % divmod(max(at_ns - self.first_ns, 0), 1_000)


def _names(source: Source, lanes: Lanes) -> Iterator[bytes]:
    """Which process and thread is which."""
    for process_id in dict.fromkeys([source.header.process_id, *lanes.processes]):
        yield _metadata("process_name", process_id, 0, {"name": source.header.store})
    for track in lanes.threads:
        yield _metadata("thread_name", track.process_id, track.thread, {"name": track.thread_name})
        yield _metadata("thread_sort_index", track.process_id, track.thread, {"sort_index": track.thread})


def _metadata(name: str, process_id: int, thread: int, args: dict[str, Any]) -> bytes:
    return b'{"ph":"M","name":"%b","pid":%d,"tid":%d,"args":%b}' % (name.encode(), process_id, thread, encode(args))


def _complete(track: Track, slices: Iterator[Slice], axis: _Axis) -> Iterator[bytes]:
    where = b'"pid":%d,"tid":%d' % (track.process_id, track.thread)
    for piece in slices:
        yield b'{"ph":"X","name":%b,"cat":%b,"ts":%b,"dur":%b,%b,"args":%b}' % (
            _text(piece.name), _text(piece.kind), axis(piece.started_ns), _duration(piece, axis.first_ns), where,
            piece.args,
        )  # fmt: skip


def _asynchronous(track: Track, slices: Iterator[Slice], axis: _Axis, id: int) -> Iterator[bytes]:
    """Pairs under an id that is known in the process only; one category, or viewers would take them apart."""
    where = b'"cat":"%b","id2":{"local":"0x%x"},"pid":%d,"tid":%d' % (
        b"task" if track.task else b"overlapping", id, track.process_id, track.thread,
    )  # fmt: skip
    task = b'"task":%b,' % _text(track.task) if track.task else b""
    for at_ns, opens, piece in edges(slices):
        begin = b'{"ph":"%b","name":%b,%b,"ts":%b' % (b"b" if opens else b"e", _text(piece.name), where, axis(at_ns))
        if opens:
            yield b'%b,"args":{%b"kind":%b,%b}' % (begin, task, _text(piece.kind), piece.args[1:])
        else:
            yield begin + b"}"


def _instants(source: Source, axis: _Axis) -> Iterator[bytes]:
    for kind, name, at_ns, args in moments(source):
        yield b'{"ph":"i","s":"p","name":%b,"cat":%b,"ts":%b,"pid":%d,"tid":0,"args":%b}' % (
            _text(name), _text(kind), axis(at_ns), source.header.process_id, encode(args),
        )  # fmt: skip


def _counters(source: Source, axis: _Axis) -> Iterator[bytes]:
    for name, unit, at_ns, value in readings(source):
        yield b'{"ph":"C","name":%b,"ts":%b,"pid":%d,"args":{%b:%b}}' % (
            _text(name), axis(at_ns), source.header.process_id, _text(unit), encode(value),
        )  # fmt: skip


def _duration(piece: Slice, first_ns: int) -> bytes:
    """Such a number of microseconds that start and duration add up to the end as a reader's floats do.

    speedscope compares the end of a span with the end of what it is in, to the last bit, and warns where they differ:
    for one span in six if the duration were divided by a thousand and no more. Where a span ran longer than all that
    was before it, the difference of the floats can miss too, as in 0.255 + (1.324 - 0.255), and for one such span in
    a hundred or so every float does, by one bit.
    """
    start, end = (piece.started_ns - first_ns) / 1_000, (piece.ended_ns - first_ns) / 1_000
    exact_ns = piece.ended_ns - piece.started_ns
    if start + exact_ns / 1_000 == end:
        return b"%d.%03d" % divmod(exact_ns, 1_000)
    duration = end - start
    if start + duration != end:
        duration = nextafter(duration, inf if start + duration < end else 0.0)
    return repr(duration).encode()
