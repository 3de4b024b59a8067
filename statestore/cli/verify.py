"""`statestore verify FILE`: whether a history file is what was written."""

from typing import TYPE_CHECKING

import click

from statestore.cli.arguments import Place, file_argument, json_option
from statestore.cli.output import print_json, print_lines
from statestore.errors import CorruptHistoryError

if TYPE_CHECKING:
    from statestore.journal.verifying import Verification


@click.command()
@file_argument(takes_ref=False)
@json_option
def verify(file: Place, as_json: bool) -> None:
    r"""Checks every checksum, record and reference, and every whole state against the changes before it.

    Exit status 3 if anything is not as it was written. A torn end, which a crash leaves, is told and is no damage.

    \b
    Example:
      statestore verify run.history
    """
    import msgspec

    from statestore.journal.verifying import verify as verify_file

    found = verify_file(file.path)
    if as_json:
        print_json([{"ok": found.ok, **msgspec.structs.asdict(found)}])
    else:
        print_lines([f"{file.path} is sound: {_describe(found)}"] if found.ok else found.problems)
    if not found.ok:
        raise CorruptHistoryError(f"{file.path} is damaged; `statestore repair` keeps what can be proved right")


def _describe(found: "Verification") -> str:
    end = "closed" if found.closed else "torn at its end" if found.torn else "not closed"
    return (
        f"{found.bytes:,} bytes, {end}; blocks: {found.blocks:,}, commits: {found.commits:,}, "
        f"whole states: {found.keyframes:,}"
    )
