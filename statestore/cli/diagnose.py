"""`statestore diagnose FILE`: what to look at first."""

from typing import TYPE_CHECKING, Any, Final

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.output import note, print_json, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import fields
from statestore.cli.source import opened, selected

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.recording.diagnosis import Evidence

_COLOURS: Final = {"warning": "red", "note": "cyan"}


@click.command()
@file_argument()
@range_option
@json_option
def diagnose(file: Place, span: str | None, as_json: bool) -> None:
    r"""Says in sentences what stands out: blocked loops, leaks, pauses, tails, and where the time went.

    Warnings are probably wrong; notes are where to begin when it is to be faster. --json gives the evidence of each.

    \b
    Example:
      statestore diagnose run.history
    """
    from statestore.recording.diagnosis import diagnose as find

    with opened(file.path) as source:
        findings = find(_evidence(source, file, span))
        if as_json:
            print_json(map(fields, findings))
        else:
            print_rows(
                ("level", "kind", "|finding"),
                ((click.style(one.level, fg=_COLOURS[one.level]), one.kind, one.sentence) for one in findings),
            )
        if not findings:
            note("nothing stands out")


def _evidence(source: "HistoryFile", file: Place, span: str | None) -> "Evidence":
    from statestore.recording.diagnosis import Evidence

    chosen: Any = selected(source, file, span)
    spans = progress(source.spans, len(source.spans), "reading spans")
    return Evidence.of_source(source, spans if chosen is None else filter(chosen.holds, spans))
