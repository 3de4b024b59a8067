"""A run as OpenTelemetry tells of it, in plain values: one trace, whose spans have attributes, events and links."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from math import isfinite
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from statestore.exporters.jsontext import encode
from statestore.exporters.lanes import valid
from statestore.ports import Source
from statestore.values import Commit, Header, Milestone, Session, Span

Attribute: TypeAlias = str | bool | int | float
Attributes: TypeAlias = dict[str, Attribute]
T = TypeVar("T")

# Each for memory: a link leads to one of the newest so many commits, so many commits and milestones wait for the span
# that they belong to, and a span has at most so many events.
LINKED: Final = 100_000
WAITING: Final = 10_000
EVENTS: Final = 1_000
# Characters of an attribute that is no scalar: backends cut or refuse longer ones.
_ROOM: Final = 4_096
# The stacks of a profiled span are for flame graphs: there can be thousands.
_LEFT_OUT: Final = frozenset({"stacks", "error"})
_FINE: Final = frozenset({"ok", "left_open"})
# Threads publish milestones in an order that is not quite that of their times.
_SLACK_NS: Final = 1_000_000_000
_INT64: Final = 1 << 63


class Event(NamedTuple):
    """A moment in a span, in nanoseconds since the epoch."""

    name: str
    at_ns: int
    attributes: Attributes


class TracedSpan(msgspec.Struct):
    """A span: ids are 64 bits, unlike zero, times nanoseconds since the epoch; `error` is the text of what failed."""

    id: int
    parent_id: int | None
    name: str
    started_ns: int
    ended_ns: int
    attributes: Attributes
    events: Sequence[Event] = ()
    dropped_events: int = 0
    links: Sequence[int] = ()
    error: str | None = None


class _Root:
    """What is known of the span that stands for a whole session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.started_ns: int | None = None
        self.ended_ns = session.started_ns
        self.events = _Events()

    def cover(self, started_ns: int, ended_ns: int) -> None:
        self.started_ns = min(started_ns, self.session.started_ns if self.started_ns is None else self.started_ns)
        self.ended_ns = max(ended_ns, self.ended_ns)


class _Events:
    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.dropped = 0

    def add(self, *events: Event) -> None:
        taken = events[: max(EVENTS - len(self.kept), 0)]
        self.kept += taken
        self.dropped += len(events) - len(taken)


class Trace:
    """Makes spans of a trace from recorded values, as they come.

    Feed it commits and milestones with `note` before the span that they belong to, then spans as they end; `roots` is
    what remains at the end. Ids follow from those of the run and the span, so that a parent can be named before it has
    ended, and a run that is exported twice is the same trace.

    Args:
        header: of the run.
        sessions: whose spans will come; ids of spans are unique within a session only.
    """

    def __init__(self, header: Header, sessions: Sequence[Session]) -> None:
        self.id = _trace_id(header)
        self.started_wall_ns = header.started_wall_ns
        self.resource = _resource(header)
        self._base = _hash(self.id.to_bytes(16, "big"), 8) | 1 << 63
        self._process_id = header.process_id
        self._name = valid(header.store)
        self._roots = [_Root(session) for session in sessions]
        self._waiting: OrderedDict[int, tuple[_Root, _Events]] = OrderedDict()
        self._parents: OrderedDict[int, int] = OrderedDict()  # of commits that were not made on the one before
        self._makers: OrderedDict[int, int] = OrderedDict()

    def note(self, value: Commit | Milestone) -> None:
        """Takes what will be a link or an event of a span that comes later."""
        if isinstance(value, Milestone):
            self._note_milestone(value)
        elif value.parent not in (0, value.seq - 1):
            _keep(self._parents, value.seq, value.parent, WAITING)

    def _note_milestone(self, milestone: Milestone) -> None:
        root = self._root(milestone.at_ns)
        root.cover(milestone.at_ns, milestone.at_ns)
        attributes = _attributes(milestone.metadata)
        attributes["statestore.seq"] = milestone.seq
        if milestone.data is not None:
            attributes["statestore.data"] = _attribute(milestone.data)
        event = Event(valid(milestone.name), self.started_wall_ns + milestone.at_ns, attributes)
        if milestone.span_id is None:
            root.events.add(event)
            return
        self._waiting.setdefault(self._id(root, milestone.span_id), (root, _Events()))[1].add(event)
        if len(self._waiting) > WAITING:
            _, (root, events) = self._waiting.popitem(last=False)
            root.events.add(*events.kept)

    def span(self, span: Span) -> TracedSpan:
        """The span in this trace, with the events and the link that were noted for it."""
        root = self._root(span.ended_ns)
        root.cover(span.started_ns, span.ended_ns)
        own = self._id(root, span.id)
        traced = TracedSpan(
            own,
            self._id(root, span.parent_id or 0),
            valid(span.name),
            self.started_wall_ns + span.started_ns,
            self.started_wall_ns + max(span.started_ns, span.ended_ns),
            self._describe(span),
        )
        if span.status not in _FINE:
            traced.error = valid(str(span.metadata.get("error", span.status)))
        if span.seq is not None:
            traced.links = self._link(span.seq)
            _keep(self._makers, span.seq, own, LINKED)
        if own in self._waiting:
            self._put_events(traced, self._waiting.pop(own)[1])
        return traced

    def _link(self, seq: int) -> Sequence[int]:
        """Which span made what this commit was made on, where that is not the commit before."""
        if seq not in self._parents:
            return ()
        maker = self._makers.get(self._parents.pop(seq))
        return () if maker is None else (maker,)

    def _describe(self, span: Span) -> Attributes:
        attributes = _attributes(span.metadata)
        attributes["statestore.kind"] = valid(span.kind)
        if span.thread_id:
            attributes["thread.id"] = _attribute(span.thread_id)
        if span.task is not None:
            attributes["statestore.task"] = valid(span.task)
        if span.process_id not in (0, self._process_id):
            attributes["process.pid"] = _attribute(span.process_id)
        if span.seq is not None:
            attributes["statestore.seq"] = span.seq
        if span.reducer_ns is not None:
            attributes["statestore.reducer_ns"] = span.reducer_ns
        if span.status in _FINE:
            if span.status != "ok":
                attributes["statestore.status"] = span.status
        else:
            attributes["error.type"] = valid(span.status)
        return attributes

    def roots(self) -> Iterator[TracedSpan]:
        """The spans around all others, one a session, with the milestones that belong to no other span."""
        for root, events in self._waiting.values():
            root.events.add(*events.kept)
        self._waiting.clear()
        for root in self._roots:
            if root.started_ns is None and root.session.number:
                continue
            session, started_ns = root.session, min(root.started_ns or 0, root.session.started_ns)
            attributes: Attributes = {"statestore.kind": "run", "statestore.session": session.number}
            if session.process_id not in (0, self._process_id):
                attributes["process.pid"] = session.process_id
            began, ended = self.started_wall_ns + started_ns, self.started_wall_ns + root.ended_ns
            traced = TracedSpan(self._id(root, 0), None, self._name, began, ended, attributes)
            self._put_events(traced, root.events)
            yield traced

    def _put_events(self, traced: TracedSpan, events: _Events) -> None:
        traced.events, traced.dropped_events = events.kept, events.dropped

    def _root(self, at_ns: int) -> _Root:
        """Of the session in which something ended."""
        found = self._roots[0]
        for root in self._roots[1:]:
            if root.session.started_ns > at_ns:
                break
            found = root
        return found

    def _id(self, root: _Root, span_id: int) -> int:
        """One for every number of a session and of a span in it; 0 is the session's root. Never zero."""
        return self._base ^ ((root.session.number & 0x7FFF) << 48 | span_id & (1 << 48) - 1)


