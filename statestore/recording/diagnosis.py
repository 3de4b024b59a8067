"""Diagnosis: what a person should look at first, in plain sentences with their evidence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from statestore.ports import Source
from statestore.recording.memory import growth_of, trend_of
from statestore.recording.overhead import Overhead, measure_overhead
from statestore.recording.series import Series
from statestore.recording.spantree import SpanNode, build_tree, plain_metadata, walk
from statestore.recording.stats import Stats
from statestore.recording.tally import stats_of, tally_spans
from statestore.recording.timing import Timing
from statestore.recording.trend import WARM_UP
from statestore.recording.units import format_ns
from statestore.values import GaugeSample, MemorySample, Span

Level: TypeAlias = Literal["warning", "note"]

# Half of all the time in one place: making anything else faster cannot make the run twice as fast (Amdahl).
DOMINATES = 0.5
# Below a tenth nothing stands out; between, the largest is named, since somebody will ask for it.
NOTABLE = 0.1
# A log-normal distribution with a deviation of 1, which is what healthy services look like, has a p99 of 10 times its
# median. Twice that is a second population: a cache that misses, a lock, a retry.
TAIL = 20.0
# One per cent of fewer is not even one.
TAIL_COUNT = 100
# A tail that nobody waits for: of names that take less than a twentieth of the time, or whose p99 is below 5 ms.
TAIL_SHARE = 0.05
TAIL_NS = 5_000_000
# Above a tenth of a second people see a stop, and asyncio's own debug mode calls a callback slow.
BLOCKED_NS = 100_000_000
# In between, both processor and waiting are worth a look, and neither comes first.
BUSY = 0.9
IDLE = 0.1
# Shorter runs are mostly imports.
LEAST_NS = 1_000_000_000
# An interpreter and its allocator grow in steps of up to a few megabytes, and by some per cent of what they hold.
LEAK_BYTES = 8_000_000
LEAK_SHARE = 0.05
# A twentieth of the time in the collector, or one stop that people see, is worth freezing or tuning the collector for.
PAUSE_SHARE = 0.05
# Recording is to be so cheap that nobody switches it off; above a twentieth somebody would, and should sample.
OVERHEAD_SHARE = 0.05


class Finding(msgspec.Struct, frozen=True):
    """One thing worth a look: a `warning` is probably wrong, a `note` is where to begin when it is to be faster."""

    kind: str
    level: Level
    sentence: str
    evidence: Mapping[str, Any]


class Evidence(msgspec.Struct, frozen=True):
    """What a diagnosis is made from; of a live run or of a file, which knows no overhead."""

    roots: Sequence[SpanNode]
    stats: Mapping[str, Stats]
    duration_ns: int
    samples: Sequence[MemorySample] = ()
    gauges: Sequence[GaugeSample] = ()
    overhead: Overhead | None = None

    @classmethod
    def of(cls, timing: Timing, *series: Series[Any]) -> "Evidence":
        """What the recorders of a live run know, whatever of Memory and Gauges there is."""
        readings = [sample for each in series for sample in each.samples]
        return cls(
            roots=timing.tree(),
            stats=timing.all_stats(),
            duration_ns=timing.now_ns(),
            samples=[sample for sample in readings if isinstance(sample, MemorySample)],
            gauges=[sample for sample in readings if isinstance(sample, GaugeSample)],
            overhead=measure_overhead(timing, series),
        )

    @classmethod
    def of_source(cls, source: Source, spans: Iterable[Span] | None = None) -> "Evidence":
        """What a history file tells; it takes some 500 bytes for each span.

        Args:
            source: the file, or a history.
            spans: those of its spans that it is about, all if None.
        """
        roots = build_tree(source.spans if spans is None else spans)
        return cls(
            roots=roots,
            stats=stats_of(tally_spans(walk(roots))),
            duration_ns=duration_of(source),
            samples=list(source.samples),
            gauges=list(source.gauges),
        )


def duration_of(source: Source) -> int:
    """When the last thing happened that the source knows of, in nanoseconds since the run began."""
    lasts = [series[-1] for series in (source.samples, source.gauges, source.milestones, source.moves) if series]
    moments = [last.at_ns for last in lasts]
    moments += [span.ended_ns for span in source.spans[-1:]]
    moments += [commit.started_ns + commit.elapsed_ns for commit in source.commits[-1:]]
    return max(moments, default=0)


def diagnose(evidence: Evidence) -> list[Finding]:
    """What stands out, warnings first; nothing at all where nothing does."""
    finders = (_find_blocked_loop, find_leak, _find_pauses, _find_tails, _find_overhead, _find_dominant, _find_cpu)
    findings = [finding for find in finders for finding in find(evidence)]
    return sorted(findings, key=lambda finding: finding.level == "note")


def _find_dominant(evidence: Evidence) -> Iterator[Finding]:
    own: Counter[str] = Counter()
    slowest: dict[str, SpanNode] = {}
    for node in walk(evidence.roots):
        if node.kind == "measure":  # from mark to mark, beside the spans: its time is theirs as well
            continue
        own[node.name] += node.own_ns
        if node.name not in slowest or node.elapsed_ns > slowest[node.name].elapsed_ns:
            slowest[node.name] = node
    whole_ns = own.total()
    if len(own) < 2 or whole_ns == 0:
        return
    ((name, own_ns),) = own.most_common(1)
    if own_ns < NOTABLE * whole_ns:
        return
    worst = slowest[name]
    yield Finding(
        "dominant" if own_ns >= DOMINATES * whole_ns else "largest",
        "note",
        f"{name} takes {own_ns / whole_ns:.0%} of the recorded time, {format_ns(own_ns)} of {format_ns(whole_ns)}; "
        f"the slowest one took {format_ns(worst.elapsed_ns)}{_said_of(worst)}",
        {"name": name, "own_ns": own_ns, "whole_ns": whole_ns, "slowest_id": worst.id, "slowest_ns": worst.elapsed_ns},
    )


def _said_of(node: SpanNode) -> str:
    said = plain_metadata(node)
    return f" ({', '.join(said)})" if said else ""


def _find_tails(evidence: Evidence) -> Iterator[Finding]:
    for name, stats in evidence.stats.items():
        if stats.measured < TAIL_COUNT or stats.p99_ns < max(TAIL * stats.median_ns, TAIL_NS):
            continue
        if stats.total_ns < TAIL_SHARE * evidence.duration_ns:
            continue
        yield Finding(
            "tail",
            "note",  # work of different sizes has one, too
            f"{name} usually takes {format_ns(stats.median_ns)}, but one in a hundred takes {format_ns(stats.p99_ns)} "
            f"or more (the longest {format_ns(stats.max_ns)})",
            {"name": name, "median_ns": stats.median_ns, "p99_ns": stats.p99_ns, "count": stats.count},
        )


def _find_blocked_loop(evidence: Evidence) -> Iterator[Finding]:
    blocked = [sample for sample in evidence.gauges if _held_ns(sample) >= BLOCKED_NS]
    if not blocked:
        return
    worst = max(blocked, key=_held_ns)
    delay_ns = _held_ns(worst)
    suspect = _suspect(evidence, worst, delay_ns)
    during = ""
    if suspect is not None:
        during = f", probably by {suspect.name}, which took {format_ns(suspect.elapsed_ns)}{_said_of(suspect)}"
    yield Finding(
        "blocked loop",
        "warning",
        f"the event loop was held up for {format_ns(delay_ns)}{during}; {len(blocked)} of {len(evidence.gauges)} "
        "readings saw it blocked. Await instead, or move the work to a thread or process",
        {"delay_ns": delay_ns, "at_ns": worst.at_ns, "readings": len(blocked), "suspect_id": suspect and suspect.id},
    )


def _held_ns(sample: GaugeSample) -> int:
    # On a busy machine every program comes late, and none of its spans is to blame.
    return (sample.loop_held_ns if sample.loop_held_ns is not None else sample.loop_delay_max_ns) or 0


def _suspect(evidence: Evidence, sample: GaugeSample, delay_ns: int) -> SpanNode | None:
    """The innermost span of a task that took most of the delay by itself, in the time that the reading is about."""
    before = max((other.at_ns for other in evidence.gauges if other.at_ns < sample.at_ns), default=0)
    fitting = [
        node
        for node in walk(evidence.roots)
        if node.task is not None
        and node.started_ns < sample.at_ns
        and node.ended_ns > before
        and node.own_ns >= delay_ns / 2
    ]
    # What awaits takes long as well; but while something blocks, no span of another task begins or ends.
    turns = [(at, node.task) for node in walk(evidence.roots) for at in (node.started_ns, node.ended_ns) if node.task]
    alone = [
        node
        for node in fitting
        if not any(node.started_ns < at < node.ended_ns and task != node.task for at, task in turns)
    ]
    return min(alone or fitting, key=lambda node: abs(node.own_ns - delay_ns), default=None)


def _find_cpu(evidence: Evidence) -> Iterator[Finding]:
    if len(evidence.gauges) < 2:
        return
    first, last = evidence.gauges[0], evidence.gauges[-1]
    wall_ns, cpu_ns = last.at_ns - first.at_ns, last.cpu_ns - first.cpu_ns
    if wall_ns < LEAST_NS:
        return
    share = cpu_ns / wall_ns
    numbers = {"cpu_ns": cpu_ns, "wall_ns": wall_ns}
    if share >= BUSY:
        sentence = f"the processor is what it waits for: it was busy for {share:.0%} of the time (100 % is one core)"
        yield Finding("busy processor", "note", sentence, numbers)
    elif share <= IDLE:
        sentence = f"it waits most of the time: the processor was busy for {share:.0%} of it; do more at once"
        yield Finding("idle processor", "note", sentence, numbers)


def find_leak(evidence: Evidence) -> Iterator[Finding]:
    """Whether memory climbs for reasons that the history does not explain."""
    trend = trend_of(evidence.samples)
    if not trend.is_steady:
        return
    settled = evidence.samples[int(len(evidence.samples) * WARM_UP) :]
    growth = growth_of(settled)
    unexplained = growth.rss_bytes - max(growth.history_bytes, 0)
    if unexplained < max(LEAK_BYTES, LEAK_SHARE * settled[0].rss_bytes):
        return
    yield Finding(
        "leak hint",
        "warning",
        f"memory climbs steadily by {trend.slope / 1e6:.2g} MB/s (between {trend.low / 1e6:.2g} and "
        f"{trend.high / 1e6:.2g}, p = {trend.p_value:.1g}), {growth.rss_bytes / 1e6:,.0f} MB since the warm-up, of "
        f"which the history keeps {growth.history_bytes / 1e6:,.1f} MB. A hint, not a proof: they may be results that "
        "are meant to stay",
        {
            "slope": trend.slope,
            "p_value": trend.p_value,
            "grown_bytes": growth.rss_bytes,
            "history_bytes": growth.history_bytes,
            "grown_blocks": growth.heap_blocks,
            "readings": trend.readings,
        },
    )


def _find_pauses(evidence: Evidence) -> Iterator[Finding]:
    longest_ns = max((sample.gc_longest_ns for sample in evidence.gauges), default=0)
    series: Sequence[GaugeSample | MemorySample] = evidence.gauges or evidence.samples
    if not series or evidence.duration_ns <= 0:
        return
    paused_ns = series[-1].gc_pause_ns
    share = paused_ns / evidence.duration_ns
    if longest_ns < BLOCKED_NS and (share < PAUSE_SHARE or evidence.duration_ns < LEAST_NS):
        return
    longest = f", the longest pause {format_ns(longest_ns)}" if longest_ns else ""
    yield Finding(
        "collector pauses",
        "warning",
        f"the garbage collector stopped the program for {format_ns(paused_ns)}, {share:.1%} of the run{longest}. "
        "Keep fewer small objects alive, or gc.freeze() what was loaded at the start",
        {"paused_ns": paused_ns, "longest_ns": longest_ns},
    )


def _find_overhead(evidence: Evidence) -> Iterator[Finding]:
    overhead = evidence.overhead
    if overhead is None or evidence.duration_ns <= 0:
        return
    share = overhead.total_ns / evidence.duration_ns
    if share < OVERHEAD_SHARE or evidence.duration_ns < LEAST_NS:
        return
    yield Finding(
        "recording overhead",
        "warning",
        f"recording took {format_ns(overhead.total_ns)}, {share:.0%} of the run, for "
        f"{overhead.dispatches + overhead.blocks:,} spans; record some of them, as in Timing(sample=0.1)",
        {"overhead_ns": overhead.total_ns, "spans": overhead.dispatches + overhead.blocks},
    )
