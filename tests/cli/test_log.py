"""`statestore log`."""

import json

import pytest

from tests.cli.conftest import on_terminal


def seqs(output):
    """The first column, as it stands."""
    return [line.split("\t")[0] for line in output.splitlines()]


def test_a_pipe_gets_a_line_a_commit(ask, recorded):
    """Six columns apart by tabs, the head marked, whatever characters the payload has."""
    status, output, errors = ask("log", recorded)
    rows = [line.split("\t") for line in output.splitlines()]
    assert (status, errors) == (0, "")
    assert [row[0] for row in rows] == ["1", "2", "3", "4 *", "5"]
    assert all(len(row) == 6 and row[3] == "backlog/added" and row[5] == "1" for row in rows)


def test_the_last_ones(ask, recorded):
    """`-n` gives the newest commits only."""
    assert seqs(ask("log", recorded, "-n", "2")[1]) == ["4 *", "5"]
    assert seqs(ask("log", recorded, "1..4", "-n", "2")[1]) == ["3", "4 *"]


def test_machines_get_the_whole_commit(ask, recorded):
    """`--json` gives one object a line, with payload and patches as they were."""
    commits = [json.loads(line) for line in ask("log", recorded, "--json")[1].splitlines()]
    assert [commit["seq"] for commit in commits] == [1, 2, 3, 4, 5]
    assert commits[0]["payload"] == {"id": "T1", "title": "task\t1\nof five"}
    assert commits[0]["patches"][0]["path"] == ["tasks", "T1"]


@pytest.mark.parametrize(
    ("place", "span", "wanted"),
    [
        ("@third", (), ["1", "2", "3"]),
        ("@2..third", (), ["3"]),
        ("", ("2..third",), ["3"]),
        ("", ("2..",), ["3", "4 *"]),
        ("", ("head..5",), ["5"]),
        ("", ("5..5",), []),
    ],
)
def test_a_range(ask, recorded, place, span, wanted):
    """Behind the file or after it, with a snapshot's name or a seq."""
    status, output, errors = ask("log", f"{recorded}{place}", *span)
    assert (status, errors) == (0, "")
    assert seqs(output) == wanted


def test_two_ranges_are_one_too_many(ask, recorded):
    """Given behind the file and after it, which is wrong usage."""
    status, _, errors = ask("log", f"{recorded}@3", "1..2")
    assert (status, errors.count("\n")) == (2, 1)


def test_a_file_with_an_at_in_its_name(ask, recorded):
    """The longest name that is a file is the file's."""
    odd = recorded.with_name("run@3.history")
    odd.write_bytes(recorded.read_bytes())
    assert seqs(ask("log", odd)[1]) == ["1", "2", "3", "4 *", "5"]
    assert seqs(ask("log", f"{odd}@2")[1]) == ["1", "2"]


def test_a_torn_file_says_so(ask, torn):
    """What is whole is shown, and one line on stderr says that something is missing."""
    status, output, errors = ask("log", torn)
    assert status == 0
    assert "torn" in errors
    assert output.count("\n") >= 4


def test_a_terminal_gets_a_table(recorded):
    """The heads of the columns stand above, and nothing is wider than the terminal."""
    seen = on_terminal("log", recorded, columns=70, NO_COLOR="1").splitlines()
    assert seen[0].split() == ["seq", "time", "took", "action", "payload", "changes"]
    assert len(seen) == 6
    assert max(map(len, seen)) <= 70
