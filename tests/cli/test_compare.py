"""`statestore compare`."""

import json

import pytest

from statestore import Journal, Memory, Slice, Store, Timing
from statestore.testing import FakeClock

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


@count.action
def doubled(value):
    return value * 2


@pytest.fixture
def record(tmp_path):
    """Records actions, each of which takes so many nanoseconds, give or take."""

    def make(name, actions, took_ns=1_000, layers=(Timing,)):
        clock, path = FakeClock(), tmp_path / f"{name}.history"
        with Store(count, middleware=[*[layer() for layer in layers], Journal(path)], clock=clock) as store:
            for number, action in enumerate(actions):
                unsubscribe = store.subscribe(lambda store, number=number: clock.advance(took_ns + number))
                store.dispatch(action)
                unsubscribe()
        return path

    return make


@pytest.fixture
def two(record):
    """Two runs of the same twenty actions, the second three times as slow."""
    return record("one", [added()] * 20), record("other", [added()] * 20, 3_000)


def test_equal_runs(ask, job):
    """The main job's file beside itself: no difference, the same times, a table of names and one of memory."""
    status, output, errors = ask("compare", job, job)
    assert (status, errors) == (0, "")
    assert output.startswith("no difference in ")
    rows = [line.split("\t") for line in output.splitlines() if "\t" in line]
    assert ["1.00", "+0.00", "negligible", "1"] in [row[-4:] for row in rows]
    assert [row[0] for row in rows[-3:]] == ["peak", "average", "growth"]


def test_times_are_no_difference_unless_they_are_asked_for(ask, two):
    """The slower run is shown as such; status 1 is for `--times`, and for a threshold that it is beyond."""
    status, output, _ = ask("compare", *two)
    (row,) = [line.split("\t") for line in output.splitlines() if line.startswith("count/added")]
    assert row[1:3] == ["20", "20"]
    assert float(row[5]) == pytest.approx(3, rel=0.02)
    assert row[6:8] == ["+1.00", "large"]
    assert status == 0
    assert ask("compare", *two, "--times")[0] == 1
    assert ask("compare", *two, "--threshold", 2)[0] == 1
    assert ask("compare", *two, "--threshold", 4)[0] == 0
    assert ask("compare", two[0], two[0], "--times")[0] == 0


def test_where_the_actions_part(ask, record):
    """The first commit that differs on either side, how the states differ then, and status 1."""
    one = record("one", [added(), added(), doubled()])
    other = record("other", [added(), added(), added(by=5), added()])
    status, output, _ = ask("compare", one, other)
    assert status == 1
    assert output.startswith(
        "the same for 2 commits, then\n  left:  3 count/doubled {}\n  right: 3 count/added {'by': 5}"
    )
    assert "~ root: 4 -> 7" in output
    rows = {line.split("\t")[0]: line.split("\t") for line in output.splitlines() if "\t" in line}
    assert rows["count/doubled"][1:3] == ["1", "0"]


def test_machines_get_all_of_it(ask, two, record):
    """An object for the actions, one for each name with its shift, one for memory, which may not have been read."""
    _, output, _ = ask("compare", *two, "--json")
    actions, times, memory = map(json.loads, output.splitlines())
    assert (actions["kind"], actions["common"], actions["a"], actions["b"]) == ("actions", 20, None, None)
    assert times["name"] == "count/added"
    assert times["a"]["count"] == times["b"]["count"] == 20
    assert times["shift"]["delta"] == 1
    assert times["shift"]["p_value"] < 1e-6
    assert memory == {"kind": "memory", "a": None, "b": None}
    measured = record("measured", [added()], layers=(Timing, Memory))
    _, output, _ = ask("compare", measured, measured, "--json")
    assert json.loads(output.splitlines()[-1])["a"]["peak_bytes"] > 0


def test_files_without_spans_are_compared_by_the_reducers_time(ask, record):
    """Of a journal alone there is that much."""
    one = record("one", [added()] * 3, layers=())
    _, output, _ = ask("compare", one, one)
    assert "count/added\t3\t3" in output


def test_a_torn_file_is_compared_as_far_as_it_goes(ask, job, torn_job):
    """A line on stderr says so."""
    status, output, errors = ask("compare", job, torn_job)
    assert status in (0, 1)
    assert output
    assert (errors.count("\n"), "torn" in errors) == (1, True)


def test_what_is_no_history_is_refused(ask, job, tmp_path):
    """Status 3 and one line, whichever of the two it is; status 2 for one that is not there, or is half a range."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    for pair in ((job, other), (other, job)):
        status, output, errors = ask("compare", *pair)
        assert (status, output, errors.count("\n")) == (3, "", 1)
    for pair in ((job, tmp_path / "missing.history"), (job, f"{job}@3"), (job,)):
        status, output, errors = ask("compare", *pair)
        assert (status, output, errors.count("\n")) == (2, "", 1)
