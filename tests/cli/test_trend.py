"""`statestore trend`."""

import json
import shutil

import pytest

from statestore import Journal, Slice, Store, Timing
from statestore.testing import FakeClock

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


@pytest.fixture
def runs(tmp_path):
    """Sixteen runs of ten actions, an hour apart, named from the last to the first; from the tenth on twice as slow."""
    paths = []
    for number in range(16):
        clock, path = (
            FakeClock(wall_ns=1_700_000_000_000_000_000 + number * 3_600_000_000_000),
            tmp_path / f"{99 - number}.history",
        )
        with Store(count, middleware=[Timing(), Journal(path)], clock=clock) as store:
            took_ns = (2_000 if number >= 9 else 1_000) + number % 3
            store.subscribe(lambda store, clock=clock, took_ns=took_ns: clock.advance(took_ns))
            for _ in range(10):
                store.dispatch(added())
        paths.append(path)
    return paths


def test_a_run_is_a_row(ask, job):
    """File, date, commits, duration, memory, then median and p99 of the three slowest names."""
    status, output, errors = ask("trend", job)
    assert (status, errors) == (0, "")
    (row,) = [line.split("\t") for line in output.splitlines()]
    assert row[0] == str(job)
    assert row[1].count("-") == 2
    assert int(row[2]) > 20
    assert "MB" in row[4]
    assert len(row) == 5 + 2 * 3


def test_the_oldest_run_comes_first_and_what_got_slower_is_named(ask, runs):
    """Whatever the order of the files; the change has its place, its levels and its file."""
    status, output, _ = ask("trend", *reversed(runs))
    rows, changes = [part.splitlines() for part in output.split("\n\n")]
    assert status == 0
    assert [row.split("\t")[0] for row in rows] == [str(path) for path in runs]
    assert {change.split("\t")[0] for change in changes} == {"duration", "count/added median", "count/added p99"}
    for change in changes:
        cells = change.split("\t")
        assert cells[1] == "more"
        assert float(cells[4]) == pytest.approx(2, rel=0.01)
        assert cells[-1] == str(runs[9])


def test_machines_get_the_runs_and_the_changes(ask, runs):
    """An object a run with the statistics of each name, and one a change."""
    _, output, _ = ask("trend", *runs, "--json")
    records = [json.loads(line) for line in output.splitlines()]
    found = [record for record in records if record["kind"] == "run"]
    assert [record["path"] for record in found] == [str(path) for path in runs]
    assert found[0]["stats"]["count/added"]["count"] == 10
    assert found[0]["peak_bytes"] is None
    changes = [record for record in records if record["kind"] == "change"]
    assert {record["index"] for record in changes} == {9}
    assert all(record["p_value"] < 0.05 for record in changes)


def test_names_can_be_chosen(ask, job):
    """By pattern, as many as there are; or the slowest ones."""
    _, output, _ = ask("trend", job, "--name", "backlog/*", "--name", "nothing", "--json")
    assert all(name.startswith("backlog/") for name in json.loads(output)["stats"])
    assert len(json.loads(output)["stats"]) > 3
    _, output, _ = ask("trend", job, "-n", 1, "--json")
    assert len(json.loads(output)["stats"]) == 1


def test_few_runs_show_no_change(ask, runs):
    """Five runs cannot be told from chance."""
    _, output, _ = ask("trend", *runs[7:12])
    assert "\n\n" not in output
    assert len(output.splitlines()) == 5


def test_a_file_that_cannot_be_read_does_not_stop_the_others(ask, runs, tmp_path):
    """It is named in a line on stderr, and the status is 3; of a torn one what is whole counts."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    torn = tmp_path / "torn.history"
    shutil.copy(runs[0], torn)
    torn.write_bytes(torn.read_bytes()[:-7])
    status, output, errors = ask("trend", runs[0], other, torn)
    assert status == 3
    assert len(output.splitlines()) == 2
    assert f"{other}: this is no history file" in errors
    assert f"{torn} is torn" in errors


def test_what_is_no_history_is_refused(ask, tmp_path):
    """Alone it is status 3 and one line; what is not there, and nothing at all, is status 2."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    assert ask("trend", other)[:2] == (3, "")
    for arguments in ([tmp_path / "missing.history"], []):
        status, output, errors = ask("trend", *arguments)
        assert (status, output, errors.count("\n")) == (2, "", 1)
