"""`statestore memory`."""

import json

from statestore import open_history


def test_what_the_readings_come_to(ask, job):
    """Growth is the last minus the first, the peak the largest; a short run is no leak."""
    (summary,) = map(json.loads, ask("memory", job, "--json")[1].splitlines())
    with open_history(job) as source:
        sizes = [sample.rss_bytes for sample in source.samples]
    assert summary["readings"] == len(sizes)
    assert summary["growth"]["rss_bytes"] == sizes[-1] - sizes[0]
    assert summary["peak_bytes"] == max(sizes)
    assert summary["leak_hint"] is None
    words = dict(line.split("\t") for line in ask("memory", job)[1].splitlines())
    assert words["readings"] == str(len(sizes))
    assert words["leak"] == "no hint of one"


def test_the_readings_themselves(ask, job):
    """With --samples, one a line."""
    with open_history(job) as source:
        sizes = [sample.rss_bytes for sample in source.samples]
    found = [json.loads(line) for line in ask("memory", job, "--samples", "--json")[1].splitlines()]
    assert [sample["rss_bytes"] for sample in found] == sizes
    assert len(ask("memory", job, "--samples")[1].splitlines()) == len(sizes)


def test_a_leak_is_hinted_at(ask, tmp_path):
    """A file whose memory climbs by a megabyte a second for a minute gets the sentence of the diagnosis."""
    from statestore import Slice, Store
    from statestore.journal import Journal
    from statestore.values import MemorySample

    path = tmp_path / "leak.history"
    with Store(Slice("count", initial=0), middleware=[Journal(path)]) as store:
        for second in range(60):
            store.publish(MemorySample(second * 10**9, 50_000_000 + second * 1_000_000))
    (summary,) = map(json.loads, ask("memory", path, "--json")[1].splitlines())
    assert "climbs steadily by 1 MB/s" in summary["leak_hint"]
    assert "climbs steadily" in ask("memory", path)[1]
    assert "leak hint" in ask("diagnose", path)[1]


def test_without_readings_there_is_no_answer(ask, recorded):
    """Nothing is printed, which is no error."""
    assert ask("memory", recorded) == (0, "", "")
    assert ask("memory", recorded, "--samples", "--json") == (0, "", "")
