"""A commit in words, with what it changed."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from statestore.cli.output import clock_time, short
from statestore.cli.text import clean
from statestore.recording.units import format_ns

if TYPE_CHECKING:
    from statestore.values import Change, Commit

# The colours that people know from other diffs.
_COLOURS: Final = {"add": "green", "remove": "red", "replace": "cyan"}
_LONGEST_PAYLOAD: Final = 1_000


def describe(commit: "Commit", began_ns: int) -> Iterator[str]:
    """The commit, line by line; `began_ns` is the wall clock at the start of the run."""
    yield click.style(f"commit {commit.seq} (parent {commit.parent})", fg="yellow")
    yield f"at     {clock_time(began_ns + commit.started_ns)}, {format_ns(commit.elapsed_ns)}"
    yield clean(f"action {commit.action.type} {short(commit.action.payload, _LONGEST_PAYLOAD)}")
    if commit.label:
        yield clean(f"in     {commit.label}")
    yield from [f"  {line}" for line in describe_changes(commit.changes)] or ["  nothing changed"]


def describe_changes(changes: "Iterable[Change]") -> Iterator[str]:
    """A line for each change: `~ root['tasks']['T1']['status']: 'planned' -> 'done'`."""
    from statestore.tree.diff import format_change

    for change in changes:
        yield click.style(clean(format_change(change)), fg=_COLOURS[change[0]])
