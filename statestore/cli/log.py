"""`statestore log FILE`: what happened, action by action."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, RefType, file_argument, json_option
from statestore.cli.output import clock_time, print_json, print_rows, short
from statestore.cli.records import as_record
from statestore.cli.source import opened, selected
from statestore.recording.units import format_ns

if TYPE_CHECKING:
    from statestore.values import Commit

COLUMNS = (">seq", "time", ">took", "action", "payload", ">changes")


@click.command()
@file_argument()
@click.argument("span", type=RefType(), metavar="[A..B]", required=False)
@click.option("-n", "--last", type=click.IntRange(min=1), help="Only the last N commits.")
@json_option
def log(file: Place, span: str | None, last: int | None, as_json: bool) -> None:
    r"""Lists the commits: seq, time, how long the reducer took, action, payload, number of changes.

    Without a range these are the commits of all branches, in the order in which they were made; the head's is marked.
    With A..B they are those after A up to B, with a ref alone those that led to it.

    \b
    Examples:
      statestore log run.history -n 20
      statestore log run.history head~100..head~50
      statestore log run.history@release
    """
    with opened(file.path) as source:
        chosen = selected(source, file, span)
        commits = source.commits if chosen is None else chosen.commits
        if last:
            commits = commits[-last:]
        if as_json:
            print_json(map(as_record, commits))
            return
        print_rows(COLUMNS, rows(commits, source.header.started_wall_ns, source.position))


def rows(commits: "Iterable[Commit]", began_ns: int, head: int) -> Iterator[tuple[Any, ...]]:
    """A row for each commit, by `COLUMNS`."""
    for commit in commits:
        yield (
            f"{commit.seq}{' *' if commit.seq == head else ''}",
            clock_time(began_ns + commit.started_ns),
            format_ns(commit.elapsed_ns),
            commit.action.type,
            short(commit.action.payload),
            len(commit.changes),
        )
