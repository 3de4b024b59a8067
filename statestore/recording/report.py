"""The report of a run: where its time and its memory went, as data for machines and as text for people."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TextIO

from statestore.errors import DispatchError
from statestore.recording.allocations import GrowingLine
from statestore.recording.diagnosis import Evidence, diagnose
from statestore.recording.gauges import Gauges
from statestore.recording.memory import Memory
from statestore.recording.milestones import Milestones
from statestore.recording.rendering import Page, Rows, as_text, print_page
from statestore.recording.spantree import SpanNode, format_ns
from statestore.recording.stats import Stats
from statestore.recording.timing import Timing
from statestore.tree.freezing import thaw

# A report is read, not searched: the names and branches beyond these are in `as_dict()`.
_MOST_ROWS = 12
_DEEPEST = 4


@dataclass(slots=True)
class Folded:
    """All spans of one name under the same parents, as one: how often, how long, and how much of it in none below."""

    name: str
    count: int = 0
    total_ns: int = 0
    own_ns: int = 0
    failed: int = 0
    children: dict[str, "Folded"] = field(default_factory=dict)

    def add(self, node: SpanNode) -> None:
        """Counts one more span."""
        self.count += 1
        self.total_ns += node.elapsed_ns
        self.own_ns += node.own_ns
        self.failed += node.status != "ok"

    def as_dict(self) -> dict[str, Any]:
        """The branch as plain data, the longest child first."""
        return {
            "name": self.name,
            "count": self.count,
            "total_ns": self.total_ns,
            "own_ns": self.own_ns,
            "failed": self.failed,
            "children": [child.as_dict() for child in by_total(self.children)],
        }


def fold(roots: Iterable[SpanNode]) -> dict[str, Folded]:
    """Merges spans of one name under the same parents, so that a thousand actions are one line."""
    folded: dict[str, Folded] = {}
    stack = [(root, folded) for root in roots]
    while stack:
        node, siblings = stack.pop()
        branch = siblings.setdefault(node.name, Folded(node.name))
        branch.add(node)
        stack.extend((child, branch.children) for child in node.children)
    return folded


def by_total(branches: dict[str, Folded]) -> list[Folded]:
    """The branches, the longest first."""
    return sorted(branches.values(), key=lambda branch: -branch.total_ns)


class Report:
    """What the recorders of one run found: `report.print()` and `print(report)` for people, `as_dict()` for machines.

    Made when it is asked for, from what is recorded then. Costs about 2 µs for each kept span, and seconds on a large
    heap with `Memory(trace=True)`.
    """

    def __init__(self, timing: Timing, milestones: Milestones, memory: Memory, gauges: Gauges, history: Any) -> None:
        self.growing: list[GrowingLine] = []
        with suppress(DispatchError):  # not traced, or no longer
            self.growing = memory.top_lines()
        evidence = Evidence.of(timing, memory, gauges)
        self.findings = diagnose(evidence)
        self.overhead = evidence.overhead
        self.spans = fold(evidence.roots)
        self.stats = evidence.stats
        self.milestones = milestones.timeline()
        self.laps = milestones.durations()
        self.growth = memory.growth()
        self.trend = memory.trend()
        self.samples = evidence.samples
        self.gauges = evidence.gauges
        self.loop_delays = gauges.delays.stats()
        self.duration_ns = evidence.duration_ns
        self.commits = len(history)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data, times in nanoseconds, sizes in bytes."""
        return {
            "duration_ns": self.duration_ns,
            "commits": self.commits,
            "findings": [_fields(finding) for finding in self.findings],
            "overhead": _fields(self.overhead),
            "spans": [branch.as_dict() for branch in by_total(self.spans)],
            "statistics": {name: _fields(stats) for name, stats in self.stats.items()},
            "milestones": [_fields(milestone) for milestone in self.milestones],
            "laps": [lap._asdict() for lap in self.laps],
            "memory": {
                "growth": _fields(self.growth),
                "trend": _fields(self.trend),
                "last": _fields(self.samples[-1]) if self.samples else None,
                "growing_lines": [_fields(line) for line in self.growing],
            },
            "process": {
                "last": _fields(self.gauges[-1]) if self.gauges else None,
                "loop_delays": _fields(self.loop_delays),
            },
        }

    def __str__(self) -> str:
        return as_text(self._page())

    def print(self, file: TextIO | None = None) -> None:
        """Prints it: with rich if the file, standard output by default, is a terminal, else the text of `str()`."""
        print_page(self._page(), file)

    def _page(self) -> Page:
        tables = (self._spans(), self._statistics(), self._milestones(), self._growing())
        notes = [line for line in (self._memory(), self._process()) if line]
        return [self._head(), *[table for table in tables if len(table) > 1], *(["\n".join(notes)] if notes else [])]

    def _head(self) -> str:
        recording = ""
        if self.overhead is not None and self.duration_ns:
            share = self.overhead.total_ns / self.duration_ns
            recording = f"; recording itself took {format_ns(self.overhead.total_ns)}, {share:.1%}"
        lines = [f"Run of {format_ns(self.duration_ns)}, {self.commits:,} commits{recording}"]
        lines.extend([f"  {finding.level + ':':<8} {finding.sentence}" for finding in self.findings])
        return "\n".join(lines)

    def _spans(self) -> Rows:
        whole = max((branch.total_ns for branch in self.spans.values()), default=0)
        rows: Rows = [("Where the time went", "count", "total", "own", "share")]
        for branch, depth in _walk(self.spans, 0):
            share = f"{branch.total_ns / whole:.0%}" if whole else ""
            failed = f"  ({branch.failed:,} failed)" if branch.failed else ""
            name = "  " * depth + branch.name + failed
            rows.append((name, f"{branch.count:,}", format_ns(branch.total_ns), format_ns(branch.own_ns), share))
        return rows

    def _statistics(self) -> Rows:
        names = sorted(self.stats, key=lambda name: -self.stats[name].total_ns)
        rows: Rows = [("Statistics by name", "count", "total", "median", "p95", "p99", "max")]
        rows.extend([(name, *_figures(self.stats[name])) for name in names[:_MOST_ROWS]])
        if len(names) > _MOST_ROWS:
            rows.append((f"... and {len(names) - _MOST_ROWS:,} more names", "", "", "", "", "", ""))
        return rows

    def _milestones(self) -> Rows:
        """The first and the last ones, as a run is told by its beginning and its end."""
        rows: Rows = [("Milestones", "at", "after")]
        before, count = 0, len(self.milestones)
        for i, milestone in enumerate(self.milestones):
            if i < _MOST_ROWS // 2 or i >= count - _MOST_ROWS // 2:
                rows.append((milestone.name, format_ns(milestone.at_ns), "+" + format_ns(milestone.at_ns - before)))
            elif i == _MOST_ROWS // 2:
                rows.append((f"... {count - _MOST_ROWS:,} more", "", ""))
            before = milestone.at_ns
        return rows

    def _growing(self) -> Rows:
        rows: Rows = [("Lines that have grown most", "grown", "blocks")]
        for line in self.growing:
            rows.append((f"{line.file}:{line.line}", f"{line.grown_bytes / 1e6:,.2f} MB", f"{line.grown_blocks:+,}"))
        return rows

    def _memory(self) -> str:
        if not self.samples:
            return ""
        last, grown_bytes = self.samples[-1], self.growth.rss_bytes
        return (
            f"Memory   {last.rss_bytes / 1e6:,.1f} MB resident, {grown_bytes / 1e6:+,.1f} MB since the start; "
            f"history {last.history_bytes / 1e3:,.0f} kB in {last.history_commits:,} commits"
        )

    def _process(self) -> str:
        if len(self.gauges) < 2:
            return ""
        first, last, delays = self.gauges[0], self.gauges[-1], self.loop_delays
        cores = (last.cpu_ns - first.cpu_ns) / max(last.at_ns - first.at_ns, 1)
        line = f"Process  {cores:.0%} of a core, {last.threads} threads, collector {format_ns(last.gc_pause_ns)}"
        if delays is None:
            return line
        times = [f"{name} {format_ns(ns)}" for name, ns in (("median", delays.median_ns), ("p99", delays.p99_ns))]
        return f"{line}; event loop late by {', '.join(times)}, at most {format_ns(delays.max_ns)}"


def _walk(branches: dict[str, Folded], depth: int) -> Iterable[tuple[Folded, int]]:
    if depth < _DEEPEST:
        for branch in by_total(branches)[:_MOST_ROWS]:
            yield branch, depth
            yield from _walk(branch.children, depth + 1)


def _figures(stats: Stats) -> tuple[str, ...]:
    times = (stats.total_ns, stats.median_ns, stats.p95_ns, stats.p99_ns, stats.max_ns)
    return (f"{stats.count:,}", *map(format_ns, times))


def _fields(value: Any) -> Any:
    """A record as plain data: what is in it may be parts of the state."""
    return value and {name: thaw(getattr(value, name)) for name in value.__struct_fields__}
