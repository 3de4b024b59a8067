"""How answers are printed: tables and a pager on a terminal, tab-separated text on a pipe, JSON lines when asked."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any, Final

import click

from statestore.cli.text import clean, escape

# A pager is fed so many lines at a time: enough for a screen, so that the first one is there at once.
_PAGE: Final = 50
# In less nothing can be read, whatever a terminal says of itself.
_LEAST_WIDTH: Final = 20


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], live: bool = False) -> None:
    """Prints one row a line; the heads of the columns stand on a terminal only.

    Rows are printed as they come, however many there are. A cell may be what `click.style` gives; a column whose head
    begins with `>` is set to the right, one with `|` goes on in the next line where it is too long.

    Args:
        columns: their heads.
        rows: as many cells each.
        live: whether rows come as things happen: each is shown at once, and there is no pager.
    """
    if is_terminal():
        from statestore.cli.table import draw

        lines = draw(columns, rows, width(), 1 if live else None)
    else:
        lines = ("\t".join([clean(_unstyle(str(cell))) for cell in row]) for row in rows)
    print_lines(lines, live)


def print_json(records: Iterable[dict[str, Any]], live: bool = False) -> None:
    """Prints one object a line."""
    print_lines(map(to_json, records), live)


def print_lines(lines: Iterable[str], live: bool = False) -> None:
    """Prints lines, on a terminal through a pager where they are more than fit; what is in them is printed as it is."""
    lines = iter(lines)
    if live or not is_terminal():
        _write(lines, live)
        return
    first, is_all = _take_screenful(lines)
    if is_all or _refuses_pager():
        _write(chain(first, lines), live)
    else:
        click.echo_via_pager(_chunks(chain(first, lines)), color=has_colour())


def _write(lines: Iterable[str], live: bool) -> None:
    coloured = has_colour()
    for line in lines:
        sys.stdout.write((line if coloured else _unstyle(line)) + "\n")
        if live:
            sys.stdout.flush()


def _unstyle(text: str) -> str:
    return click.unstyle(text) if "\x1b" in text else text


def note(text: str) -> None:
    """Tells a person, and nobody else, what the answer does not say."""
    if sys.stderr.isatty():
        click.echo(clean(text), err=True)


def is_terminal() -> bool:
    """Whether a person looks at the output."""
    return sys.stdout.isatty()


def has_colour() -> bool:
    """Whether the output may be coloured: on a terminal that can, unless NO_COLOR is set (https://no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """The columns of the terminal; COLUMNS, where it is set, says so."""
    return max(_size()[0], _LEAST_WIDTH)


def _size() -> tuple[int, int]:
    from shutil import get_terminal_size  # only a terminal has one

    return get_terminal_size()


def _take_screenful(lines: Iterator[str]) -> tuple[list[str], bool]:
    """Lines up to the first that does not fit the screen any more, and whether all did."""
    taken, left, columns = [], _size()[1] - 1, width()  # the last line is the prompt's
    for line in lines:
        taken.append(line)
        left -= max(-(-len(click.unstyle(line)) // columns), 1)
        if left < 0:
            return taken, False
    return taken, True


def _refuses_pager() -> bool:
    return os.environ.get("PAGER", "less").strip() in ("", "cat")


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    """The lines in chunks, without the last line break, which click adds."""
    before = ""
    while chunk := list(islice(lines, _PAGE)):
        yield before + "\n".join(chunk)
        before = "\n"


def to_json(value: Any) -> str:
    """JSON of any state, on one line: what JSON does not know becomes its text."""
    from statestore.tree.plain import to_plain

    # Where the output cannot hold every character, JSON has its own way to write them.
    is_full = sys.stdout.encoding.lower() in ("utf-8", "utf8")
    return escape(_encoder(not is_full)(to_plain(value)))


@cache
def _encoder(ascii_only: bool) -> Callable[[Any], str]:
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=ascii_only).encode


def short(value: Any, width: int = 60) -> str:
    """A value on one line, cut to the width."""
    text = to_json(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def clock_time(epoch_ns: int) -> str:
    """A local time of day with milliseconds, for a log."""
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(epoch_ns / 1e9, UTC).astimezone()
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
