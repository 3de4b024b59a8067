"""Parquet, asked by DuckDB and read by pandas: rows, types, and percentiles over a thousand runs."""

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from statestore import Alert, JournalError, Milestone, Span, StateStoreError, open_history
from statestore.exporters import export
from statestore.exporters.parquet import parquet
from statestore.recording.stats import rank
from tests.exporters.watched import WALL_NS, begin, fill, make_run, make_source, task_set  # noqa: F401  # fixtures

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SERIES = ("commits", "spans", "samples", "gauges", "milestones", "moves", "snapshots", "alerts")


@pytest.fixture
def tables(source, tmp_path):
    """The folder that the run was exported to."""
    return export(source, "parquet", tmp_path / "run.parquet")


def ask(question, *values):
    with duckdb.connect() as connection:
        return connection.execute(question, values).fetchall()


def test_every_recorded_value_is_a_row(source, tables):
    """DuckDB counts in each table what the source has, and finds the run and the store in every row."""
    for name in SERIES:
        found = ask(
            "SELECT count(*), count(run), count(DISTINCT store) FROM read_parquet(?)", f"{tables}/{name}.parquet"
        )
        count = len(getattr(source, name))
        assert found == [(count, count, min(count, 1))], name
    head = source.head.seq
    found = ask("SELECT run, store, head_seq, started_wall_ns FROM read_parquet(?)", f"{tables}/runs.parquet")
    assert found == [(source.header.run, "watched", head, WALL_NS)]


def test_values_and_types(source, tables):
    """Pandas gives times of day in UTC, exact nanoseconds, and JSON that is what was dispatched."""
    commits = pd.read_parquet(tables / "commits.parquet")
    assert str(commits["started_at"].dtype) == "datetime64[us, UTC]"
    assert str(commits["elapsed_ns"].dtype) == "int64"
    for row, commit in zip(commits.to_dict("records"), source.commits, strict=True):
        assert (row["seq"], row["parent"], row["type"]) == (commit.seq, commit.parent, commit.action.type)
        assert json.loads(row["payload"]) == {
            "id": commit.action.payload["id"],
            "value": {"size": 3, "tags": ["a", "b"]},
        }
        assert (row["started_ns"], row["elapsed_ns"]) == (commit.started_ns, commit.elapsed_ns)
        assert row["started_at"] == EPOCH + timedelta(microseconds=(WALL_NS + commit.started_ns) // 1_000)
        (patch,) = json.loads(row["patches"])
        assert patch == {"op": "add", "path": ["tasks", commit.action.payload["id"]],
                         "value": {"size": 3, "tags": ["a", "b"]}}  # fmt: skip
    spans = pd.read_parquet(tables / "spans.parquet").set_index("id")
    for span in source.spans:
        row = spans.loc[span.id]
        assert (row["name"], row["kind"], row["status"]) == (span.name, span.kind, span.status)
        assert (row["started_ns"], row["ended_ns"], row["elapsed_ns"]) == (
            span.started_ns,
            span.ended_ns,
            span.elapsed_ns,
        )
        assert row["thread_id"] == span.thread_id
        assert pd.isna(row["task"]) if span.task is None else row["task"] == span.task
    assert json.loads(spans[spans["name"] == "setup"]["metadata"].iloc[0])["worker"] == "w0"


def test_tables_join(tables):
    """A commit's span by its seq, a milestone's by its id, a span's parent."""
    question = f"""
        SELECT m.name, s.name, c.type, p.name FROM '{tables}/milestones.parquet' m
        JOIN '{tables}/spans.parquet' s ON s.id = m.span_id AND s.run = m.run
        JOIN '{tables}/commits.parquet' c ON c.seq = m.seq AND c.run = m.run
        JOIN '{tables}/spans.parquet' d ON d.seq = c.seq JOIN '{tables}/spans.parquet' p ON p.id = d.parent_id
    """
    assert ask(question) == [("half way", "setup", "board/task_set", "setup")]


def test_p99_of_every_action_over_a_thousand_runs(tmp_path, scaled):
    """One question to DuckDB over a thousand folders gives the nearest-rank percentiles of all commits in them."""
    by_type, runs = {}, scaled(100, 1_000)
    for number in range(runs):
        path = tmp_path / f"{number}.history"
        with begin(path) as run:
            for step in range(3):
                run.dispatch(task_set(f"T{step}", number))
            run.undo()
        with open_history(path) as file:
            export(file, "parquet", tmp_path / f"{number}.parquet")
            for commit in file.commits:
                by_type.setdefault(commit.action.type, []).append(commit.elapsed_ns)
        path.unlink()
    question = """
        SELECT type, count(*), count(DISTINCT run), quantile_disc(elapsed_ns, 0.99)
        FROM read_parquet(?) GROUP BY type
    """
    found = ask(question, f"{tmp_path}/*.parquet/commits.parquet")
    ((name, elapsed),) = by_type.items()
    expected = sorted(elapsed)[rank(0.99, len(elapsed)) - 1]
    assert found == [(name, 3 * runs, runs, expected)]


def test_it_is_written_in_groups(source, tmp_path):
    """No more rows than asked for are in a group, and none is lost between two."""
    parquet(source, tmp_path / "run.parquet", group=3)
    with pq.ParquetFile(tmp_path / "run.parquet" / "commits.parquet") as file:
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert sizes == [3, 3, 2]
    assert list(pd.read_parquet(tmp_path / "run.parquet" / "commits.parquet")["seq"]) == list(range(1, 9))


def test_large_payloads_make_small_groups(tmp_path):
    """Groups end by the size of their texts, too, so that they fit into memory."""
    with begin() as run:
        for number in range(5):
            run.dispatch(task_set(f"T{number}", "x" * 9_000_000))
        export(run.history, "parquet", tmp_path / "run.parquet")
    with pq.ParquetFile(tmp_path / "run.parquet" / "commits.parquet") as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)] == [2, 2, 1]


