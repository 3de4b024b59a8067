"""The tables of a whole run: what it costs to have every action recorded, against what people use today."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from benchmarks.contest import ROOT, Entry, Setting, run_contest
from benchmarks.recorders import FLOOR, RECORDERS
from benchmarks.tables import Table, show_bytes, show_ns, show_times

OURS: Final = "statestore, everything, immutables.Map"
OURS_IN_LISTS: Final = "statestore, everything"
"""What the others are compared with, and in lists, which `immutables` has none of."""

_STATES_WHOLE: Final = "It keeps every state whole, so undoing and jumping hand out a reference."
_EVENTS_ALONE: Final = (
    "It keeps the events alone: no patches and no spans, and a state is all events before it, applied."
)
AHEAD: Final = {
    "dict in place, patch log": "It keeps one old value a step and nothing else: no action, no time, no file, and no "
    "other state than the last.",
    "reliev": "It edits in place and keeps the inverse of each write: no action, no time, no file, and no earlier "
    "state without undoing all that came after.",
    "collections-undo": "It edits in place and keeps each call with its inverse: nothing of when, nothing in a file.",
    "eventsourcing, in memory": _EVENTS_ALONE,
    "eventsourcing, SQLite": _EVENTS_ALONE,
    "Burr, SQLite persister": "Each of its rows holds the whole state, and showing one is reading a row.",
    "Redux with DevTools": _STATES_WHOLE,
    "redux-undo": _STATES_WHOLE,
    "zustand with zundo": _STATES_WHOLE,
    "prometheus_client histogram": "It adds one to a bucket, and keeps nothing of the block itself.",
    "structlog, two lines": "Its lines are in a file, and ours are in memory.",
    "viztracer event": "It keeps a start and a duration in a ring in C: no parent, no status, and no statistics while "
    "it runs.",
}
"""Why a contestant that records is ahead of ours in something."""
FIGURES: Final = {
    "action_ns": "an action",
    "kept_bytes": "kept",
    "stored_bytes": "on disk",
    "undo_ns": "undo",
    "jump_ns": "jump",
    "skip_ns": "skip one",
    "open_ns": "open, show",
}
"""The columns of the first table."""
FIGURES_ALONE: Final = {"action_ns": "a block", "kept_bytes": "kept"}
"""Those of the table of what records alone."""
WHY: Final = {
    ("action_ns", "10 tasks"): (
        "With ten tasks there is next to nothing to copy, and Node calls a function some hundred times as "
        "fast as CPython; the more there is to copy, the more sharing pays."
    ),
    ("action_ns", "list"): (
        "A thousand references are copied in one go, where a persistent vector is built anew when an element comes "
        "in or goes."
    ),
    ("kept_bytes", "1,000"): (
        "Over a thousand actions, what a recorder has once (a thread, queues, a compressor) is half of what is kept."
    ),
}
"""Why others than those above are ahead of ours, by figure and column of the tables that follow."""


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, seconds a contestant and round, and whether only the first tables are made.

    What is compared closely has several rounds; of how the figures grow one round tells enough.
    """

    rounds: int = 3
    seconds: float = 1.0
    quick: bool = False


def tables(effort: Effort, names: Sequence[str] | None, tell: Callable[[str], object]) -> Iterator[Table]:
    """One after the other, as they are measured."""
    setting = Setting(seconds=effort.seconds)
    entries = run_contest(setting, effort.rounds, names, tell)
    yield per_action(entries, setting)
    yield recording_alone(effort)
    if effort.quick:
        return
    sizes = [10, 1_000, 10_000]
    by_size = [
        entries if count == setting.count else run_contest(replace(setting, count=count), 1, names, tell)
        for count in sizes
    ]
    yield _matrix(
        "Growth with the size of the state",
        "Time for each action, with so many tasks.",
        [f"{count:,} tasks" for count in sizes],
        by_size,
        "action_ns",
        show_ns,
    )
    others = ["list", "churn", "tasks"]
    by_work = [run_contest(replace(setting, workload=workload), 1, names, tell) for workload in others]
    yield _matrix(
        "Other work",
        "Time for each action on 1,000 tasks: a list that is edited, tasks that come and go, 100 asyncio tasks.",
        ["list", "come and go", "100 tasks"],
        by_work,
        "action_ns",
        show_ns,
    )
    yield from _by_length(setting, names, tell)
    yield main_job(effort)


def per_action(entries: Sequence[Entry], setting: Setting) -> Table:
    """The first table: all that one contest tells."""
    base = next((entry.median("action_ns") for entry in entries if entry.name == OURS), None)
    rows = []
    for entry in _by_group(entries):
        if isinstance(entry, str):
            rows.append([f"*{entry}*", *[""] * 9])
            continue
        took = entry.figures["action_ns"]
        spread = f"{show_ns(min(took))} to {show_ns(max(took))}"
        figures = [entry.median(key) for key in ("undo_ns", "jump_ns", "skip_ns", "open_ns")]
        rows.append(
            [
                entry.name,
                show_ns(entry.median("action_ns")),
                spread,
                show_times(entry.median("action_ns"), base),
                show_bytes(entry.median("kept_bytes")),
                show_bytes(_each(entry, "stored_bytes")),
                *map(show_ns, figures),
            ]
        )
    return Table(
        "A recorded action",
        f"{setting.count:,} tasks in a mapping, each action sets the status of one; up to {setting.actions:,} actions "
        f"or {setting.seconds:g} s. Jumps go to the middle, the skipped action stands there, and what is opened is the "
        "saved file, for the state in its middle.",
        ["", "an action", "min to max", "× ours", "kept", "on disk", "undo", "jump", "skip one", "open, show"],
        rows,
        [*_skipped(entries), *_ahead(entries, OURS, FIGURES)],
    )


