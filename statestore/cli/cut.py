"""`statestore cut FILE A..B -o OUT`: a piece of a run as a file of its own."""

import click

from statestore.cli.arguments import Place, RefType, file_argument
from statestore.cli.output import print_lines
from statestore.cli.source import opened, selected
from statestore.cli.target import out_option


@click.command()
@file_argument()
@click.argument("span", type=RefType(), metavar="[A..B]", required=False)
@out_option
def cut(file: Place, span: str | None, out: str) -> None:
    r"""Writes a file with the commits after A up to B only, and with what was measured in that time.

    The state at A is the root of the new file, in which the commits count from 1. Side branches are left out.

    \b
    Examples:
      statestore cut run.history 100..150 -o piece.history
      statestore cut run.history@head~20.. -o piece.history
    """
    from statestore.journal.copying import cut as cut_file

    with opened(file.path) as source:
        chosen = selected(source, file, span)
        if chosen is None:
            raise click.UsageError("say which piece, as A..B: the commits after A up to B")
        if not len(chosen.commits):
            raise click.UsageError("there are no commits in that range")
        first, last = chosen.commits[0].seq, chosen.commits[-1].seq
    cut_file(file.path, out, first, last)
    print_lines([f"{out}: {len(chosen.commits):,} commits, from {first} to {last}"])
