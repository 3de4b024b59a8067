"""Moments and readings: what happened beside the spans."""

from collections import Counter

from statestore.exporters.moments import moments, readings


def test_milestones_snapshots_alerts_and_moves_are_moments(everything_file):
    """Each with what belongs to it."""
    found = {(moment.kind, moment.name): moment for moment in moments(everything_file)}
    assert set(found) == {
        ("milestone", "half way"),
        ("snapshot", "before"),
        ("alert", everything_file.alerts[0].rule),
        ("move", "undo"),
    }
    assert found["milestone", "half way"].args == {"seq": 2, "data": {"share": "inf"}, "metadata": {"by": "test"}}
    assert found["snapshot", "before"].args == {"seq": 2, "metadata": {"reason": "test"}}
    assert found["move", "undo"].args == {"from_seq": 5, "to_seq": 4}
    assert found["alert", everything_file.alerts[0].rule].args["sentence"] == everything_file.alerts[0].sentence


def test_memory_and_gauges_are_readings(everything_file):
    """One for each sample; growth starts from nothing, and processor time is told as a rate."""
    found = list(readings(everything_file))
    counts = Counter((reading.name, reading.unit) for reading in found)
    assert counts["rss", "bytes"] == counts["rss growth", "bytes"] == len(everything_file.samples) >= 2
    assert counts["threads", "count"] == len(everything_file.gauges) - 1 >= 1
    assert next(reading for reading in found if reading.name == "rss growth").value == 0
    assert all(0 <= reading.value < 64 for reading in found if reading.unit == "cores")


def test_live_run_and_file_tell_the_same(everything, everything_file):
    """In the same order."""
    assert list(moments(everything.history)) == list(moments(everything_file))
