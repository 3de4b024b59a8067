"""`statestore stats`."""

import json

from statestore import open_history


def read(ask, *arguments):
    """The statistics by name."""
    return {one.pop("name"): one for one in map(json.loads, ask("stats", *arguments, "--json")[1].splitlines())}


def test_the_spans_by_name(ask, job):
    """Count, sum and bounds of each name are those of the spans in the file, the longest sum first."""
    found = read(ask, job)
    with open_history(job) as source:
        for name, stats in found.items():
            own = [span.elapsed_ns for span in source.spans if span.name == name]
            assert (stats["count"], stats["total_ns"], stats["max_ns"]) == (len(own), sum(own), max(own))
        assert found.keys() == {span.name for span in source.spans}
    totals = [stats["total_ns"] for stats in found.values()]
    assert totals == sorted(totals, reverse=True)
    assert [line.split("\t")[0] for line in ask("stats", job)[1].splitlines()] == list(found)


def test_the_reducers_time_by_action(ask, job, recorded):
    """With --actions, and where a file has no spans, the commits tell."""
    with open_history(job) as source:
        counts = {commit.action.type: 0 for commit in source.commits}
        for commit in source.commits:
            counts[commit.action.type] += 1
    assert {name: stats["count"] for name, stats in read(ask, job, "--actions").items()} == counts
    assert read(ask, recorded)["backlog/added"]["count"] == 5


def test_within_a_range_and_of_some_names(ask, job):
    """A dispatch belongs to the range of its commit; a pattern picks names."""
    found = read(ask, job, "--range", "root..10", "--name", "backlog/*")
    assert sum(stats["count"] for stats in found.values()) == 10
    assert sum(stats["count"] for stats in read(ask, f"{job}@4..10", "--name", "backlog/*").values()) == 6
    assert read(ask, job, "--name", "no*") == {}