def test_awkward_values(tmp_path):
    """Half surrogate pairs, huge integers and NaN arrive as what JSON and UTF-8 can hold; null differs from none."""
    with begin() as run:
        for value in ("\ud83d", 10**40, float("nan"), None):
            run.dispatch(task_set("k", value))
        run.store.publish(Milestone("m\ud83d", 1, {"\ud83d": 1}))
        run.milestone("m\ud83d", {"\ud83d": 1})
        run.snapshot("s", why=["x"])
        run.store.publish(Alert("r", "s", 1, "t"))
        export(run.history, "parquet", tmp_path / "run.parquet")
    patches = [json.loads(text)[0] for text in pd.read_parquet(tmp_path / "run.parquet/commits.parquet")["patches"]]
    assert [patch.get("value") for patch in patches] == ["\ud83d", 10**40, "nan", None]
    assert patches[3] == {"op": "replace", "path": ["tasks", "k"], "value": None, "old": "nan"}
    assert list(pd.read_parquet(tmp_path / "run.parquet/milestones.parquet")["name"]) == ["m?"]


def test_what_is_there_stays(source, tmp_path):
    """A folder that exists is not written into; by name, `export` replaces its tables."""
    path = tmp_path / "run.parquet"
    path.mkdir()
    with pytest.raises(JournalError, match="cannot write"):
        parquet(source, path)
    assert list(path.iterdir()) == []
    for _ in range(2):
        export(source, "parquet", path)
        assert ask("SELECT count(*) FROM read_parquet(?)", f"{path}/commits.parquet") == [(8,)]
    assert [found.name for found in tmp_path.iterdir() if found.suffix != ".history"] == ["run.parquet"]


def test_numbers_that_do_not_fit(tmp_path):
    """A broken file may have numbers of any size: the error is one of ours, and nothing is left."""
    with begin() as run:
        run.timing.add(Span(1, None, "s", "block", 0, 1, thread_id=2**64))
        with pytest.raises(JournalError, match="cannot write"):
            export(run.history, "parquet", tmp_path / "run.parquet")
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_the_extra_is_named(source, tmp_path, monkeypatch):
    """The error says how to get it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in ("parquet", "tables"):
        monkeypatch.delitem(sys.modules, f"statestore.exporters.{name}")
    with pytest.raises(StateStoreError, match=r"pyarrow is not installed.*statestore\[analytics\]"):
        export(source, "parquet", tmp_path / "run.parquet")


def test_the_main_job_can_be_asked(main_job, tmp_path):
    """DuckDB finds in the main job's tables what the file has: how many of each action, and how long they took."""
    tables = export(main_job, "parquet", tmp_path / "main.parquet")
    for name in SERIES:
        assert ask("SELECT count(*) FROM read_parquet(?)", f"{tables}/{name}.parquet") == [
            (len(getattr(main_job, name)),)
        ], name
    elapsed = defaultdict(list)
    for commit in main_job.commits:
        elapsed[commit.action.type].append(commit.elapsed_ns)
    question = "SELECT type, count(*), sum(elapsed_ns)::BIGINT FROM read_parquet(?) GROUP BY type"
    found = {type_: counts for type_, *counts in ask(question, f"{tables}/commits.parquet")}
    assert found == {type_: [len(times), sum(times)] for type_, times in elapsed.items()}
