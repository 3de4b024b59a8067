"""`statestore repair FILE -o OUT`: a sound file with what is left of a damaged or torn one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from statestore.cli.arguments import Place, file_argument, json_option
from statestore.cli.output import print_json, print_lines
from statestore.cli.target import out_option

if TYPE_CHECKING:
    from statestore.journal.repairing import Repair


@click.command()
@file_argument(takes_ref=False)
@out_option
@json_option
def repair(file: Place, out: str, as_json: bool) -> None:
    r"""Writes a sound file with all that can still be proved right. FILE itself stays as it is.

    Commits keep their seqs; for each that is lost stands one of type statestore/lost, so that no gap goes unseen.

    \b
    Example:
      statestore repair run.history -o repaired.history
    """
    import msgspec

    from statestore.journal.repairing import repair as repair_file

    made = repair_file(file.path, out)
    if as_json:
        print_json([msgspec.structs.asdict(made)])
    else:
        print_lines([f"{out} is sound: {made.commits:,} commits; {'; '.join(_losses(made)) or 'nothing is lost'}"])


def _losses(made: "Repair") -> Iterator[str]:
    if made.lost:
        yield f"lost: {stretches(made.lost)}"
    if made.unproved:
        yield f"left out, because no whole state follows the damage: {stretches(made.unproved)}"
    if made.cut_bytes:
        yield f"{made.cut_bytes:,} torn bytes cut off"


def stretches(seqs: Sequence[int]) -> str:
    """Seqs in few words: `3, 11 to 20`."""
    found: list[list[int]] = []
    for seq in sorted(seqs):
        if found and seq == found[-1][1] + 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return ", ".join([f"{first}" if first == last else f"{first} to {last}" for first, last in found])
