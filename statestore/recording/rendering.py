"""Pages for people, made of paragraphs and tables: plain text, and with rich where they are read on a terminal."""

import sys
from collections.abc import Sequence
from typing import Any, TextIO, TypeAlias

Rows: TypeAlias = list[tuple[str, ...]]
"""A table: its head, then its rows; the first column is text, the others are numbers."""

Page: TypeAlias = Sequence[str | Rows]


def as_text(page: Page) -> str:
    """The page as plain text, an empty line between its parts."""
    return "\n\n".join([part if isinstance(part, str) else _lined_up(part) for part in page])


def print_page(page: Page, file: TextIO | None = None) -> None:
    """Prints the page, with rich if the file is a terminal; on standard output if there is no file."""
    file = sys.stdout if file is None else file
    if not file.isatty():
        print(as_text(page), file=file)
        return
    # rich is slow to load and of no use on a pipe.
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, markup=False, highlight=False)
    for number, part in enumerate(page):
        if number:
            console.print()
        if isinstance(part, str):
            text = Text(part)
            text.highlight_words(["warning:"], "bold yellow")
            console.print(text)
        else:
            console.print(_drawn(part))


def _lined_up(rows: Rows) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *[cell.rjust(widths[i]) for i, cell in enumerate(row[1:], 1)]]).rstrip()
        for row in rows
    )


def _drawn(rows: Rows) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    first, *others = zip(*rows, strict=True)
    # Where the terminal is narrow, names are cut rather than numbers.
    table.add_column(first[0], no_wrap=True, overflow="ellipsis")
    for column in others:
        table.add_column(column[0], justify="right", no_wrap=True, min_width=max(map(len, column)))
    for row in rows[1:]:
        table.add_row(*row)
    return table
