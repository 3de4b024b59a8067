"""The tables of a run for data tools: their columns, and the rows that recorded values make."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from msgspec.structs import asdict

from statestore.exporters.extras import extra
from statestore.exporters.jsontext import encode
from statestore.exporters.lanes import valid
from statestore.ports import Source
from statestore.values import Commit, Header

with extra("analytics"):
    import pyarrow as pa

Row = dict[str, Any]

# Microseconds: Spark refuses timestamps in nanoseconds, and DuckDB cuts them. The exact times are in the `_ns` columns.
_AT: Final = pa.timestamp("us", tz="UTC")
_TEXT: Final = pa.string()
_INT: Final = pa.int64()
_KEYS: Final = {"run": _TEXT, "store": _TEXT}
_JSON: Final = frozenset({"data", "metadata", "evidence"})


class Table(NamedTuple):
    """A table: its schema, and the rows that a source has for it."""

    name: str
    schema: Any
    rows: Callable[[Source], Iterable[Row]]


def _table(name: str, rows: Callable[[Source], Iterable[Row]], /, **columns: Any) -> Table:
    # NULL only where it means something, so that a reader need not ask.
    optional = {"payload", "meta", "group_seq", "label", "parent_id", "seq", "task", "reducer_ns", "data", "span_id"}
    fields = [
        pa.field(column, kind, column in optional or column.startswith(("loop_", "traced_")))
        for column, kind in (_KEYS | columns).items()
    ]
    return Table(name, pa.schema(fields), rows)


def _of(series: str) -> Callable[[Source], Iterator[Row]]:
    """The rows of values of a moment, whose fields are the columns, beside its time of day."""

    def rows(source: Source) -> Iterator[Row]:
        for value in getattr(source, series):
            yield _row(value) | {"at": _moment(source.header, value.at_ns)}

    return rows


def _row(value: Any) -> Row:
    return {name: _json(part) if name in _JSON else _cell(part) for name, part in asdict(value).items()}


def _runs(source: Source) -> Iterator[Row]:
    header, head = source.header, source.head
    yield _row(header) | {"started_at": _moment(header, 0), "head_seq": head.seq if head is not None else 0}


def _spans(source: Source) -> Iterator[Row]:
    for span in source.spans:
        yield _row(span) | {"started_at": _moment(source.header, span.started_ns), "elapsed_ns": span.elapsed_ns}


def _commits(source: Source) -> Iterator[Row]:
    for commit in source.commits:
        action = commit.action
        yield {
            "seq": commit.seq,
            "parent": commit.parent,
            "type": _cell(action.type),
            "payload": _json(action.payload),
            "meta": _json(action.meta),
            "started_at": _moment(source.header, commit.started_ns),
            "started_ns": commit.started_ns,
            "elapsed_ns": commit.elapsed_ns,
            "group_seq": commit.group,
            "label": _cell(commit.label),
            "patches": _patches(commit),
        }


def _patches(commit: Commit) -> str:
    return encode([_patch(*change) for change in commit.changes]).decode()


def _patch(op: str, path: Any, value: Any, old: Any) -> Row:
    """What a removal and an addition have no use for is left out; a null is a value."""
    patch: Row = {"op": op, "path": list(path)}
    if op != "remove":
        patch["value"] = value
    if op != "add":
        patch["old"] = old
    return patch


def _moment(header: Header, at_ns: int) -> int:
    return (header.started_wall_ns + at_ns) // 1_000


def _cell(value: Any) -> Any:
    return valid(value) if isinstance(value, str) else value


def _json(value: Any) -> str | None:
    return None if value is None else encode(value).decode()


TABLES: Final = (
    _table(
        "runs", _runs, started_at=_AT, started_wall_ns=_INT, process_id=_INT, python=_TEXT, statestore=_TEXT,
        platform=_TEXT, head_seq=_INT,
    ),
    _table(
        "commits", _commits, seq=_INT, parent=_INT, type=_TEXT, payload=_TEXT, meta=_TEXT, started_at=_AT,
        started_ns=_INT, elapsed_ns=_INT, group_seq=_INT, label=_TEXT, patches=_TEXT,
    ),
    _table(
        "spans", _spans, id=_INT, parent_id=_INT, name=_TEXT, kind=_TEXT,
        started_at=_AT, started_ns=_INT, ended_ns=_INT, elapsed_ns=_INT, status=_TEXT, metadata=_TEXT, seq=_INT,
        process_id=_INT, thread_id=_INT, task=_TEXT, reducer_ns=_INT,
    ),
    _table(
        "samples", _of("samples"), at=_AT, at_ns=_INT, rss_bytes=_INT, heap_blocks=_INT, gc_collections=_INT,
        gc_pause_ns=_INT, history_commits=_INT, history_bytes=_INT, traced_bytes=_INT,
    ),
    _table(
        "gauges", _of("gauges"), at=_AT, at_ns=_INT, cpu_ns=_INT, threads=_INT, voluntary_switches=_INT,
        involuntary_switches=_INT, gc_pause_ns=_INT, gc_longest_ns=_INT, loop_delay_p50_ns=_INT,
        loop_delay_p99_ns=_INT, loop_delay_max_ns=_INT, loop_utilisation=pa.float64(), loop_held_ns=_INT,
    ),
    _table("milestones", _of("milestones"), at=_AT, name=_TEXT, at_ns=_INT, data=_TEXT, metadata=_TEXT, seq=_INT,
           span_id=_INT),
    _table("moves", _of("moves"), at=_AT, kind=_TEXT, from_seq=_INT, to_seq=_INT, at_ns=_INT),
    _table("snapshots", _of("snapshots"), at=_AT, id=_INT, name=_TEXT, seq=_INT, at_ns=_INT, metadata=_TEXT),
    _table("alerts", _of("alerts"), at=_AT, rule=_TEXT, subject=_TEXT, at_ns=_INT, sentence=_TEXT, evidence=_TEXT),
)  # fmt: skip
