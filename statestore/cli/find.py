"""`statestore find FILE`: the commits that meet conditions."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.expressions import Expression, ExpressionType
from statestore.cli.log import COLUMNS, rows
from statestore.cli.output import is_terminal, print_json, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import as_record
from statestore.cli.source import opened, selected

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.values import Commit


class PayloadType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Reads JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import json

        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(f"{value!r} is no JSON: {error}", param, ctx)


@click.command()
@file_argument()
@click.option("--type", "kind", metavar="PATTERN", help="The action's type; * stands for anything.")
@click.option("--payload", type=PayloadType(), help="The action's payload; of an object, the entries it must have.")
@click.option(
    "--where",
    "condition",
    type=ExpressionType(),
    metavar="EXPRESSION",
    help="A Python expression over commit, type, payload, meta, and state, the state after it.",
)
@range_option
@json_option
def find(
    file: Place, kind: str | None, payload: Any, condition: Expression | None, span: str | None, as_json: bool
) -> None:
    r"""Lists the commits that meet all the conditions; without a range, of all branches.

    The expression runs as Python code of yours. A commit for which a key in it is not there does not meet it. With
    state in it, every state is made plain for it, which takes time with large ones.

    \b
    Examples:
      statestore find run.history --type 'backlog/*' --payload '{"id": "T1"}'
      statestore find run.history --where 'commit.elapsed_ns > 1_000_000'
      statestore find run.history@head~100..head --where 'state["done"] > 10'
    """
    from statestore.history.questions import find as matching

    with opened(file.path) as source:
        chosen = selected(source, file, span)
        commits = source.commits if chosen is None else chosen.commits
        watched = progress(commits, len(commits), "searching")
        found: Iterable[Commit] = matching(
            watched, kind, payload, None if condition is None else _predicate(source, condition)
        )
        found = list(found) if is_terminal() else found
        if as_json:
            print_json(map(as_record, found))
        else:
            print_rows(COLUMNS, rows(found, source.header.started_wall_ns, source.position))


def _predicate(source: "HistoryFile", condition: Expression) -> "Callable[[Commit], bool]":
    from statestore.tree.freezing import thaw

    def holds(commit: "Commit") -> bool:
        action = commit.action
        names = {"commit": commit, "type": action.type, "payload": thaw(action.payload), "meta": action.meta}
        if condition.uses("state"):
            names["state"] = thaw(source.state_at(commit.seq))
        return condition(names)

    return holds
