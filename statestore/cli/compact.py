"""`statestore compact FILE -o OUT`: the same run in fewer bytes."""

import click

from statestore.cli.arguments import Place, file_argument
from statestore.cli.output import print_lines
from statestore.cli.source import opened
from statestore.cli.target import out_option


@click.command()
@file_argument(takes_ref=False)
@out_option
def compact(file: Place, out: str) -> None:
    r"""Packs a file tightly: full blocks, whole states only where they pay. What the file says stays the same.

    \b
    Example:
      statestore compact run.history -o small.history
    """
    from pathlib import Path

    from statestore.journal.copying import compact as compact_file

    with opened(file.path):
        compact_file(file.path, out)
    before, after = Path(file.path).stat().st_size, Path(out).stat().st_size
    print_lines([f"{out}: {after:,} bytes instead of {before:,}"])
