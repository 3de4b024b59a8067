"""`statestore diff`."""

import json

import pytest


def paths(output):
    """Sign and key of each line."""
    return [(line[0], line.split("['")[2].split("'")[0]) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("place", "refs", "wanted"),
    [
        ("", (), [("+", "T4")]),
        ("", ("third",), [("+", "T4")]),
        ("", ("2", "head"), [("+", "T3"), ("+", "T4")]),
        ("", ("2..",), [("+", "T3"), ("+", "T4")]),
        ("", ("head..2",), [("-", "T3"), ("-", "T4")]),
        ("@2", (), [("+", "T3"), ("+", "T4")]),
        ("@2", ("third",), [("+", "T3")]),
        ("@2..5", (), [("+", "T3"), ("+", "T4"), ("+", "T5")]),
        ("", ("root", "1"), [("+", "T1")]),
    ],
)
def test_two_states_of_one_file(ask, recorded, place, refs, wanted):
    """By refs behind the file, after it, or as a range; status 1 says that they differ."""
    status, output, errors = ask("diff", f"{recorded}{place}", *refs)
    assert (status, errors) == (1, "")
    assert sorted(paths(output)) == wanted


def test_no_difference_is_status_0(ask, recorded):
    """And nothing is printed."""
    assert ask("diff", recorded, "3", "third") == (0, "", "")


def test_two_files(ask, recorded, job):
    """The states at their refs, by default at their heads."""
    copy = recorded.with_name("copy.history")
    copy.write_bytes(recorded.read_bytes())
    assert ask("diff", recorded, copy) == (0, "", "")
    status, output, _ = ask("diff", f"{recorded}@2", f"{copy}@3")
    assert (status, paths(output)) == (1, [("+", "T3")])
    assert ask("diff", recorded, job)[0] == 1


def test_machines_get_a_change_a_line(ask, recorded):
    """With the old value where there was one, and the new where there is."""
    (added,) = map(json.loads, ask("diff", recorded, "--json")[1].splitlines())
    assert (added["op"], added["path"], added["new"]["status"]) == ("add", ["tasks", "T4"], "planned")
    assert "old" not in added
    (removed,) = map(json.loads, ask("diff", recorded, "head..third", "--json")[1].splitlines())
    assert (removed["op"], removed["old"]["status"]) == ("remove", "planned")
    assert "new" not in removed


def test_three_states_are_one_too_many(ask, recorded):
    """A difference is between two."""
    status, output, errors = ask("diff", f"{recorded}@1", "2", "3")
    assert (status, output, errors.count("\n")) == (2, "", 1)
