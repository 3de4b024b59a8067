"""Spans through OpenTelemetry's SDK and its OTLP exporter, to a receiver that parses what comes."""

import sys

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from statestore import ActionError, StateStoreError
from statestore.exporters import export
from statestore.exporters.otel import OpenTelemetry, readable, send
from tests.exporters.collector import Collector
from tests.exporters.watched import WALL_NS, begin, fill, make_run, make_source  # noqa: F401  # fixtures


def check(spans, source):
    """That these are the spans of the source: counts, times, parents, events, links, status."""
    recorded = {span.id: span for span in source.spans}
    found = {span.span_id: span for span in spans}
    by_time = {(span.name, span.start_time_unix_nano, span.end_time_unix_nano): span for span in spans}
    (root,) = [span for span in spans if not span.parent_span_id]
    assert len(found) == len(spans) == len(recorded) + 1
    assert len({span.trace_id for span in spans}) == 1
    for span in recorded.values():
        own = by_time[span.name, WALL_NS + span.started_ns, WALL_NS + span.ended_ns]
        parent = found[own.parent_span_id]
        expected = recorded[span.parent_id].name if span.parent_id else root.name
        assert parent.name == expected
        assert (own.status.code == Status.STATUS_CODE_ERROR) == (span.status != "ok")
    assert {span.name: [event.name for event in span.events] for span in spans if span.events} == {
        "setup": ["half way"], "watched": ["begun"],
    }  # fmt: skip
    (branch,) = [span for span in spans if span.links]
    (maker,) = [span for span in recorded.values() if span.seq == 3]
    assert found[branch.links[0].span_id].start_time_unix_nano == WALL_NS + maker.started_ns


def test_a_run_arrives_at_an_endpoint(source):
    """Sent in batches by the official exporter, every span arrives, under its parent, with its exact times."""
    with Collector() as collector:
        exporter = OTLPSpanExporter(endpoint=collector.endpoint)
        assert send(source, exporter, batch=4) == len(source.spans) + 1
        exporter.shutdown()

    assert len(collector.requests) == -(-(len(source.spans) + 1) // 4)
    check(collector.spans, source)
    resource = {pair.key: pair.value for pair in collector.requests[0].resource_spans[0].resource.attributes}
    assert resource["service.name"].string_value == "watched"
    assert resource["process.pid"].int_value == source.header.process_id
    assert resource["statestore.version"].string_value == source.header.statestore


def test_a_sink_sends_spans_as_they_end(tmp_path):
    """Live, through a batch processor of its own: the same spans as from the file, the run's own when it is closed."""
    with Collector() as collector, begin(tmp_path / "run.history") as run:
        with OpenTelemetry(run.history, OTLPSpanExporter(endpoint=collector.endpoint, compression=None)) as sink:
            run.store.observe(sink, *sink.takes)
            fill(run)
            assert sink.flush()
            before = len(collector.spans)
        assert before == len(run.history.spans)
        check(collector.spans, run.history)

    ids = {span.span_id.hex() for span in collector.spans}
    assert ids == {f"{span.context.span_id:016x}" for span in readable(run.history)}


def test_a_processor_stays_its_owners():
    """Given a processor, the sink uses it and does not shut it down; what comes after close is passed over."""
    exporter = InMemorySpanExporter()
    with begin() as run:
        sink = OpenTelemetry(run.history, SimpleSpanProcessor(exporter))
        run.store.observe(sink, *sink.takes)
        with run.span("one"):
            pass
        assert [span.name for span in exporter.get_finished_spans()] == ["one"]
        sink.close()
        sink.close()
        with run.span("two"):
            pass
    assert [span.name for span in exporter.get_finished_spans()] == ["one", "watched"]


def test_many_events_are_counted():
    """The SDK's spans say how many events were dropped."""
    exporter = InMemorySpanExporter()
    with begin() as run, OpenTelemetry(run.history, SimpleSpanProcessor(exporter)) as sink:
        run.store.observe(sink, *sink.takes)
        with run.span("busy"):
            for number in range(1_010):
                run.milestone(f"m{number}")
    busy, _ = exporter.get_finished_spans()
    assert (len(busy.events), busy.dropped_events) == (1_000, 10)


class Failing(SpanExporter):
    """An exporter whose second batch fails."""

    calls = 0

    def export(self, spans):
        self.calls += 1
        return SpanExportResult.SUCCESS if self.calls == 1 else SpanExportResult.FAILURE


def test_a_failed_export_is_an_error(source):
    """It says how far it came."""
    with pytest.raises(StateStoreError, match=r"Failing failed after 2 spans"):
        send(source, Failing(), batch=2)


def test_what_is_no_exporter():
    """A sink to something else is refused at once."""
    with begin() as run, pytest.raises(ActionError, match="SpanExporter or a SpanProcessor"):
        OpenTelemetry(run.history, print)


def test_without_the_library_the_extra_is_named(source, tmp_path, monkeypatch):
    """What needs the SDK says how to get it; the stream format does without."""
    for name in [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "statestore.exporters.otel")
    with pytest.raises(StateStoreError, match=r"opentelemetry\S* is not installed.*statestore\[otel\]"):
        __import__("statestore.exporters.otel")
    assert export(source, "otlp", tmp_path / "x.jsonl").stat().st_size
