"""Chrome trace events: opened by Perfetto's trace processor and by speedscope."""

import json
from collections import Counter
from datetime import datetime
from math import ulp

import pytest
from hypothesis import given

from statestore.exporters import export
from statestore.exporters.chrome import chrome
from tests.exporters.traced import history_of, spans


def refuse(constant):
    raise AssertionError(f"{constant} in JSON")


def events_of(source):
    trace = json.loads(b"".join(chrome(source)), parse_constant=refuse)
    return trace["traceEvents"]


@given(spans())
def test_every_span_is_one_event_or_a_pair(given_spans):
    """Complete where it is what its thread did in order, else with a beginning and an end, each under one id."""
    events = events_of(history_of(*given_spans))
    begun = Counter(json.dumps([event["id2"], event["name"], event["pid"]]) for event in events if event["ph"] == "b")
    ended = Counter(json.dumps([event["id2"], event["name"], event["pid"]]) for event in events if event["ph"] == "e")
    complete = [event for event in events if event["ph"] == "X"]
    assert begun == ended
    assert len(complete) + begun.total() == len(given_spans)
    assert Counter(event["args"]["id"] for event in events if event["ph"] in "Xb") == Counter(s.id for s in given_spans)


@given(spans(max_time=10**12))
def test_durations_add_up_for_a_reader_of_floats(given_spans):
    """Start and duration give the end as it would be written itself, so that what touches touches.

    To the last bit, but for spans that ran longer than all that was before: for some of these no float does.
    """
    by_id = {one.id: one for one in given_spans}
    distinct = list(by_id.values())
    first_ns = min([0, *[one.started_ns for one in distinct]])
    for event in events_of(history_of(*distinct)):
        if event["ph"] == "X":
            one = by_id[event["args"]["id"]]
            assert event["ts"] == (one.started_ns - first_ns) / 1_000
            end = (one.ended_ns - first_ns) / 1_000
            assert event["ts"] + event["dur"] == end or (
                event["dur"] > event["ts"] and abs(event["ts"] + event["dur"] - end) <= ulp(end)
            )


def test_an_event_a_line(everything_file):
    """So that grep and a diff see events, and what is broken can be found by its line."""
    text = b"".join(chrome(everything_file)).decode()
    first, *lines, last, end = text.split("\n")
    assert first.startswith("{")
    assert (last, end) == ("]}", "")
    for line in lines:
        assert isinstance(json.loads(line.removesuffix(",")), dict)


def test_the_header_tells_of_the_run(everything_file):
    """Which store it was, and when it began as a date."""
    about = json.loads(b"".join(chrome(everything_file)))["otherData"]
    assert about["store"] == "everything"
    assert datetime.fromisoformat(about["started"]).timestamp() == pytest.approx(about["started_wall_ns"] / 1e9)


def test_speedscope_reads_it_without_a_warning(tmp_path, speedscope_app, main_job):
    """Touching spans end before the next begins, to the last bit: the page warns of each that does not."""
    speedscope_app.open(export(main_job, "chrome", tmp_path / "run.trace.json"))
    assert [line for line in speedscope_app.complaints() if "Tried to end" in line] == []
    assert len(speedscope_app.tables[0]) == 1 + 5
