"""JSON Lines: every recorded value, one a line."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final, Literal

import msgspec

from statestore.errors import ActionError
from statestore.exporters.jsontext import encode
from statestore.ports import Source
from statestore.values import Commit, Patch, Span

KINDS_OF_VALUE: Final = (
    ("commit", "commits", "started_ns"),
    ("move", "moves", "at_ns"),
    ("snapshot", "snapshots", "at_ns"),
    ("span", "spans", "ended_ns"),
    ("milestone", "milestones", "at_ns"),
    ("sample", "samples", "at_ns"),
    ("gauge", "gauges", "at_ns"),
    ("alert", "alerts", "at_ns"),
)
"""The kinds of line, where a source has such values, and the time at which each was recorded."""


def jsonl(source: Source, *, order: Literal["time", "kind"] = "time") -> Iterator[bytes]:
    """One recorded value a line, `kind` first: a header, then commits, moves, snapshots, spans and so on.

    The fields are those of the values, with their units in their names: `*_ns` are nanoseconds since `started_wall_ns`
    of the header (UTC, since the epoch), `*_bytes` bytes.

    - header: run, store, started_wall_ns, process_id, python, statestore, platform
    - commit: seq, parent, type, payload, meta, started_ns, elapsed_ns (of the reducer alone), group, label, patches,
      inverse; a patch is op, path (a list of keys) and value
    - move: move (undo, redo, goto, ...), from_seq, to_seq, at_ns
    - snapshot: id, name, seq, at_ns, metadata
    - span: id, parent_id, name, span (dispatch, block, ...), started_ns, ended_ns, elapsed_ns, status, metadata, seq,
      process_id, thread_id, task, reducer_ns
    - milestone: name, at_ns, data, metadata, seq
    - sample: at_ns, rss_bytes, heap_blocks, ...; gauge: at_ns, cpu_ns, threads, ...
    - alert: rule, subject, at_ns, sentence, evidence

    What JSON does not know becomes its text. Streams: nothing is kept, however long the run is.

    Args:
        source: a live history or an opened file.
        order: `time` merges the kinds by the time at which each value was recorded, commits first among equals: a span
            when it ended, a commit when its reducer began. Within a kind a file's own order stays, which may differ
            where threads record. `kind` gives one kind after the other, as recorded.

    Raises:
        ActionError: there is no such order.
    """
    if order not in ("time", "kind"):
        raise ActionError(f"order is 'time' or 'kind', not {order!r}")
    return _lines(source, order)


def _lines(source: Source, order: str) -> Iterator[bytes]:
    yield _line("header", source.header)
    streams = [_timed(kind, getattr(source, name), at) for kind, name, at in KINDS_OF_VALUE]
    ordered = merge(*streams, key=itemgetter(0)) if order == "time" else chain.from_iterable(streams)
    for _, kind, value in ordered:
        yield _line(kind, value)


def _timed(kind: str, values: Iterable[Any], at: str) -> Iterator[tuple[int, str, Any]]:
    if isinstance(values, list):  # it is all in memory anyhow
        values = sorted(values, key=attrgetter(at))
    for value in values:
        yield getattr(value, at), kind, value


def _line(kind: str, value: Any) -> bytes:
    return encode({"kind": kind, **as_record(value)}) + b"\n"


def as_record(value: Any) -> dict[str, Any]:
    """The fields of a recorded value, as they stand in its line."""
    if isinstance(value, Commit):
        return _of_commit(value)
    fields = msgspec.structs.asdict(value)
    if isinstance(value, Span):
        fields["elapsed_ns"] = value.elapsed_ns
    if "kind" in fields:
        # `kind` tells commits from spans and moves.
        fields = {type(value).__name__.lower() if name == "kind" else name: field for name, field in fields.items()}
    return fields


def _of_commit(commit: Commit) -> dict[str, Any]:
    action = commit.action
    return {
        "seq": commit.seq,
        "parent": commit.parent,
        "type": action.type,
        "payload": action.payload,
        "meta": action.meta,
        "started_ns": commit.started_ns,
        "elapsed_ns": commit.elapsed_ns,
        "group": commit.group,
        "label": commit.label,
        "patches": list(map(as_json_patch, commit.patches)),
        "inverse": list(map(as_json_patch, commit.inverse)),
    }


def as_json_patch(patch: Patch) -> dict[str, Any]:
    """A patch with its path as a list of keys; a removal has no value."""
    fields = {"op": patch.op, "path": list(patch.path)}
    return fields if patch.op == "remove" else {**fields, "value": patch.value}
