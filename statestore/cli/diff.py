"""`statestore diff FILE A B`: what differs between two states, of one file or of two."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, RefType, file_argument, json_option, split_place
from statestore.cli.describing import describe_changes
from statestore.cli.output import note, print_json, print_lines
from statestore.cli.source import opened

if TYPE_CHECKING:
    from statestore.tree.diff import Diff
    from statestore.values import Change

DIFFERENT = 1


@click.command()
@file_argument()
@click.argument("a", type=RefType(), metavar="[A]", required=False)
@click.argument("b", type=RefType(), metavar="[B]", required=False)
@json_option
def diff(file: Place, a: str | None, b: str | None, as_json: bool) -> int:
    r"""Shows what differs between the states at A and at B; without refs, what the head's commit changed.

    B is head where it is left out. Of two files, the states at their refs are compared, by default those at their
    heads. Exit status 1 says that there is a difference.

    \b
    Examples:
      statestore diff run.history 17 42
      statestore diff run.history release..head
      statestore diff run.history@17 other.history@17
    """
    found = _compare(file, a, b)
    if as_json:
        print_json(map(_as_record, found.changes))
    else:
        print_lines(describe_changes(found.changes))
    if not found:
        note("no difference")
    return DIFFERENT if found else 0


def _compare(file: Place, a: str | None, b: str | None) -> "Diff":
    refs = [ref for text in (file.ref, a, b) if text is not None for ref in _split(text)]
    other = split_place(a) if a is not None and b is None and _is_file(a) else None
    with opened(file.path) as source:
        if other is not None:
            return _across(source.state_at(file.ref or "head"), other)
        if len(refs) > 2:
            raise click.UsageError(f"a difference is between two states, and here are {len(refs)}: {', '.join(refs)}")
        start, end = (["head~1", "head"] if not refs else [*refs, "head"])[:2]
        found: Diff = source.diff(start, end)
        return found


def _split(text: str) -> list[str]:
    return [end or "head" for end in text.split("..")]


def _is_file(text: str) -> bool:
    from pathlib import Path

    return not text.isdigit() and Path(split_place(text).path).is_file()


def _across(state: Any, other: Place) -> "Diff":
    from statestore.tree.diff import diff as differ

    with opened(other.path) as source:
        return differ(state, source.state_at(other.ref or "head"))


def _as_record(change: "Change") -> dict[str, Any]:
    return dict(_fields(change))


def _fields(change: "Change") -> Iterator[tuple[str, Any]]:
    op, path, value, old = change
    yield "op", op
    yield "path", list(path)
    if op != "add":
        yield "old", old
    if op != "remove":
        yield "new", value