def traced(source: Source, trace: Trace) -> Iterator[TracedSpan]:
    """All spans of a source, those around the sessions last. Holds no more of them than one."""
    milestones = _Ahead(source.milestones, lambda milestone: milestone.at_ns, trace.note)
    commits = _Ahead(source.commits, lambda commit: commit.seq, trace.note)
    for span in source.spans:
        milestones.take_until(span.ended_ns + _SLACK_NS)
        if span.seq is not None:
            commits.take_until(span.seq)
        yield trace.span(span)
    milestones.take_until(None)
    yield from trace.roots()


class _Ahead(Generic[T]):
    """Hands values on up to a moment."""

    def __init__(self, values: Iterable[T], key: Callable[[T], int], take: Callable[[T], object]) -> None:
        self._values = iter(values)
        self._key = key
        self._take = take
        self._next = next(self._values, None)

    def take_until(self, last: int | None) -> None:
        """Hands on what comes no later; all that is left if None."""
        while self._next is not None and (last is None or self._key(self._next) <= last):
            self._take(self._next)
            self._next = next(self._values, None)


def _keep(kept: OrderedDict[int, int], key: int, value: int, limit: int) -> None:
    kept[key] = value
    if len(kept) > limit:
        kept.popitem(last=False)


def _attributes(metadata: Mapping[str, Any]) -> Attributes:
    if not metadata:
        return {}
    return {valid(str(key)): _attribute(value) for key, value in metadata.items() if key not in _LEFT_OUT}


def _attribute(value: Any) -> Attribute:
    """A scalar as it is, anything else as JSON."""
    match value:
        case bool() | str():
            return valid(value) if isinstance(value, str) else value
        case int() if -_INT64 <= value < _INT64:
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case int() | float():
            return str(value)
        case _:
            return _text(value)


def _text(value: Any) -> str:
    try:
        text = encode(value).decode()
    except Exception as error:  # noqa: BLE001  # somebody else's __str__, or nesting beyond what Python can follow
        return f"({type(value).__name__} that cannot be shown: {type(error).__name__})"
    return text if len(text) <= _ROOM else f"{text[:_ROOM]}... (cut: {len(text):,} characters of JSON)"


def _resource(header: Header) -> Attributes:
    named = {
        "service.name": valid(header.store),
        "service.instance.id": valid(header.run),
        "process.pid": header.process_id,
        "process.runtime.version": header.python,
        "os.description": header.platform,
        "statestore.version": header.statestore,
    }
    return {name: value for name, value in named.items() if value}  # type: ignore[misc]  # each is one of these


def _trace_id(header: Header) -> int:
    """The run's own id, of which it has one in a file; else what tells this run from others."""
    try:
        return UUID(header.run).int or 1
    except ValueError:
        return _hash(f"{header.run} {header.store} {header.started_wall_ns} {header.process_id}".encode(), 16)


def _hash(data: bytes, size: int) -> int:
    return int.from_bytes(blake2b(data, digest_size=size).digest(), "big") or 1
