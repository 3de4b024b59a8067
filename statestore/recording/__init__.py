"""What a change cost: time, milestones and memory, measured as they happen."""

from typing import TYPE_CHECKING

from statestore.loading import on_use

if TYPE_CHECKING:
    from statestore.recording.alerts import Above, Alerts, Deviates
    from statestore.recording.diagnosis import Evidence, Finding, diagnose
    from statestore.recording.gauges import Gauges
    from statestore.recording.logbridge import LogCommits, LogToSpans
    from statestore.recording.memory import Memory
    from statestore.recording.milestones import Lap, Milestones
    from statestore.recording.overhead import Overhead, measure_overhead
    from statestore.recording.profile import StackProfiler
    from statestore.recording.report import Report
    from statestore.recording.spantree import SpanNode
    from statestore.recording.stats import Distribution, Stats, merge_distributions
    from statestore.recording.timing import Timing
    from statestore.recording.trend import Trend

__all__ = [
    "Above",
    "Alerts",
    "Deviates",
    "Distribution",
    "Evidence",
    "Finding",
    "Gauges",
    "Lap",
    "LogCommits",
    "LogToSpans",
    "Memory",
    "Milestones",
    "Overhead",
    "Report",
    "SpanNode",
    "StackProfiler",
    "Stats",
    "Timing",
    "Trend",
    "diagnose",
    "measure_overhead",
    "merge_distributions",
]

# Whoever only wants the statistics of a file needs no threads and no frames.
__getattr__, __dir__ = on_use(
    __name__,
    {
        "statestore.recording.alerts": ("Above", "Alerts", "Deviates"),
        "statestore.recording.diagnosis": ("Evidence", "Finding", "diagnose"),
        "statestore.recording.gauges": ("Gauges",),
        "statestore.recording.logbridge": ("LogCommits", "LogToSpans"),
        "statestore.recording.memory": ("Memory",),
        "statestore.recording.milestones": ("Lap", "Milestones"),
        "statestore.recording.overhead": ("Overhead", "measure_overhead"),
        "statestore.recording.profile": ("StackProfiler",),
        "statestore.recording.report": ("Report",),
        "statestore.recording.spantree": ("SpanNode",),
        "statestore.recording.stats": ("Distribution", "Stats", "merge_distributions"),
        "statestore.recording.timing": ("Timing",),
        "statestore.recording.trend": ("Trend",),
    },
)
