"""Perfetto's own protobuf form of a trace, for ui.perfetto.dev and the trace processor."""

import re
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any, Final

from statestore.exporters.arguments import Arguments, describe
from statestore.exporters.chunks import gather
from statestore.exporters.lanes import Lanes, Slice, Track, edges
from statestore.exporters.moments import moments, readings
from statestore.exporters.protobuf import double, integer, message, text
from statestore.ports import Source

# Field numbers, from protos/perfetto/trace/ of github.com/google/perfetto.
_PACKET: Final = 1
_TIMESTAMP, _SEQUENCE, _EVENT, _INTERNED, _FLAGS, _DESCRIPTOR = 8, 10, 11, 12, 13, 60
_ANNOTATION, _TYPE, _TRACK, _VALUE = 4, 9, 11, 44
_BEGIN, _END, _INSTANT, _COUNTER = 1, 2, 3, 4
_CLEARED, _NEEDED = 1, 2

# What interned text takes here is bounded; beyond that, names are written out where they are used.
_WORDS: Final = 50_000
_WORDS_IN_PACKET: Final = 1_000

# Arguments that are nested more deeply are written as text: readers have limits of their own.
_DEPTH: Final = 32

_ON_SEQUENCE: Final = integer(_SEQUENCE, 1)
_NEEDS_WORDS: Final = integer(_FLAGS, _NEEDED)

# asyncio's own names say nothing. Rows of one name are drawn as one, so that 10,000 requests are no 10,000 rows.
_UNNAMED_TASK: Final = re.compile(r"Task-\d+")


def perfetto(source: Source) -> Iterator[bytes]:
    """A trace of packets. Streams: about 40 µs and 100 bytes a span, and what reading it takes.

    A track for each lane of spans, under its process and thread; tasks that have no name of their own share a row.
    Milestones, snapshots, alerts and moves of the head are instants, memory and gauges counters. Times are nanoseconds
    since the run began, or since the earliest span where that started before.
    """
    return gather(_Trace(source).packets(), b"")


class _Words:
    """Texts that are written once, at the beginning of the trace, and known by a number from then on.

    Args:
        table: the field of InternedData that they are in.
        by_number: the field that refers to one.
        in_full: the field for those that are not in the table: the many, and those that came after it was written.
    """

    def __init__(self, table: int, by_number: int, in_full: int) -> None:
        self._table = table
        self._by_number = by_number
        self._in_full = in_full
        self._fields: dict[str, bytes] = {}
        self._is_written = False

    def __call__(self, word: str) -> bytes:
        """The field that says the word."""
        field = self._fields.get(word)
        if field is not None:
            return field
        if self._is_written or len(self._fields) >= _WORDS:
            return text(self._in_full, word)
        field = self._fields[word] = integer(self._by_number, len(self._fields) + 1)
        return field

    def packets(self) -> Iterator[bytes]:
        """The table, which is complete by now."""
        self._is_written = True
        known = enumerate(self._fields, 1)
        while some := list(islice(known, _WORDS_IN_PACKET)):
            entries = [message(self._table, integer(1, number), text(2, word)) for number, word in some]
            yield _packet(message(_INTERNED, *entries), _NEEDS_WORDS)


