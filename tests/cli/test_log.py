"""`statestore log`."""

import json

from tests.cli.conftest import run


def test_a_pipe_gets_a_line_a_commit(recorded):
    """Six columns apart by tabs, the head marked, whatever characters the payload has."""
    status, output, errors = run("log", recorded)
    rows = [line.split("\t") for line in output.splitlines()]
    assert (status, errors) == (0, "")
    assert [row[0] for row in rows] == ["1", "2", "3", "4 *", "5"]
    assert all(len(row) == 6 and row[3] == "backlog/added" and row[5] == "1" for row in rows)


def test_the_last_ones(recorded):
    """`-n` gives the newest commits only."""
    _, output, _ = run("log", recorded, "-n", "2")
    assert [line.split("\t")[0] for line in output.splitlines()] == ["4 *", "5"]


def test_machines_get_the_whole_commit(recorded):
    """`--json` gives one object a line, with payload and patches as they were."""
    _, output, _ = run("log", recorded, "--json")
    commits = [json.loads(line) for line in output.splitlines()]
    assert [commit["seq"] for commit in commits] == [1, 2, 3, 4, 5]
    assert commits[0]["payload"] == {"id": "T1", "title": "task\t1\nof five"}
    value = {"title": "task\t1\nof five", "status": "planned"}
    assert commits[0]["patches"] == [{"op": "add", "path": ["tasks", "T1"], "value": value}]


def test_a_torn_file_shows_what_is_whole(torn):
    """The commits are there all the same, and a line on stderr says that the end is missing."""
    status, output, errors = run("log", torn)
    assert status == 0
    assert len(output.splitlines()) == 5
    assert "torn" in errors
