"""`statestore bisect FILE EXPRESSION`: the first commit whose state is bad."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, RefType, file_argument, json_option
from statestore.cli.describing import describe
from statestore.cli.expressions import Expression, ExpressionType
from statestore.cli.log import COLUMNS, rows
from statestore.cli.output import note, print_json, print_lines, print_rows
from statestore.cli.records import as_record
from statestore.cli.source import opened, selected

if TYPE_CHECKING:
    from statestore.history.bisecting import Bisection
    from statestore.history.file import HistoryFile

Judge = Callable[[Any], bool | None]


@click.command()
@file_argument()
@click.argument("expression", type=ExpressionType(), required=False)
@click.option("--run", "command", metavar="COMMAND", help="Asks a command of the shell instead of an expression.")
@click.option(
    "--range", "span", type=RefType(), metavar="GOOD..BAD", help="Only the commits after GOOD up to BAD, else head."
)
@json_option
def bisect(file: Place, expression: Expression | None, command: str | None, span: str | None, as_json: bool) -> None:
    r"""Finds the first commit whose state is bad, by asking about few of them.

    EXPRESSION is Python and runs as code of yours: it says whether `state`, as plain dicts and lists, is bad. Where a
    key in it is not there yet, the state is good. Once bad, states are to stay bad, as for git.

    A COMMAND gets the state as JSON on its standard input, and answers as for git bisect run: status 0 is good, 125
    cannot be tested, any other below 128 is bad, and 128 or more ends the search.

    \b
    Examples:
      statestore bisect run.history 'state["tasks"]["T1"]["status"] == "failed"'
      statestore bisect run.history@release..head --run './check.sh'
      statestore bisect run.history --run 'jq -e ".done < 10" > /dev/null'
    """
    if (expression is None) == (command is None):
        raise click.UsageError("give an expression over state, or --run COMMAND, one of them")
    judge = _by_expression(expression) if expression is not None else _by_command(str(command))
    with opened(file.path) as source:
        found = _search(source, file, span, judge)
        if as_json:
            print_json([_as_record(found)])
        elif found.first is not None:
            print_lines(describe(found.first, source.header.started_wall_ns))
        else:
            print_rows(COLUMNS, rows(found.candidates, source.header.started_wall_ns, source.position))
        if found.candidates:
            click.echo(f"statestore: {_said_of(found, expression)}", err=True)
        else:
            note(_said_of(found, expression))


def _search(source: "HistoryFile", file: Place, span: str | None, judge: Judge) -> "Bisection":
    from statestore.history.bisecting import bisect as search

    chosen = selected(source, file, span)
    return search(source, source.lineage() if chosen is None else chosen.commits, judge)


def _by_expression(expression: Expression) -> Judge:
    from statestore.tree.freezing import thaw

    return lambda state: expression({"state": thaw(state)})


def _by_command(command: str) -> Judge:
    from statestore.cli.commands import ask_command

    return lambda state: ask_command(command, state)


def _said_of(found: "Bisection", expression: Expression | None) -> str:
    asked = f"asked about {found.tested} states"
    if found.first is not None:
        return f"the first bad commit is {found.first.seq}; {asked}"
    if found.candidates:
        return (
            f"the others were skipped, so the first bad commit could be any of these {len(found.candidates)}; {asked}"
        )
    missed = f"; the last one had no {expression.missed}" if expression is not None and expression.missed else ""
    return f"no commit is bad; {asked}{missed}"


def _as_record(found: "Bisection") -> dict[str, Any]:
    return {
        "first": as_record(found.first) if found.first is not None else None,
        "candidates": [commit.seq for commit in found.candidates],
        "tested": found.tested,
    }
