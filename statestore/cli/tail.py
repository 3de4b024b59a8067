"""`statestore tail FILE`: follows a run while it is written."""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import click

from statestore.cli import log
from statestore.cli.arguments import Place, PlaceType, json_option
from statestore.cli.output import clock_time, print_json, print_rows, short
from statestore.cli.records import as_record, fields
from statestore.recording.units import format_bytes, format_ns

if TYPE_CHECKING:
    from pathlib import Path

    from statestore.journal.reader import JournalFile

# What each recorded value is called here, by the name of its class; what is not in it is for the journal only.
_KINDS: Final = {
    "Commit": "commit",
    "Move": "move",
    "Snapshot": "snapshot",
    "Span": "span",
    "Milestone": "milestone",
    "MemorySample": "memory",
    "GaugeSample": "gauges",
    "Alert": "alert",
    "Rollback": "rollback",
}
_COLUMNS: Final = ("time", ">took", "kind", "name", "about")
# A writer syncs twenty times a second unless told otherwise; nobody reads faster.
_POLL: Final = 0.05
# Whether anybody writes at all is asked at every so many looks: once a second.
_ROUND: Final = 20


@click.command()
@click.argument("file", type=PlaceType(takes_ref=False), metavar="FILE")
@click.option("-n", "--last", type=click.IntRange(min=0), default=10, show_default=True, help="Begin with the last N.")
@click.option("--all", "everything", is_flag=True, help="Spans, milestones, moves and readings too, not just commits.")
@json_option
def tail(file: Place, last: int, everything: bool, as_json: bool) -> None:
    r"""Shows the commits of a run as they are written, until the run is closed or Ctrl-C.

    Where the process that writes has died without closing the run, it says so and ends. A run that was closed before
    shows its last commits.

    \b
    Examples:
      statestore tail run.history
      statestore tail run.history -n 0 --all --json
    """
    from pathlib import Path

    from statestore.history.file import open_history

    kinds = set(_KINDS.values()) if everything else {"commit"}
    with open_history(file.path) as source:
        writer = Writer(Path(file.path))
        past = _last(source.file, kinds, last)
        coming = source.file.follow(_POLL, writer)
        values = chain(past, (value for value in coming if _kind(value) in kinds))
        _print(values, source.header.started_wall_ns, everything, as_json)
        if writer.is_gone and not source.closed:
            torn = ", and its last block was cut off" if source.torn else ""
            click.echo(f"statestore: nobody writes to {file.path} any more; its run was never closed{torn}", err=True)


class Writer:
    """The clock of somebody who follows a file: now and then it looks whether the writer is still there.

    It looks twice before it says no, as what the writer left when it went is read in between.
    """

    now_ns = staticmethod(time.perf_counter_ns)
    wall_ns = staticmethod(time.time_ns)

    def __init__(self, path: "Path") -> None:
        self._path = path
        self._looks = 0
        self._is_missed = False
        self.is_gone = False

    def wait(self, event: Event, timeout_ns: int) -> bool:
        """Waits; ends the following where there is nobody left to wait for."""
        from statestore.journal.disk import is_written

        self._looks += 1
        if self._looks % _ROUND == 0 or self._is_missed:
            was_missed, self._is_missed = self._is_missed, not is_written(self._path)
            if was_missed and self._is_missed:
                self.is_gone = True
                event.set()
        return event.wait(timeout_ns / 1e9)


def _last(file: "JournalFile", kinds: set[str], count: int) -> list[Any]:
    """The newest values of these kinds, in the order of the file; reads no more blocks than it takes."""
    found: list[Any] = []
    for number in reversed(range(len(file.blocks))):
        if len(found) >= count:
            break
        found = [value for value in file.values(number) if _kind(value) in kinds] + found
    return found[len(found) - count :] if count < len(found) else found


def _print(values: Iterable[Any], began_ns: int, everything: bool, as_json: bool) -> None:
    if as_json:
        print_json(map(_as_record, values), live=True)
    elif everything:
        print_rows(_COLUMNS, (_row(value, began_ns) for value in values), live=True)
    else:
        print_rows(log.COLUMNS, _log_rows(values, began_ns), live=True)


def _log_rows(values: Iterable[Any], began_ns: int) -> Iterator[tuple[Any, ...]]:
    for commit in values:
        yield from log.rows([commit], began_ns, 0)


def _as_record(value: Any) -> dict[str, Any]:
    return {"record": _kind(value), **(as_record(value) if _kind(value) == "commit" else fields(value))}


def _row(value: Any, began_ns: int) -> tuple[str, ...]:
    is_interval = _kind(value) in ("commit", "span")
    at_ns = value.started_ns if is_interval else value.at_ns
    took = format_ns(value.elapsed_ns) if is_interval else ""
    return (clock_time(began_ns + at_ns), took, str(_kind(value)), *_about(value))


def _kind(value: Any) -> str | None:
    return _KINDS.get(type(value).__name__)


def _about(value: Any) -> tuple[str, str]:
    """The name of a value, and what is to be said of it."""
    match _kind(value):
        case "commit":
            return value.action.type, short(value.action.payload)
        case "span":
            return value.name, value.status if value.status != "ok" or not value.metadata else short(value.metadata)
        case "milestone":
            return value.name, short(value.data) if value.data is not None else ""
        case "move":
            return value.kind, f"{value.from_seq} -> {value.to_seq}"
        case "snapshot":
            return value.name, f"commit {value.seq}"
        case "rollback":
            return value.label, value.error
        case "alert":
            return value.subject, value.sentence
        case "memory":
            return "resident", format_bytes(value.rss_bytes)
        case _:
            return "processor", format_ns(value.cpu_ns)
