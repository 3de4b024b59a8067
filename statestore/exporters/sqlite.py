"""An SQLite database: a table for each kind of recorded value, to be asked with SQL."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from statestore.errors import JournalError
from statestore.exporters.jsontext import encode
from statestore.ports import Source
from statestore.tree.plain import to_pointer
from statestore.values import Alert, Commit, GaugeSample, Header, MemorySample, Milestone, Move, Snapshot, Span

# Rows that go in with one call.
_BATCH: Final = 2_000

# JSON is in TEXT columns: a type of another name would turn what looks like a number into one.
_SCHEMA: Final = """
CREATE TABLE commits (
    seq INTEGER PRIMARY KEY, parent INTEGER NOT NULL, type TEXT NOT NULL, payload TEXT, meta TEXT,
    started_ns INTEGER NOT NULL, elapsed_ns INTEGER NOT NULL, group_seq INTEGER, label TEXT
);
CREATE TABLE patches (
    seq INTEGER NOT NULL, number INTEGER NOT NULL, op TEXT NOT NULL, path TEXT NOT NULL, pointer TEXT NOT NULL,
    value TEXT, old TEXT, PRIMARY KEY (seq, number)
) WITHOUT ROWID;
"""

# The other tables have the fields of the values as their columns, and what is computed behind them.
_BY_FIELDS: Final[dict[str, tuple[type[msgspec.Struct], str]]] = {
    "runs": (Header, ", head_seq INTEGER"),
    "spans": (Span, ", elapsed_ns INTEGER"),
    "milestones": (Milestone, ""),
    "samples": (MemorySample, ""),
    "gauges": (GaugeSample, ""),
    "snapshots": (Snapshot, ""),
    "moves": (Move, ""),
    "alerts": (Alert, ""),
}
_AFFINITIES: Final[dict[Any, str]] = {
    int: "INTEGER", int | None: "INTEGER", float: "REAL", float | None: "REAL", str: "TEXT", str | None: "TEXT",
}  # fmt: skip

# After the rows are in, which is quicker. Percentiles are nearest-rank, as everywhere here.
_INDEXES_AND_VIEWS: Final = """
CREATE INDEX commits_by_type ON commits (type, elapsed_ns);
CREATE INDEX commits_by_parent ON commits (parent);
CREATE INDEX patches_by_pointer ON patches (pointer);
CREATE INDEX spans_by_id ON spans (id);
CREATE INDEX spans_by_name ON spans (name, elapsed_ns);
CREATE INDEX spans_by_parent ON spans (parent_id);
CREATE INDEX spans_by_seq ON spans (seq);
CREATE VIEW actions AS
    WITH ranked AS (
        SELECT type, elapsed_ns, row_number() OVER (PARTITION BY type ORDER BY elapsed_ns) AS place,
               count(*) OVER (PARTITION BY type) AS n
        FROM commits
    )
    SELECT type, n AS count, sum(elapsed_ns) AS sum_ns, min(elapsed_ns) AS min_ns,
           min(CASE WHEN place >= (n * 50 + 99) / 100 THEN elapsed_ns END) AS p50_ns,
           min(CASE WHEN place >= (n * 95 + 99) / 100 THEN elapsed_ns END) AS p95_ns,
           min(CASE WHEN place >= (n * 99 + 99) / 100 THEN elapsed_ns END) AS p99_ns,
           max(elapsed_ns) AS max_ns
    FROM ranked GROUP BY type;
CREATE VIEW span_times AS
    WITH ranked AS (
        SELECT name, elapsed_ns, status, row_number() OVER (PARTITION BY name ORDER BY elapsed_ns) AS place,
               count(*) OVER (PARTITION BY name) AS n
        FROM spans
    )
    SELECT name, n AS count, sum(status <> 'ok') AS failed, sum(elapsed_ns) AS sum_ns, min(elapsed_ns) AS min_ns,
           min(CASE WHEN place >= (n * 50 + 99) / 100 THEN elapsed_ns END) AS p50_ns,
           min(CASE WHEN place >= (n * 95 + 99) / 100 THEN elapsed_ns END) AS p95_ns,
           min(CASE WHEN place >= (n * 99 + 99) / 100 THEN elapsed_ns END) AS p99_ns,
           max(elapsed_ns) AS max_ns
    FROM ranked GROUP BY name;
