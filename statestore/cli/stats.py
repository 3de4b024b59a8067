"""`statestore stats FILE`: how long things took, by name."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.output import note, print_json, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import fields
from statestore.cli.source import opened, selected
from statestore.recording.units import format_ns

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.recording.stats import Stats

COLUMNS = ("name", ">count", ">total", ">mean", ">median", ">p95", ">p99", ">max")


@click.command()
@file_argument()
@click.option("--name", "pattern", metavar="PATTERN", help="Only these names; * stands for anything.")
@click.option("--actions", is_flag=True, help="The time in the reducer, by type of action.")
@range_option
@json_option
def stats(file: Place, pattern: str | None, actions: bool, span: str | None, as_json: bool) -> None:
    r"""Counts the spans by name and says how long they took, the name that took most first.

    A dispatch is a span of its action's type. A file without spans, and --actions, tells of the reducer alone.
    Percentiles are nearest-rank, exact up to 100,000 spans of a name, and within 1 % beyond.

    \b
    Examples:
      statestore stats run.history
      statestore stats run.history --name 'backlog/*' --range release..head
      statestore stats run.history --actions --json
    """
    with opened(file.path) as source:
        found = {name: one for name, one in _collect(source, file, span, actions).items() if _fits(name, pattern)}
        if as_json:
            print_json({"name": name, **fields(one)} for name, one in found.items())
        else:
            print_rows(COLUMNS, _rows(found))
        if not found:
            note("nothing was timed")


def _collect(source: "HistoryFile", file: Place, span: str | None, actions: bool) -> "Mapping[str, Stats]":
    from statestore.recording.tally import stats_of, tally_actions, tally_spans

    chosen = selected(source, file, span)
    if actions or not source.spans:
        commits = source.commits if chosen is None else chosen.commits
        return stats_of(tally_actions(progress(commits, len(commits), "reading commits")))
    spans = progress(source.spans, len(source.spans), "reading spans")
    return stats_of(tally_spans(spans if chosen is None else filter(chosen.holds, spans)))


def _fits(name: str, pattern: str | None) -> bool:
    from fnmatch import fnmatchcase

    return pattern is None or fnmatchcase(name, pattern)


def _rows(found: "Mapping[str, Stats]") -> Iterator[tuple[Any, ...]]:
    for name, one in found.items():
        times = (one.total_ns, one.mean_ns, one.median_ns, one.p95_ns, one.p99_ns, one.max_ns)
        yield (name, one.count, *map(format_ns, times))
