"""`statestore log FILE`: what happened, action by action."""

from collections.abc import Iterator
from typing import Any

import click

from statestore.cli.output import clock_time, print_json, print_rows, short
from statestore.cli.source import opened
from statestore.recording.spantree import format_ns
from statestore.values import Commit


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("-n", "--last", type=click.IntRange(min=1), help="Only the last N commits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def log(file: str, last: int | None, as_json: bool) -> None:
    r"""Lists the commits: seq, time, how long the reducer took, action, payload, number of changes.

    \b
    Example:
      statestore log run.history -n 20
    """
    with opened(file) as source:
        commits = source.commits[-last:] if last else source.commits
        if as_json:
            print_json(map(as_record, commits))
            return
        head = source.head.seq if source.head else 0
        print_rows(
            ("seq", "time", "took", "action", "payload", "changes"),
            _rows(commits, source.header.started_wall_ns, head),
        )


def as_record(commit: Commit) -> dict[str, Any]:
    """The commit as one JSON object."""
    return {
        "seq": commit.seq,
        "parent": commit.parent,
        "type": commit.action.type,
        "payload": commit.action.payload,
        "meta": commit.action.meta,
        "started_ns": commit.started_ns,
        "elapsed_ns": commit.elapsed_ns,
        "group": commit.group,
        "label": commit.label,
        "patches": [{"op": p.op, "path": list(p.path), "value": p.value} for p in commit.patches],
    }


def _rows(commits: Any, began_ns: int, head: int) -> Iterator[tuple[Any, ...]]:
    for commit in commits:
        yield (
            f"{commit.seq}{' *' if commit.seq == head else ''}",
            clock_time(began_ns + commit.started_ns),
            format_ns(commit.elapsed_ns),
            commit.action.type,
            short(commit.action.payload),
            len(commit.changes),
        )
