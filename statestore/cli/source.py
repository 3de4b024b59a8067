"""Opening the history file that a verb is asked about, and saying what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from statestore.history import HistoryFile, open_history


@contextmanager
def opened(path: str) -> Iterator[HistoryFile]:
    """Opens a history file; of a torn one it says so on stderr, and goes on with what is whole."""
    with open_history(path) as source:
        if source.torn:
            click.echo(f"statestore: {path} is torn: its last block was cut off; what is whole is shown", err=True)
        yield source
