"""OTLP/JSON: OpenTelemetry traces as lines of text, as the collector's file exporter writes and its receiver reads."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from statestore.exporters.telemetry import Attribute, Attributes, Event, Trace, TracedSpan, traced
from statestore.ports import Source

# Spans in a line: what the SDK sends at once.
BATCH: Final = 512
_INTERNAL: Final = 1
_ERROR: Final = 2
# The bit that says whether a parent is in another process is set, and is 0, as the SDK writes it.
_FLAGS: Final = 0x100
_encode = msgspec.json.Encoder().encode


def otlp(source: Source, batch: int = BATCH) -> Iterator[bytes]:
    """A request `ExportTraceServiceRequest` on each line. Streams.

    Written here and not by the SDK, whose encoders take more than ten times as long and an extra to install; what comes
    out is the same. `statestore.exporters.otel` sends a run to an endpoint.

    Args:
        source: a live history or an opened file.
        batch: spans on a line.
    """
    trace = Trace(source.header, source.sessions)
    identity = f"{trace.id:032x}"
    scope = {"name": "statestore", "version": source.header.statestore or "unknown"}
    head = b'{"resourceSpans":[{"resource":%b,"scopeSpans":[{"scope":%b,"spans":[' % (
        _encode({"attributes": _attributes(trace.resource)}), _encode(scope),
    )  # fmt: skip
    spans = (_encode(_span(span, identity)) for span in traced(source, trace))
    while line := list(islice(spans, batch)):
        yield head + b",".join(line) + b"]}]}]}\n"


def _span(span: TracedSpan, trace: str) -> dict[str, Any]:
    record: dict[str, Any] = {"traceId": trace, "spanId": f"{span.id:016x}"}
    if span.parent_id is not None:
        record["parentSpanId"] = f"{span.parent_id:016x}"
    record |= {
        "flags": _FLAGS,
        "name": span.name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(span.started_ns),
        "endTimeUnixNano": str(span.ended_ns),
        "attributes": _attributes(span.attributes),
    }
    if span.events:
        record["events"] = [_event(event) for event in span.events]
    if span.dropped_events:
        record["droppedEventsCount"] = span.dropped_events
    if span.links:
        record["links"] = [{"traceId": trace, "spanId": f"{link:016x}", "flags": _FLAGS} for link in span.links]
    record["status"] = {} if span.error is None else {"code": _ERROR, "message": span.error}
    return record


def _event(event: Event) -> dict[str, Any]:
    return {"timeUnixNano": str(event.at_ns), "name": event.name, "attributes": _attributes(event.attributes)}


def _attributes(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Attribute) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}  # 64 bits are text in the JSON of protocol buffers
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": value}
