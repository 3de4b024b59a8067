"""The command line: `statestore VERB FILE ...`, questions to a history file."""

from statestore.cli.main import main

__all__ = ["main"]
