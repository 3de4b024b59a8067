"""Parquet: a folder of tables that DuckDB, pandas and Spark read, many runs of them together."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from statestore.errors import JournalError
from statestore.exporters.extras import extra, valid
from statestore.exporters.tables import TABLES, Row, Table
from statestore.ports import Source

with extra("analytics"):
    import pyarrow as pa
    import pyarrow.parquet as pq

# What is held at once: rows, or characters of text where payloads are large. A reader skips whole groups, so that they
# are not to be too small.
GROUP: Final = 20_000
GROUP_TEXT: Final = 16_000_000
_CODEC: Final = "zstd"


def parquet(source: Source, path: str | os.PathLike[str], group: int = GROUP) -> None:
    """Makes a folder with the tables runs, commits, spans, samples, gauges, milestones, moves, snapshots and alerts.

    Each is a file `<table>.parquet`, whose first columns, `run` and `store`, tell the rows of many runs apart. Columns
    are the fields of the values: `*_at` and `at` are timestamps in UTC (microseconds), `*_ns` nanoseconds, those of
    moments since the run began (`runs.started_wall_ns` since the epoch), `*_bytes` bytes; payload, meta, metadata, data
    and patches are JSON. Takes about 15 µs a row, and the memory of one group of rows.

    Args:
        source: a live history or an opened file.
        path: the folder to make; it must not exist.
        group: rows in a row group.

    Raises:
        JournalError: it cannot be written.
    """
    folder = Path(path)
    try:
        folder.mkdir()
        for table in TABLES:
            _write(source, table, folder / f"{table.name}.parquet", group)
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise JournalError(f"cannot write {path}: {error}") from error


def _write(source: Source, table: Table, path: Path, group: int) -> None:
    keys = {"run": valid(source.header.run), "store": valid(source.header.store)}
    with pq.ParquetWriter(path, table.schema, compression=_CODEC) as writer:
        for rows in _groups(table.rows(source), group):
            writer.write_table(_columns(rows, table, keys))


def _columns(rows: list[Row], table: Table, keys: dict[str, str]) -> "pa.Table":
    columns = [
        pa.repeat(pa.scalar(keys[field.name], field.type), len(rows))
        if field.name in keys
        else pa.array([row[field.name] for row in rows], field.type)
        for field in table.schema
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _groups(rows: Iterable[Row], most: int) -> Iterator[list[Row]]:
    """Rows by the group, fewer where their texts are long."""
    group: list[Row] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += sum([len(cell) for cell in row.values() if isinstance(cell, str)])
        if len(group) >= most or characters >= GROUP_TEXT:
            yield group
            group, characters = [], 0
    if group:
        yield group
