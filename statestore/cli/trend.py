"""`statestore trend FILE...`: many runs, one row each, and what got slower when."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from statestore.cli.arguments import Place, PlaceType, json_option
from statestore.cli.output import print_json, print_lines, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import fields
from statestore.cli.source import opened
from statestore.cli.text import clean
from statestore.errors import JournalError
from statestore.recording.units import format_bytes, format_ns

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.recording.changepoint import Change
    from statestore.recording.stats import Stats

_DAMAGED: Final = 3
_COLUMNS: Final = ("file", "began", ">commits", ">duration", ">peak memory")
_CHANGES: Final = ("what", "change", ">before", ">after", ">times", ">p", "since", "file")
# So many names fit beside the rest of a row; a pipe and JSON get as many as are asked for.
_SHOWN: Final = 3
# One in twenty changes that are none may look like one, over everything that is looked at.
_SIGNIFICANCE: Final = 0.05


class Row(NamedTuple):
    """What is kept of a run once its file is closed."""

    path: str
    began_ns: int
    commits: int
    duration_ns: int
    peak_bytes: int | None
    stats: "dict[str, Stats]"


class Series(NamedTuple):
    """One figure of all runs, and how to write it; None where a run does not have it."""

    name: str
    values: list[float | None]
    format: Any


@click.command()
@click.argument("files", type=PlaceType(takes_ref=False), metavar="FILE...", nargs=-1, required=True)
@click.option("--name", "patterns", multiple=True, metavar="PATTERN", help="These names; * stands for anything.")
@click.option("-n", "--slowest", type=click.IntRange(min=1), default=_SHOWN, help="So many names, the slowest.")
@json_option
def trend(files: tuple[Place, ...], patterns: tuple[str, ...], slowest: int, as_json: bool) -> int:
    r"""Shows many runs, the oldest first, one row each: date, commits, duration, memory, median and p99 by name.

    Below stands what changed its level, and from which run on: by Pettitt's test, which goes by ranks, at 5 % over all
    figures together. To be told from chance it takes some ten runs, and three at least on either side.

    A file that cannot be read is left out; the exit status is then 3.

    \b
    Examples:
      statestore trend run.history other.history
      statestore trend runs/*.history --name 'backlog/*' --json
    """
    unread: list[str] = []
    rows = sorted(_read(files, patterns, unread), key=lambda row: row.began_ns)
    names = _names(rows, None if patterns else slowest)
    changes = list(_changes(rows, names))
    if as_json:
        print_json(_records(rows, names, changes))
    else:
        print_rows(_columns(names), [list(_cells(row, names)) for row in rows])
        if changes:
            print_lines([""])
            print_rows(_CHANGES, (_change_cells(rows, series, change) for series, change in changes))
    for message in unread:
        click.echo(f"statestore: {clean(message)}", err=True)
    return _DAMAGED if unread else 0


def _read(files: Sequence[Place], patterns: Sequence[str], unread: list[str]) -> Iterator[Row]:
    """The rows, one file after the other: of each nothing but its figures is kept."""
    for file in progress(files, len(files), "reading runs", glance=1):
        try:
            with opened(file.path) as source:
                yield _row(file.path, source, patterns)
        except JournalError as error:
            unread.append(f"{file.path}: {error}")


def _row(path: str, source: "HistoryFile", patterns: Sequence[str]) -> Row:
    from statestore.recording.diagnosis import duration_of
    from statestore.recording.tally import stats_of, tally_actions, tally_spans

    stats = stats_of(tally_spans(source.spans) if source.spans else tally_actions(source.commits))
    if patterns:
        stats = {name: one for name, one in stats.items() if any(fnmatchcase(name, each) for each in patterns)}
    peak = max((sample.rss_bytes for sample in source.samples), default=None)
    return Row(path, source.header.started_wall_ns, len(source.commits), duration_of(source), peak, stats)


def _names(rows: Iterable[Row], most: int | None) -> list[str]:
    """The names, by the time that they took in all runs together."""
    totals: dict[str, int] = {}
    for row in rows:
        for name, stats in row.stats.items():
            totals[name] = totals.get(name, 0) + stats.total_ns
    return sorted(totals, key=lambda name: -totals[name])[:most]


def _changes(rows: Sequence[Row], names: Sequence[str]) -> "Iterator[tuple[Series, Change]]":
    from msgspec.structs import replace

    from statestore.recording.changepoint import find_changes

    everything = list(_series(rows, names))
    for series in everything:
        known = [place for place, value in enumerate(series.values) if value is not None]
        values = [value for value in series.values if value is not None]
        for change in find_changes(values, _SIGNIFICANCE / len(everything)):
            yield series, replace(change, index=known[change.index])


def _series(rows: Sequence[Row], names: Sequence[str]) -> Iterator[Series]:
    yield Series("duration", [row.duration_ns for row in rows], format_ns)
    yield Series("peak memory", [row.peak_bytes for row in rows], format_bytes)
    for name in names:
        for figure, field in (("median", "median_ns"), ("p99", "p99_ns")):
            yield Series(f"{name} {figure}", [getattr(row.stats.get(name), field, None) for row in rows], format_ns)


def _records(rows: Sequence[Row], names: Sequence[str], changes: "Sequence[tuple[Series, Change]]") -> Iterator[Any]:
    for row in rows:
        figures = {name: fields(row.stats[name]) for name in names if name in row.stats}
        yield {"kind": "run", **row._asdict(), "stats": figures}
    for series, change in changes:
        yield {"kind": "change", "what": series.name, "file": rows[change.index].path, **fields(change)}


def _columns(names: Iterable[str]) -> list[str]:
    return [*_COLUMNS, *[f">{name} {figure}" for name in names for figure in ("median", "p99")]]


def _cells(row: Row, names: Iterable[str]) -> Iterator[Any]:
    yield from (row.path, _date(row.began_ns), row.commits, format_ns(row.duration_ns))
    yield format_bytes(row.peak_bytes) if row.peak_bytes is not None else "-"
    for name in names:
        stats = row.stats.get(name)
        yield from (format_ns(stats.median_ns), format_ns(stats.p99_ns)) if stats else ("-", "-")


def _change_cells(rows: Sequence[Row], series: Series, change: "Change") -> tuple[Any, ...]:
    is_worse, row = change.after > change.before, rows[change.index]
    word = click.style("more" if is_worse else "less", fg="red" if is_worse else "green")
    levels = (series.format(change.before), series.format(change.after))
    times = f"{change.after / change.before:.2f}" if change.before else "-"
    return (series.name, word, *levels, times, f"{change.p_value:.2g}", _date(row.began_ns), row.path)


def _date(epoch_ns: int) -> str:
    return datetime.fromtimestamp(epoch_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
