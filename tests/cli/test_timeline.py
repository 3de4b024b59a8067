"""`statestore timeline`."""

import json

from statestore import open_history


def test_the_course_of_a_run(ask, job):
    """Every milestone and snapshot of the file, in the order of time."""
    found = [json.loads(line) for line in ask("timeline", job, "--json")[1].splitlines()]
    with open_history(job) as source:
        count = len(source.milestones) + len(source.snapshots) + len(source.moves) + len(source.alerts)
    assert len(found) == count > 0
    assert [moment["at_ns"] for moment in found] == sorted(moment["at_ns"] for moment in found)
    assert {"planned", "half done", "all done", "first failure"} <= {moment["name"] for moment in found}


def test_an_undo_is_a_moment(ask, recorded):
    """So is a snapshot, with the commits that they are about."""
    rows = [line.split("\t") for line in ask("timeline", recorded)[1].splitlines()]
    assert [row[3:] for row in rows] == [["snapshot", "third", "3"], ["undo", "5 to 4", "4"]]
    assert rows[0][2].startswith("+")


def test_within_a_range(ask, recorded):
    """Only what happened in its time."""
    rows = [line.split("\t") for line in ask("timeline", recorded, "--range", "root..4")[1].splitlines()]
    assert [row[3] for row in rows] == ["snapshot"]
