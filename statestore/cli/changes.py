"""Changes as lines, in the colours that people know from other diffs."""

from collections.abc import Iterable, Iterator
from typing import Final

import click

from statestore.cli.text import clean
from statestore.tree.diff import format_change
from statestore.values import Change

_COLOURS: Final = {"add": "green", "remove": "red", "replace": "cyan"}


def styled_changes(changes: Iterable[Change]) -> Iterator[str]:
    """A line for each change: `~ root['tasks']['T1']['status']: 'planned' -> 'done'`."""
    for change in changes:
        yield click.style(clean(format_change(change)), fg=_COLOURS[change[0]])
