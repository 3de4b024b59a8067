"""OTLP/JSON, read with the official protocol buffers and compared with what the SDK's own encoders make."""

import json
from base64 import b64encode
from collections import Counter

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from statestore.exporters import export
from statestore.exporters.otel import readable
from statestore.exporters.otlp import otlp
from tests.exporters.watched import make_run, make_source  # noqa: F401  # fixtures

IDS = ("traceId", "spanId", "parentSpanId")


def to_base64(text):
    return b64encode(bytes.fromhex(text)).decode()


def parse(line):
    """The request on a line: its ids are hexadecimal, where protocol buffers themselves have base64."""

    def convert(value):
        if isinstance(value, list):
            return [convert(part) for part in value]
        if not isinstance(value, dict):
            return value
        return {key: to_base64(part) if key in IDS else convert(part) for key, part in value.items()}

    return Parse(json.dumps(convert(json.loads(line))), ExportTraceServiceRequest())


def spans_in(request):
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def test_it_is_what_the_sdk_would_send(source, tmp_path):
    """Field by field, the spans on the lines are those that the SDK's encoder makes for the wire."""
    path = export(source, "otlp", tmp_path / "run.otlp.jsonl")
    requests = [parse(line) for line in path.read_bytes().splitlines()]
    (resource,) = requests[0].resource_spans

    assert [span for request in requests for span in spans_in(request)] == spans_in(
        encode_spans(list(readable(source)))
    )
    named = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert (named["service.name"], resource.scope_spans[0].scope.name) == ("watched", "statestore")
    assert named["service.instance.id"].replace("-", "") == spans_in(requests[0])[0].trace_id.hex()


@pytest.mark.parametrize("batch", [1, 3, 512])
def test_a_line_holds_a_batch(source, batch):
    """Every line is a whole request, with so many spans on it or fewer on the last."""
    lines = list(otlp(source, batch=batch))
    counts = [len(spans_in(parse(line))) for line in lines]

    assert sum(counts) == len(source.spans) + 1
    assert set(counts[:-1]) <= {batch}
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


def test_the_main_job_is_one_whole_trace(main_job, tmp_path):
    """Every span of the main job's file arrives once, named as it was, with a parent that arrives too."""
    path = export(main_job, "otlp", tmp_path / "main.otlp.jsonl")
    spans = [span for line in path.read_bytes().splitlines() for span in spans_in(parse(line))]
    ids = {span.span_id for span in spans}
    (root,) = [span for span in spans if not span.parent_span_id]

    assert len(ids) == len(spans) == len(main_job.spans) + 1
    assert len({span.trace_id for span in spans}) == 1
    assert all(span.parent_span_id in ids for span in spans if span is not root)
    names = Counter(span.name for span in spans if span is not root)
    assert names == Counter(span.name for span in main_job.spans)
