"""The report of a run: where its time and its memory went, as data for machines and as text for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from statestore.recording.diagnosis import Evidence, diagnose
from statestore.recording.gauges import Gauges
from statestore.recording.memory import Memory
from statestore.recording.milestones import Milestones
from statestore.recording.spantree import SpanNode, format_ns
from statestore.recording.stats import Stats
from statestore.recording.timing import Timing

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
    """What the recorders of one run found: `print(report)` for people, `as_dict()` for machines.

    Made when it is asked for, from what is recorded then. Costs about 2 µs for each kept span.
    """

    def __init__(self, timing: Timing, milestones: Milestones, memory: Memory, gauges: Gauges, history: Any) -> None:
        evidence = Evidence.of(timing, memory, gauges)
        self.findings = diagnose(evidence)
        self.overhead = evidence.overhead
        self.spans = fold(evidence.roots)
        self.stats = evidence.stats
        self.milestones = milestones.timeline()
        self.laps = milestones.durations()
        self.growth = memory.growth()
        self.trend = memory.trend()
        self.last_sample = memory.samples[-1] if memory.samples else None
        self.duration_ns = evidence.duration_ns
        self.commits = len(history)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data, times in nanoseconds, sizes in bytes."""
        return {
            "duration_ns": self.duration_ns,
            "commits": self.commits,
            "findings": [_fields(finding) for finding in self.findings],
            "overhead": _fields(self.overhead) if self.overhead is not None else None,
            "spans": [branch.as_dict() for branch in by_total(self.spans)],
            "statistics": {name: _fields(stats) for name, stats in self.stats.items()},
            "milestones": [_fields(milestone) for milestone in self.milestones],
            "laps": [lap._asdict() for lap in self.laps],
            "memory": {
                "growth": _fields(self.growth),
                "trend": _fields(self.trend),
                "last": _fields(self.last_sample) if self.last_sample is not None else None,
            },
        }

    def __str__(self) -> str:
        sections = (self._spans(), self._statistics(), self._milestones(), self._memory())
        return "\n\n".join([self._head(), *["\n".join(lines) for lines in sections if lines]])

    def _head(self) -> str:
        recording = ""
        if self.overhead is not None and self.duration_ns:
            share = self.overhead.total_ns / self.duration_ns
            recording = f"; recording itself took {format_ns(self.overhead.total_ns)}, {share:.1%}"
        lines = [f"Run of {format_ns(self.duration_ns)}, {self.commits:,} commits{recording}"]
        lines.extend([f"  {finding.level + ':':<8} {finding.sentence}" for finding in self.findings])
        return "\n".join(lines)

    def _spans(self) -> list[str]:
        whole = max((branch.total_ns for branch in self.spans.values()), default=0)
        rows: list[tuple[str, ...]] = [("Where the time went", "count", "total", "own", "share")]
        for branch, depth in _walk(self.spans, 0):
            share = f"{branch.total_ns / whole:.0%}" if whole else ""
            failed = f"  ({branch.failed:,} failed)" if branch.failed else ""
            name = "  " * depth + branch.name + failed
            rows.append((name, f"{branch.count:,}", format_ns(branch.total_ns), format_ns(branch.own_ns), share))
        return _table(rows)

    def _statistics(self) -> list[str]:
        names = sorted(self.stats, key=lambda name: -self.stats[name].total_ns)
        rows: list[tuple[str, ...]] = [("Statistics by name", "count", "total", "median", "p95", "p99", "max")]
        rows.extend([(name, *_figures(self.stats[name])) for name in names[:_MOST_ROWS]])
        return [*_table(rows), *_left_out(len(names), "names")]

    def _milestones(self) -> list[str]:
        """The first and the last ones, as a run is told by its beginning and its end."""
        rows: list[tuple[str, ...]] = [("Milestones", "at", "after")]
        before, count = 0, len(self.milestones)
        for i, milestone in enumerate(self.milestones):
            if i < _MOST_ROWS // 2 or i >= count - _MOST_ROWS // 2:
                rows.append((milestone.name, format_ns(milestone.at_ns), "+" + format_ns(milestone.at_ns - before)))
            elif i == _MOST_ROWS // 2:
                rows.append((f"... {count - _MOST_ROWS:,} more", "", ""))
            before = milestone.at_ns
        return _table(rows)

    def _memory(self) -> list[str]:
        if self.last_sample is None:
            return []
        last, growth = self.last_sample, self.growth
        return [
            f"Memory  {last.rss_bytes / 1e6:,.1f} MB resident, {growth.rss_bytes / 1e6:+,.1f} MB since the start; "
            f"history {last.history_bytes / 1e3:,.0f} kB in {last.history_commits:,} commits"
        ]


def _walk(branches: dict[str, Folded], depth: int) -> Iterable[tuple[Folded, int]]:
    if depth < _DEEPEST:
        for branch in by_total(branches)[:_MOST_ROWS]:
            yield branch, depth
            yield from _walk(branch.children, depth + 1)


def _figures(stats: Stats) -> tuple[str, ...]:
    times = (stats.total_ns, stats.median_ns, stats.p95_ns, stats.p99_ns, stats.max_ns)
    return (f"{stats.count:,}", *map(format_ns, times))


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns that line up, the first to the left and numbers to the right; nothing where there is only a head."""
    if len(rows) < 2:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *[cell.rjust(widths[i]) for i, cell in enumerate(row[1:], 1)]]).rstrip()
        for row in rows
    ]


def _left_out(count: int, what: str) -> list[str]:
    return [f"... and {count - _MOST_ROWS:,} more {what}"] if count > _MOST_ROWS else []


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}
