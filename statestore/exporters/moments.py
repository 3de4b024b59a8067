"""What happened beside the spans, as trace viewers know it: moments, and readings that make a curve."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from statestore.exporters.arguments import shown
from statestore.exporters.lanes import valid
from statestore.ports import Source


class Moment(NamedTuple):
    """Something happened: `kind` is milestone, snapshot, alert or move."""

    kind: str
    name: str
    at_ns: int
    args: dict[str, Any]


class Reading(NamedTuple):
    """What a gauge showed, and in what."""

    name: str
    unit: str
    at_ns: int
    value: float


def moments(source: Source) -> Iterator[Moment]:
    """Milestones, snapshots, alerts and moves of the head, each kind in its order."""
    for milestone in source.milestones:
        args = {"seq": milestone.seq}
        if milestone.data is not None:
            args["data"] = shown(milestone.data)
        if milestone.metadata:
            args["metadata"] = shown(milestone.metadata)
        yield Moment("milestone", valid(milestone.name), milestone.at_ns, args)
    for snapshot in source.snapshots:
        args = {"seq": snapshot.seq, "metadata": shown(snapshot.metadata)}
        yield Moment("snapshot", valid(snapshot.name), snapshot.at_ns, args)
    for alert in source.alerts:
        args = {"subject": shown(alert.subject), "sentence": shown(alert.sentence), "evidence": shown(alert.evidence)}
        yield Moment("alert", valid(alert.rule), alert.at_ns, args)
    for move in source.moves:
        yield Moment("move", valid(move.kind), move.at_ns, {"from_seq": move.from_seq, "to_seq": move.to_seq})


def readings(source: Source) -> Iterator[Reading]:
    """The samples of memory and the gauges, each as the curves that can be drawn of it."""
    yield from _memory(source)
    yield from _process(source)


def _memory(source: Source) -> Iterator[Reading]:
    first: int | None = None
    for sample in source.samples:
        first = sample.rss_bytes if first is None else first
        # On a base of 50 MB the curve itself looks flat.
        yield Reading("rss growth", "bytes", sample.at_ns, sample.rss_bytes - first)
        yield Reading("rss", "bytes", sample.at_ns, sample.rss_bytes)
        yield Reading("heap", "blocks", sample.at_ns, sample.heap_blocks)
        yield Reading("history", "bytes", sample.at_ns, sample.history_bytes)
        if sample.traced_bytes is not None:
            yield Reading("traced", "bytes", sample.at_ns, sample.traced_bytes)


def _process(source: Source) -> Iterator[Reading]:
    for before, gauge in pairwise(source.gauges):
        elapsed_ns, cpu_ns = gauge.at_ns - before.at_ns, gauge.cpu_ns - before.cpu_ns
        if elapsed_ns > 0 and cpu_ns >= 0:  # less than before: the run was resumed by another process
            yield Reading("cpu", "cores", gauge.at_ns, round(cpu_ns / elapsed_ns, 4))
        yield Reading("threads", "count", gauge.at_ns, gauge.threads)
        if gauge.loop_delay_p99_ns is not None:
            yield Reading("loop delay p99", "ns", gauge.at_ns, gauge.loop_delay_p99_ns)
        if gauge.loop_utilisation is not None:
            yield Reading("loop", "utilisation", gauge.at_ns, gauge.loop_utilisation)
