"""How answers are printed: a table on a terminal, tab-separated text on a pipe, JSON lines when asked."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from statestore.tree.plain import to_plain


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints one row a line; the heads of the columns stand on a terminal only."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join([_one_line(cell) for cell in row]))
        return
    # rich is slow to load and of no use on a pipe.
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*[_one_line(cell) for cell in row])
    Console(markup=False, highlight=False).print(table)


def print_json(records: Iterable[dict[str, Any]]) -> None:
    """Prints one object a line."""
    for record in records:
        click.echo(to_json(record))


def to_json(value: Any) -> str:
    """JSON of any state: what JSON does not know becomes its text."""
    return json.dumps(to_plain(value), ensure_ascii=False)


def short(value: Any, width: int = 60) -> str:
    """A value on one line, cut to the width."""
    text = to_json(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def clock_time(epoch_ns: int) -> str:
    """A local time of day with milliseconds, for a log."""
    moment = datetime.fromtimestamp(epoch_ns / 1e9, UTC).astimezone()
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def _one_line(cell: Any) -> str:
    return str(cell).replace("\t", " ").replace("\n", " ")
