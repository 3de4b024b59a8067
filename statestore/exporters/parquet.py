"""Parquet: a folder of tables that DuckDB, pandas and Spark read, many runs of them together."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from statestore.errors import JournalError
from statestore.exporters.extras import extra
from statestore.exporters.lanes import valid
from statestore.exporters.tables import TABLES, Row, Table
from statestore.ports import Source

with extra("analytics"):
    import pyarrow as pa
    import pyarrow.parquet as pq

# Rows of a group, which a reader skips or reads as a whole, or fewer that take so many bytes: it is held in memory.
GROUP: Final = 100_000
GROUP_BYTES: Final = 32_000_000
# As Python's objects, rows take some twenty times the room that they take in columns: so many at once, or so much text.
_BATCH: Final = 2_000
_BATCH_TEXT: Final = 8_000_000
_CODEC: Final = "zstd"


def parquet(source: Source, path: str | os.PathLike[str], group: int = GROUP) -> None:
    """Makes a folder with the tables runs, commits, spans, samples, gauges, milestones, moves, snapshots and alerts.

    Each is a file `<table>.parquet`, whose first columns, `run` and `store`, tell the rows of many runs apart. Columns
    are the fields of the values: `*_at` and `at` are timestamps in UTC (microseconds), `*_ns` nanoseconds, those of
    moments since the run began (`runs.started_wall_ns` since the epoch), `*_bytes` bytes; payload, meta, metadata, data
    and patches are JSON. Takes three to four times as long as reading the
    run, and the memory of one group of rows: some 100 MB with the buffers of the library.

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
    batches = (_columns(rows, table, keys) for rows in _batches(table.rows(source), min(group, _BATCH)))
    with pq.ParquetWriter(path, table.schema, compression=_CODEC) as writer:
        for waiting in _groups(batches, group):
            writer.write_table(pa.Table.from_batches(waiting, table.schema), row_group_size=group)


def _batches(rows: Iterable[Row], most: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum([len(cell) for cell in row.values() if isinstance(cell, str)])
        if len(batch) >= most or characters >= _BATCH_TEXT:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _groups(batches: "Iterable[pa.RecordBatch]", most: int) -> "Iterator[list[pa.RecordBatch]]":
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(one.num_rows for one in group) >= most or sum(one.nbytes for one in group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def _columns(rows: list[Row], table: Table, keys: dict[str, str]) -> "pa.RecordBatch":
    columns = [
        pa.repeat(pa.scalar(keys[field.name], field.type), len(rows))
        if field.name in keys
        else pa.array([row[field.name] for row in rows], field.type)
        for field in table.schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
