"""`statestore spans FILE`: what ran inside what, and for how long."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.output import print_json, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import fields
from statestore.cli.source import opened, selected
from statestore.recording.units import format_ns

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.values import Span

TREE = ("span", ">took", ">own", ">share", "status", "about")
LIST = (">commit", ">began", ">took", "span", "status", "about")


@click.command()
@file_argument()
@click.option("--slowest", type=click.IntRange(min=1), metavar="N", help="The N slowest spans, the slowest first.")
@click.option("--name", "pattern", metavar="PATTERN", help="Only spans of this name; * stands for anything.")
@click.option("--failed", is_flag=True, help="Only spans that an error ended.")
@range_option
@json_option
def spans(file: Place, slowest: int | None, pattern: str | None, failed: bool, span: str | None, as_json: bool) -> None:
    r"""Shows the spans as a tree: total and own time, share of the root's, what failed, and what they are about.

    With --slowest, --failed or --json they are a list. A range keeps the spans that made its commits, and those that
    began and ended meanwhile.

    \b
    Examples:
      statestore spans run.history
      statestore spans run.history --slowest 10 --name module
      statestore spans run.history@head~20..head
    """
    with opened(file.path) as source:
        found = _found(source, file, span, pattern, failed)
        if slowest is not None:
            from heapq import nlargest

            found = nlargest(slowest, found, key=lambda one: one.elapsed_ns)
        if as_json:
            print_json({**fields(one), "elapsed_ns": one.elapsed_ns} for one in found)
        elif slowest is not None or failed:
            print_rows(LIST, map(_row, found))
        else:
            print_rows(TREE, _tree(found))


def _found(source: "HistoryFile", file: Place, span: str | None, pattern: str | None, failed: bool) -> "Iterable[Span]":
    from fnmatch import fnmatchcase

    chosen = selected(source, file, span)
    for one in progress(source.spans, len(source.spans), "reading spans"):
        if pattern is not None and not fnmatchcase(one.name, pattern):
            continue
        if (chosen is None or chosen.holds(one)) and (not failed or one.status != "ok"):
            yield one


def _row(one: "Span") -> tuple[Any, ...]:
    return (
        "" if one.seq is None else one.seq,
        format_ns(one.started_ns),
        format_ns(one.elapsed_ns),
        one.name,
        _status(one),
        _about(one),
    )


def _tree(found: "Iterable[Span]") -> Iterator[tuple[Any, ...]]:
    from statestore.recording.spantree import build_tree, levels

    for node, depth, whole_ns in levels(build_tree(found)):
        share = f"{node.elapsed_ns / whole_ns:.0%}" if whole_ns else ""
        own = format_ns(node.own_ns) if node.children else ""
        yield "  " * depth + node.name, format_ns(node.elapsed_ns), own, share, _status(node), _about(node)


def _status(one: "Span") -> str:
    return one.status if one.status == "ok" else click.style(one.status, fg="red")


def _about(one: "Span") -> str:
    from statestore.recording.spantree import plain_metadata

    return "  ".join(plain_metadata(one))
