"""Tables for a terminal: columns that line up and fit, drawn as the rows come."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from textwrap import wrap
from typing import Any, Final

import click
from rich.cells import cell_len, set_cell_size

from statestore.cli.text import clean

# The widths are those of so many rows: more than fit a screen, and a million rows need not be read for the first one.
_MEASURED: Final = 200
_GAP: Final = "  "
# Colours and weights only: whatever else begins with an escape is no style of ours.
_STYLE: Final = re.compile(r"(?:\x1b\[[0-9;]*m)+")
_RESET: Final = "\x1b[0m"


def draw(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], width: int, measured: int | None = None
) -> Iterator[str]:
    """The lines of a table no wider than `width`: the head, then the rows; what is too long is cut, with `…`.

    Args:
        columns: the heads; one that begins with `>` sets its column to the right, `|` before one lets it go on below.
        rows: as many cells each, styled by `click.style` or not.
        width: of the terminal, in character cells; a Chinese character takes two.
        measured: how many rows the widths are found from, 200 if None.
    """
    rows = iter(rows)
    known = [_texts(row) for row in islice(rows, measured or _MEASURED)]
    heads = [column.lstrip(">|") for column in columns]
    widths = fit([_widest(cells) for cells in zip(heads, *known, strict=True)], width)
    yield click.style(_line(heads, columns, widths), bold=True)
    for row in chain(known, map(_texts, rows)):
        yield from _lines(row, columns, widths)


def fit(wanted: Sequence[int], width: int) -> list[int]:
    """The widths of columns that together fit: the widest ones give way first."""
    room = width - len(_GAP) * (len(wanted) - 1)
    widths = [min(each, max(room, 1)) for each in wanted]
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths


def _texts(row: Sequence[Any]) -> list[str]:
    return [cell if isinstance(cell, str) else str(cell) for cell in row]


def _widest(cells: Sequence[str]) -> int:
    return max(cell_len(_plain(cell)) for cell in cells)


def _plain(cell: str) -> str:
    return clean(click.unstyle(cell))


def _lines(cells: Sequence[str], columns: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of a row: more than one where a column goes on below."""
    parts = [_parts(*each) for each in zip(cells, columns, widths, strict=True)]
    for line in zip_longest(*parts, fillvalue=""):
        yield _line(line, columns, widths)


def _parts(cell: str, column: str, width: int) -> list[str]:
    return (wrap(_plain(cell), width) or [""]) if column.startswith("|") else [cell]


def _line(cells: Sequence[str], columns: Sequence[str], widths: Sequence[int]) -> str:
    placed = [_place(*each) for each in zip(cells, columns, widths, strict=True)]
    return _GAP.join(placed).rstrip()


def _place(cell: str, column: str, width: int) -> str:
    text = _plain(cell)
    length = cell_len(text)
    shown = text if length <= width else set_cell_size(text, width - 1) + "…"
    padding = " " * (width - length)
    styled = _restyle(cell, shown)
    return padding + styled if column.startswith(">") else styled + padding


def _restyle(cell: str, shown: str) -> str:
    """The text in the style of the cell, which `click.style` wrote before it."""
    style = _STYLE.match(cell)
    return f"{style[0]}{shown}{_RESET}" if style else shown
