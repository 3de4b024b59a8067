"""What a change cost: time, milestones and memory, measured as they happen."""

from statestore.recording.memory import Memory
from statestore.recording.milestones import Milestones
from statestore.recording.report import Report
from statestore.recording.spantree import SpanNode
from statestore.recording.stats import Stats
from statestore.recording.timing import Timing
from statestore.recording.trend import Trend

__all__ = ["Memory", "Milestones", "Report", "SpanNode", "Stats", "Timing", "Trend"]
