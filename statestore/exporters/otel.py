"""OpenTelemetry through its SDK: a run's spans to any exporter or processor, as they end or from a file."""

from collections.abc import Iterator
from itertools import islice
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from statestore.errors import ActionError, StateStoreError
from statestore.exporters.extras import extra
from statestore.exporters.telemetry import Trace, TracedSpan, traced
from statestore.ports import Source
from statestore.values import Commit, Milestone, Span

with extra("otel"):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.sdk.util import BoundedList
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

# Spans that go out at once: the SDK's own size.
BATCH: Final = 512
_FLUSH_MS: Final = 30_000


class OpenTelemetry:
    """A sink that hands each span to OpenTelemetry as it ends, for `store.observe(sink, *OpenTelemetry.takes)`.

        with OpenTelemetry(run.history, OTLPSpanExporter()) as sink:
            run.store.observe(sink, *sink.takes)

    A run is one trace. Each span has its parent, kind, commit, thread and task; milestones are events of the span in
    which they were reached; a dispatch on another commit than the one before links to the span that made that commit.
    The span around all others, which has the store's name, is sent by `close`. A span costs the thread that it ran in
    about as much as a dispatch that is recorded.

    Args:
        source: the history of the run, for its name and id; what it holds is not read.
        to: a SpanExporter, for which a BatchSpanProcessor is made (it drops what comes faster than it can be sent, as
            OTEL_BSP_MAX_QUEUE_SIZE says); or a SpanProcessor, which stays yours to shut down.

    Raises:
        ActionError: `to` is neither.
    """

    takes: Final = (Span, Milestone, Commit)

    def __init__(self, source: Source, to: "SpanExporter | SpanProcessor") -> None:
        if not isinstance(to, SpanExporter | SpanProcessor):
            raise ActionError(f"OpenTelemetry(to=...) takes a SpanExporter or a SpanProcessor, not {to!r}")
        self._owns = isinstance(to, SpanExporter)
        self._processor = BatchSpanProcessor(to) if isinstance(to, SpanExporter) else to
        self._trace = Trace(source.header, source.sessions)
        self._readable = _Readable(self._trace, source.header.statestore)
        self._lock = Lock()
        self._closed = False

    def __call__(self, value: Span | Milestone | Commit) -> None:
        """Takes a recorded value, from any thread."""
        if self._closed:
            return
        with self._lock:
            if not isinstance(value, Span):
                self._trace.note(value)
                return
            span = self._trace.span(value)
        self._processor.on_end(self._readable(span))

    def flush(self, timeout_ms: int = _FLUSH_MS) -> bool:
        """Waits until what ended so far is sent; False if that took too long."""
        return bool(self._processor.force_flush(timeout_ms))

    def close(self) -> None:
        """Sends the span around all others and whatever waits; values that come later are passed over."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            roots = list(self._trace.roots())
        for span in roots:
            self._processor.on_end(self._readable(span))
        self.flush()
        if self._owns:
            self._processor.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def send(source: Source, exporter: "SpanExporter", batch: int = BATCH) -> int:
    """Gives all spans of a run to an exporter, and says how many there were. Holds `batch` of them at a time.

    Args:
        source: a live history or an opened file.
        exporter: any of the SDK's, such as `OTLPSpanExporter(endpoint=...)`; it stays yours to shut down.
        batch: how many are sent at once.

    Raises:
        StateStoreError: the exporter failed; the message says how many spans had been sent.
    """
    spans, sent = readable(source), 0
    while some := list(islice(spans, batch)):
        if exporter.export(some) is not SpanExportResult.SUCCESS:
            raise StateStoreError(f"{type(exporter).__name__} failed after {sent:,} spans; its log says why")
        sent += len(some)
    return sent


def readable(source: Source) -> "Iterator[ReadableSpan]":
    """The spans of a source as the SDK knows them."""
    trace = Trace(source.header, source.sessions)
    return map(_Readable(trace, source.header.statestore), traced(source, trace))


class _Readable:
    """Makes the SDK's spans from ours."""

    def __init__(self, trace: Trace, version: str) -> None:
        self._trace_id = trace.id
        self._resource = Resource.create(dict(trace.resource))
        self._scope = InstrumentationScope("statestore", version or "unknown")

    def __call__(self, span: TracedSpan) -> Any:
        return ReadableSpan(
            span.name,
            self._context(span.id),
            parent=None if span.parent_id is None else self._context(span.parent_id),
            resource=self._resource,
            attributes=span.attributes,
            events=_events(span),
            links=[Link(self._context(link)) for link in span.links],
            status=Status() if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.started_ns,
            end_time=span.ended_ns,
            instrumentation_scope=self._scope,
        )

    def _context(self, span_id: int) -> "SpanContext":
        return SpanContext(self._trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _events(span: TracedSpan) -> Any:
    events = [Event(event.name, event.attributes, event.at_ns) for event in span.events]
    if not span.dropped_events:
        return events
    bounded: Any = BoundedList(len(events))
    bounded.extend(events)
    bounded.dropped = span.dropped_events
    return bounded
