"""Opening the history file that a verb is asked about, and saying what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.history.ranges import Stretch


@contextmanager
def opened(path: str) -> "Iterator[HistoryFile]":
    """Opens a history file; of a torn one it says so on stderr, and goes on with what is whole."""
    from statestore.history.file import open_history  # nobody needs it who asks for help

    with open_history(path) as source:
        if source.torn:
            click.echo(f"statestore: {path} is torn: its last block was cut off; what is whole is taken", err=True)
        yield source


def selected(source: "HistoryFile", place: Place, span: str | None) -> "Stretch | None":
    """The range that was asked for, in whichever place; None if none was."""
    if place.ref is not None and span is not None:
        raise click.UsageError(f"there are two ranges, {place.ref} and {span}: give one")
    text = place.ref or span
    if text is None:
        return None
    from statestore.history.ranges import stretch

    return stretch(source, text)


def asked_ref(place: Place, ref: str | None, default: str = "head") -> str:
    """The ref that was asked for, behind the file or after it."""
    if place.ref is not None and ref is not None:
        raise click.UsageError(f"there are two refs, {place.ref} and {ref}: give one")
    return place.ref or ref or default


def read_path(source: "HistoryFile", text: str, ref: str) -> tuple[Any, ...]:
    """The path that a person typed, in the state at a ref."""
    from statestore.tree.paths import parse_path

    return parse_path(text, source.state_at(ref))


def check_known(source: "HistoryFile", path: tuple[Any, ...], ref: str) -> None:
    """Makes sure that a path of which no commit tells is not a misspelt one."""
    from statestore.tree.paths import check_path

    check_path(path, source.state_at(ref))