def _each(entry: Entry, key: str) -> float | None:
    if key not in entry.figures:
        return None
    return median([size / actions for size, actions in zip(entry.figures[key], entry.figures["actions"], strict=True)])


def _by_group(entries: Sequence[Entry]) -> Iterator[str | Entry]:
    group = ""
    for entry in entries:
        if "action_ns" not in entry.figures:
            continue
        if entry.group != group:
            group = entry.group
            yield group
        yield entry


def _skipped(entries: Sequence[Entry]) -> list[str]:
    left_out = [f"{entry.name} ({entry.skipped})" for entry in entries if entry.skipped and not entry.figures]
    return [f"Left out: {', '.join(left_out)}."] if left_out else []


def _figure(entry: Entry, key: str) -> float | None:
    return _each(entry, key) if key == "stored_bytes" else entry.median(key)


def _ahead(entries: Sequence[Entry], own_name: str, figures: Mapping[str, str]) -> list[str]:
    """Who records and is better at something, and why."""
    ours = next((entry for entry in entries if entry.name == own_name), None)
    if ours is None:
        return []
    notes = []
    for entry in entries:
        better = [column for key, column in figures.items() if _is_ahead(entry, ours, key)]
        if better:
            notes.append(f"{entry.name} is ahead in: {'; '.join(better)}. {AHEAD.get(entry.name, '')}".strip())
    return notes


def _is_ahead(entry: Entry, ours: Entry, key: str) -> bool:
    figure, own = _figure(entry, key), _figure(ours, key)
    return entry.records and entry.group != "statestore" and figure is not None and own is not None and figure < own


def _ahead_by_column(columns: Sequence[str], by_name: Sequence[Mapping[str, Entry]], key: str) -> list[str]:
    notes = []
    for column, found in zip(columns, by_name, strict=True):
        ours = next((found[name] for name in (OURS, OURS_IN_LISTS) if name in found and found[name].figures), None)
        ahead = [entry.name for entry in found.values() if ours is not None and _is_ahead(entry, ours, key)]
        if ahead:
            notes.append(f"Ahead in the column {column}: {'; '.join(ahead)}. {WHY.get((key, column), '')}".strip())
    return notes


def _matrix(
    title: str,
    about: str,
    columns: Sequence[str],
    contests: Sequence[Sequence[Entry]],
    key: str,
    show: Callable[[float | None], str],
) -> Table:
    by_name = [{entry.name: entry for entry in entries} for entries in contests]
    rows = []
    for name, first in by_name[0].items():
        cells = [show(found[name].median(key)) if name in found else "" for found in by_name]
        if any(cells):
            rows.append([name if first.records else f"{name} (keeps nothing)", *cells])
    return Table(title, about, ["", *columns], rows, _ahead_by_column(columns, by_name, key))


def _by_length(setting: Setting, names: Sequence[str] | None, tell: Callable[[str], object]) -> Iterator[Table]:
    """How it grows with the number of actions; one round each, as the long ones take their time."""
    lengths = [1_000, 10_000, 100_000, 1_000_000]
    contests = []
    for actions in lengths:
        wanted = names if actions <= 100_000 else ["statestore, everything"]
        contests.append(run_contest(replace(setting, actions=actions, seconds=100.0), 1, _lasting(wanted), tell))
    columns = [f"{actions:,}" for actions in lengths]
    about = "as many actions as the column says, on 1,000 tasks, of those that keep little enough to get there."
    yield _matrix("Growth with the history", f"Time for each of {about}", columns, contests, "action_ns", show_ns)
    about = f"Bytes kept for each of {about}"
    yield _matrix("Memory of the history", about, columns, contests, "kept_bytes", show_bytes)


LASTING: Final = (
    "dict in place",
    "by hand",
    "statestore",
    "eventsourcing, in",
    "Immer",
    "mutative",
    "DevTools",
    "undo",
)
"""Parts of the names of those who can do 100,000 actions in the time and memory of a desk."""


def _lasting(names: Sequence[str] | None) -> Sequence[str]:
    return LASTING if names is None else names


def recording_alone(effort: Effort) -> Table:
    """Blocks recorded by the tools that people time, count and log with."""
    count = 20_000 if effort.quick else 100_000
    entries = {name: Entry(name, "statestore" if "statestore" in name else "", name != FLOOR) for name in RECORDERS}
    for _ in range(effort.rounds):
        for name, entry in entries.items():
            if entry.skipped is None:
                entry.add(_child("benchmarks.recorders", name, str(count)))
    own_name = "statestore Timing"
    base = entries[own_name].median("action_ns")
    rows = [
        [
            name,
            show_ns(entry.median("action_ns")),
            show_times(entry.median("action_ns"), base),
            show_bytes(entry.median("kept_bytes")),
        ]
        for name, entry in entries.items()
        if entry.figures
    ]
    return Table(
        "Recording alone",
        f"{count:,} blocks with a name and one attribute, by each tool as its documentation has it.",
        ["", "a block", "× ours", "kept"],
        rows,
        [*_skipped(list(entries.values())), *_ahead(list(entries.values()), own_name, FIGURES_ALONE)],
    )


def main_job(effort: Effort) -> Table:
    """The whole job with everything on record, and with nothing."""
    times: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(effort.rounds):
        for switch, kept in times.items():
            kept.append(_child("benchmarks.mainjob", switch)["action_ns"])
    off, on = median(times["off"]), median(times["on"])
    return Table(
        "The main job",
        "The survey of the standard library, everything recorded in a file, against the same with a bare store.",
        ["", "the job", "× bare"],
        [["recording off", show_ns(off), "1 ×"], ["recording on", show_ns(on), show_times(on, off)]],
    )


def _child(module: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, cwd=ROOT, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured
