"""`statestore timeline FILE`: the course of the run, in milestones, snapshots, moves and alerts."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.output import clock_time, note, print_json, print_rows
from statestore.cli.source import opened, selected
from statestore.recording.units import format_ns

if TYPE_CHECKING:
    from statestore.history.timeline import Moment

COLUMNS = ("time", ">at", ">after", "kind", "name", ">commit")


@click.command()
@file_argument()
@range_option
@json_option
def timeline(file: Place, span: str | None, as_json: bool) -> None:
    r"""Lists the milestones, snapshots, moves of the head and alerts, with the time since the one before.

    \b
    Examples:
      statestore timeline run.history
      statestore timeline run.history --range release..head --json
    """
    from statestore.history.timeline import timeline as course

    with opened(file.path) as source:
        chosen = selected(source, file, span)
        moments = [moment for moment in course(source) if chosen is None or chosen.has(moment.at_ns)]
        if as_json:
            print_json(moment._asdict() for moment in moments)
        else:
            print_rows(COLUMNS, _rows(moments, source.header.started_wall_ns))
        if not moments:
            note("there are no milestones, snapshots, moves or alerts")


def _rows(moments: "Sequence[Moment]", began_ns: int) -> Iterator[tuple[Any, ...]]:
    before_ns = 0
    for moment in moments:
        after = "+" + format_ns(moment.at_ns - before_ns)
        kind = click.style(moment.kind, fg="red") if moment.kind == "alert" else moment.kind
        seq = "" if moment.seq is None else moment.seq
        yield clock_time(began_ns + moment.at_ns), format_ns(moment.at_ns), after, kind, moment.name, seq
        before_ns = moment.at_ns