CREATE VIEW timeline AS
    SELECT m.at_ns, m.name, m.seq, datetime((r.started_wall_ns + m.at_ns) / 1000000000, 'unixepoch') AS at_utc
    FROM milestones AS m, runs AS r;
"""


def sqlite(source: Source, path: str | os.PathLike[str]) -> None:
    """Writes a database with the tables runs, commits, patches, spans, milestones, samples, gauges, snapshots, moves
    and alerts; the views `actions` and `span_times` have count, p50, p95 and p99 for each name, `timeline` the times
    of day of the milestones.

    Columns are the fields of the values: `*_ns` are nanoseconds since `runs.started_wall_ns` (UTC, since the epoch),
    `*_bytes` bytes. Payloads, metadata, values and paths are JSON, for `json_extract`; `pointer` is the path as a JSON
    Pointer, `commits.group_seq` the group. Takes the memory of a few thousand rows, however long the run is.

    Args:
        source: a live history or an opened file.
        path: the database to make; it must not exist.

    Raises:
        JournalError: it cannot be written.
    """
    if Path(path).exists():
        raise JournalError(f"{path} exists; give the path of a new database")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            # Nobody else has the file yet, and one that was cut short is thrown away: nothing has to be safe meanwhile.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(f"BEGIN; {_SCHEMA} {' '.join(map(_create, _BY_FIELDS))} COMMIT;")
            for table, rows in _tables(source):
                _fill(database, table, rows)
            database.executescript(f"BEGIN; {_INDEXES_AND_VIEWS} COMMIT;")
            database.execute("PRAGMA optimize")
    except (sqlite3.Error, OverflowError) as error:
        raise JournalError(f"cannot write {path}: {error}") from error


def _create(table: str) -> str:
    cls, more = _BY_FIELDS[table]
    columns = [f"{field.name} {_AFFINITIES.get(field.type, 'TEXT')}" for field in msgspec.structs.fields(cls)]
    return f"CREATE TABLE {table} ({', '.join(columns)}{more});"


def _tables(source: Source) -> Iterator[tuple[str, Iterable[Any]]]:
    head = source.head
    yield "runs", [(*_fields(source.header), head.seq if head is not None else 0)]
    yield "commits", map(_commit, source.commits)
    yield "patches", (row for commit in source.commits for row in _patches(commit))
    yield "spans", ((*_fields(span), span.elapsed_ns) for span in source.spans)
    for table in ("milestones", "samples", "gauges", "snapshots", "moves", "alerts"):
        yield table, map(_fields, getattr(source, table))


def _fill(database: sqlite3.Connection, table: str, rows: Iterable[Any]) -> None:
    """A transaction for each batch, so that none grows with the run."""
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        marks = ", ".join("?" * len(batch[0]))
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", batch)  # noqa: S608  the names are our own
        database.execute("COMMIT")


def _commit(commit: Commit) -> tuple[Any, ...]:
    action = commit.action
    return (
        commit.seq,
        commit.parent,
        _cell(action.type),
        _json(action.payload),
        _json(action.meta),
        commit.started_ns,
        commit.elapsed_ns,
        commit.group,
        _cell(commit.label),
    )


def _patches(commit: Commit) -> Iterator[tuple[Any, ...]]:
    for number, (op, path, value, old) in enumerate(commit.changes):
        pointer = _cell(to_pointer(path))
        new, was = None if op == "remove" else _json(value, True), None if op == "add" else _json(old, True)
        yield commit.seq, number, op, _json(list(path)), pointer, new, was


def _fields(value: msgspec.Struct) -> tuple[Any, ...]:
    """A recorded value as a row; what is neither number nor text is JSON."""
    return tuple([_cell(getattr(value, name)) if is_cell else _json(getattr(value, name))
                  for name, is_cell in _columns(type(value))])  # fmt: skip


@cache
def _columns(cls: type[msgspec.Struct]) -> tuple[tuple[str, bool], ...]:
    return tuple([(field.name, field.type in _AFFINITIES) for field in msgspec.structs.fields(cls)])


def _cell(value: Any) -> Any:
    """A value of a column; texts that are no Unicode, such as names of files, are made so."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _json(value: Any, with_null: bool = False) -> str | None:
    """JSON text; None stays NULL, but for a value of the state, where `null` differs from no value."""
    return None if value is None and not with_null else encode(value).decode()
