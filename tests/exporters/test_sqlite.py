"""A run as an SQLite database, asked with SQL by the standard library's own SQLite."""

import json
import sqlite3
from contextlib import closing

import pytest

from statestore import JournalError
from statestore.exporters import export
from statestore.exporters.sqlite import sqlite
from statestore.tree.plain import to_plain
from tests.exporters.boards import put, worked

TABLES = ("commits", "spans", "milestones", "samples", "gauges", "snapshots", "moves", "alerts")


@pytest.fixture
def database(source, tmp_path):
    """The database that the run was exported to."""
    with closing(sqlite3.connect(export(source, "sqlite", tmp_path / "run.sqlite"))) as found:
        found.row_factory = sqlite3.Row
        yield found


def ask(database, question, *values):
    """The rows of an answer, as tuples."""
    return [tuple(row) for row in database.execute(question, values)]


def test_every_recorded_value_is_a_row(source, database):
    """Each table has as many rows as there are values, and patches as many as there are changes."""
    for table in TABLES:
        assert ask(database, f"SELECT count(*) FROM {table}") == [(len(getattr(source, table)),)], table
    assert ask(database, "SELECT count(*) FROM patches") == [(sum(len(c.changes) for c in source.commits),)]
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]


def test_the_run_tells_of_itself(source, database):
    """There is one run, with its start in UTC and where its head is."""
    header = source.header
    question = "SELECT run, store, started_wall_ns, head_seq FROM runs"
    assert ask(database, question) == [(header.run, "everything", header.started_wall_ns, 10)]


def test_p99_per_action(source, database):
    """The view `actions` has the percentiles that the statistics of this library have."""
    by_type: dict[str, list[int]] = {}
    for commit in source.commits:
        by_type.setdefault(commit.action.type, []).append(commit.elapsed_ns)
    rows = {row["type"]: row for row in database.execute("SELECT * FROM actions")}
    assert rows.keys() == by_type.keys()
    for name, elapsed in by_type.items():
        ordered, row = sorted(elapsed), rows[name]
        ranks = {share: ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 95, 99)}
        assert (row["count"], row["min_ns"], row["max_ns"]) == (len(ordered), ordered[0], ordered[-1])
        assert (row["p50_ns"], row["p95_ns"], row["p99_ns"]) == (ranks[50], ranks[95], ranks[99])
        assert row["sum_ns"] == sum(ordered)


def test_times_of_spans(database):
    """The view `span_times` counts spans by name, and those that failed."""
    rows = {row["name"]: row for row in database.execute("SELECT * FROM span_times")}
    assert (rows["planning"]["count"], rows["planning"]["failed"]) == (1, 0)
    assert rows["backlog/added"]["count"] == 10
    assert rows["backlog/dropped"]["failed"] == 1


def test_payloads_and_changes_are_json(database):
    """SQLite's JSON functions read payloads, values, metadata and paths."""
    question = "SELECT seq FROM commits WHERE json_extract(payload, '$.points') >= 8"
    assert ask(database, question) == [(9,), (10,)]
    question = "SELECT seq, op, json_extract(value, '$.points'), old FROM patches WHERE pointer = '/tasks/T3'"
    assert ask(database, question) == [(4, "add", 3, None)]
    question = "SELECT c.type, p.value, p.old FROM patches p JOIN commits c USING (seq) WHERE pointer LIKE '%/status'"
    assert ask(database, question) == [("backlog/moved", '"done"', '"planned"')]
    assert ask(database, "SELECT json_extract(data, '$.tasks'), json_extract(metadata, '$.by') FROM milestones") == [
        (10, "me")
    ]
    assert ask(database, "SELECT name, substr(at_utc, 1, 2) FROM timeline") == [("planned", "20")]


def test_spans_by_commit_and_parent(database):
    """A commit's span is found by its seq, and the span around it by its parent."""
    question = """
        SELECT s.name, p.name, s.elapsed_ns >= c.elapsed_ns, s.elapsed_ns = s.ended_ns - s.started_ns
        FROM commits c JOIN spans s USING (seq) JOIN spans p ON p.id = s.parent_id WHERE c.seq = 3
    """
    assert ask(database, question) == [("backlog/added", "planning", 1, 1)]


def test_indexes_are_used(database):
    """Questions by path, name, type and parent do not read whole tables."""
    for question in (
        "SELECT * FROM patches WHERE pointer = '/tasks/T3'",
        "SELECT * FROM commits WHERE type = 'backlog/added'",
        "SELECT * FROM commits WHERE parent = 3",
        "SELECT * FROM spans WHERE name = 'planning'",
        "SELECT * FROM spans WHERE parent_id = 3",
        "SELECT * FROM spans WHERE seq = 3",
        "SELECT * FROM spans WHERE id = 3",
    ):
        plan = " ".join(row[3] for row in ask(database, f"EXPLAIN QUERY PLAN {question}"))
        assert "SEARCH" in plan, question


def test_the_state_can_be_had_from_the_patches(source, database):
    """Patches of the table, applied by hand, lead to the recorded state."""
    state = to_plain(source.state_at("root"))
    for op, path, value in ask(database, "SELECT op, path, value FROM patches ORDER BY seq, number"):
        *way, last = json.loads(path)
        place = state
        for key in way:
            place = place[key]
        if op == "remove":
            del place[last]
        else:
            place[last] = json.loads(value)
    assert state == to_plain(source.state_at(source.commits[-1].seq))


def test_awkward_values(tmp_path):
    """Half surrogate pairs, huge integers, NaN, null and empty texts arrive as what JSON and SQL can hold."""
    values = ["\ud83d", 10**40, float("nan"), None, ""]
    _, history = worked(*[put(f"k/~{n}", value) for n, value in enumerate(values)])
    sqlite(history, tmp_path / "x.sqlite")
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as database:
        found = ask(database, "SELECT pointer, value FROM patches ORDER BY seq")
        assert found == [
            ("/k~1~00", '"\\ud83d"'),
            ("/k~1~01", str(10**40)),
            ("/k~1~02", '"nan"'),
            ("/k~1~03", "null"),
            ("/k~1~04", '""'),
        ]


def test_what_is_there_stays(tmp_path):
    """A file that exists is not written into; by name, `export` replaces it whole."""
    _, history = worked(put("a", 1))
    (tmp_path / "x.sqlite").write_bytes(b"mine")
    with pytest.raises(JournalError, match="exists"):
        sqlite(history, tmp_path / "x.sqlite")
    assert (tmp_path / "x.sqlite").read_bytes() == b"mine"
    export(history, "sqlite", tmp_path / "x.sqlite")
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as database:
        assert ask(database, "SELECT count(*) FROM commits") == [(1,)]
    assert [path.name for path in tmp_path.iterdir()] == ["x.sqlite"]


def test_no_such_folder(tmp_path):
    """A database that cannot be made is one error."""
    _, history = worked(put("a", 1))
    with pytest.raises(JournalError, match="cannot write"):
        sqlite(history, tmp_path / "none" / "x.sqlite")
