"""What a change cost: time, milestones and memory, measured as they happen."""

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