class _Trace:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._kind = _Words(1, by_number=3, in_full=22)
        self._name = _Words(2, by_number=10, in_full=23)
        self._key = _Words(3, by_number=1, in_full=10)
        self._uuids = count(1)
        self._processes: dict[int, int] = {}
        self._threads: dict[int, int] = {}
        self._first_ns = 0

    def packets(self) -> Iterator[bytes]:
        arguments = describe(self._source)
        with Lanes(self._source, lambda span: self._fields(arguments(span), span.name, span.kind)) as lanes:
            self._first_ns = lanes.first_ns
            yield from self._interned()
            yield from self._places(lanes)
            for track, slices in lanes.tracks():
                yield from self._track(track, slices)
        yield from self._moments()
        yield from self._readings()

    def _places(self, lanes: Lanes) -> Iterator[bytes]:
        """The processes and threads."""
        for process_id in dict.fromkeys([self._source.header.process_id, *lanes.processes]):
            self._processes[process_id] = uuid = next(self._uuids)
            yield _descriptor(uuid, message(3, integer(1, process_id), text(6, self._source.header.store)))
        for track in lanes.threads:
            self._threads[track.thread] = uuid = next(self._uuids)
            ids = (integer(1, track.process_id), integer(2, track.thread), integer(3, track.thread))
            thread = message(4, *ids, text(5, track.thread_name))
            yield _descriptor(uuid, integer(5, self._processes[track.process_id]), thread)

    def _track(self, track: Track, slices: Iterator[Slice]) -> Iterator[bytes]:
        uuid = self._threads[track.thread]
        if not track.is_plain:
            thread, uuid = uuid, next(self._uuids)
            yield _descriptor(uuid, text(2, _row(track)), integer(5, thread))
        begin, end = integer(_TYPE, _BEGIN) + integer(_TRACK, uuid), integer(_TYPE, _END) + integer(_TRACK, uuid)
        for at_ns, opens, piece in edges(slices):
            yield self._event(at_ns, begin, piece.args) if opens else self._event(at_ns, end)

    def _interned(self) -> Iterator[bytes]:
        """All words that spans use: by now each is known. The first packet says that nothing was known before."""
        yield _packet(integer(_FLAGS, _CLEARED))
        for words in (self._kind, self._name, self._key):
            yield from words.packets()

    @property
    def _home(self) -> int:
        return self._processes[self._source.header.process_id]

    def _event(self, at_ns: int, *fields: bytes) -> bytes:
        at = integer(_TIMESTAMP, max(at_ns - self._first_ns, 0))
        return _packet(at, message(_EVENT, *fields), _NEEDS_WORDS)

    def _moments(self) -> Iterator[bytes]:
        tracks: dict[str, int] = {}
        for kind, name, at_ns, args in moments(self._source):
            if kind not in tracks:
                tracks[kind] = next(self._uuids)
                yield _descriptor(tracks[kind], text(2, f"{kind}s"), integer(5, self._home))
            fields = (integer(_TYPE, _INSTANT), integer(_TRACK, tracks[kind]), self._fields(args, name, kind))
            yield self._event(at_ns, *fields)

    def _readings(self) -> Iterator[bytes]:
        tracks: dict[str, int] = {}
        for name, unit, at_ns, value in readings(self._source):
            if name not in tracks:
                tracks[name] = next(self._uuids)
                yield _descriptor(tracks[name], text(2, f"{name} {unit}"), integer(5, self._home), message(8))
            yield self._event(at_ns, integer(_TYPE, _COUNTER), integer(_TRACK, tracks[name]), double(_VALUE, value))

    def _fields(self, args: Arguments, name: str, kind: str) -> bytes:
        """All of a begin event but its time and track: name, category and arguments."""
        key = self._key
        annotations = [message(_ANNOTATION, key(word), *_value(part, key)) for word, part in args.items()]
        return b"".join((self._name(name), self._kind(kind), *annotations))


def _value(value: Any, key: Callable[[str], bytes], depth: int = 0) -> list[bytes]:
    """The fields of a DebugAnnotation that hold plain data."""
    if isinstance(value, str):
        return [text(6, value)]
    if isinstance(value, bool):
        return [integer(2, value)]
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return [integer(4, value)]
    if isinstance(value, float):
        return [double(5, value)]
    if isinstance(value, dict) and depth < _DEPTH:
        return [message(11, key(name), *_value(part, key, depth + 1)) for name, part in value.items()]
    if isinstance(value, list) and depth < _DEPTH:
        return [message(12, *_value(part, key, depth + 1)) for part in value]
    return [text(6, str(value))]


def _packet(*fields: bytes) -> bytes:
    return message(_PACKET, *fields, _ON_SEQUENCE)


def _descriptor(track: int, *fields: bytes) -> bytes:
    return _packet(message(_DESCRIPTOR, integer(1, track), *fields))


def _row(track: Track) -> str:
    """The name of a row below its thread's."""
    if not track.task:
        return "overlapping"
    return "tasks" if _UNNAMED_TASK.fullmatch(track.task) else track.task
