"""What Prometheus is told of stores: the families of metrics, and how recorded values change them."""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, Final, NamedTuple

from statestore.exporters.extras import extra
from statestore.exporters.lanes import valid
from statestore.values import Alert, Commit, GaugeSample, MemorySample, Milestone, Move, Span

with extra("prometheus"):
    from prometheus_client import Counter, Histogram
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

TAKES: Final = (Span, Commit, Move, Milestone, Alert, MemorySample, GaugeSample)
OTHER: Final = "(other)"
# Each value of a label is a time series, of a histogram two dozen, and names are made by programs: `f"item {i}"`.
LABELS: Final = 200
# Seconds: a dispatch takes some 10 µs, a step of a workflow up to minutes.
BUCKETS: Final = (
    *[step * 10**power for power in range(-5, 1) for step in (1.0, 2.5, 5.0)], 10.0, 60.0, 600.0,
)  # fmt: skip


class _Reading(NamedTuple):
    """A field of a sample as a metric: what it is called, and by how much it is multiplied."""

    of: type
    field: str
    family: Callable[..., Any]
    name: str
    about: str
    factor: float = 1.0


_READINGS: Final = (
    _Reading(MemorySample, "rss_bytes", GaugeMetricFamily, "resident_memory_bytes", "Resident size of the process"),
    _Reading(MemorySample, "heap_blocks", GaugeMetricFamily, "heap_blocks", "Blocks that Python has allocated"),
    _Reading(MemorySample, "traced_bytes", GaugeMetricFamily, "traced_memory_bytes", "What tracemalloc sees"),
    _Reading(MemorySample, "history_commits", GaugeMetricFamily, "history_commits", "Commits kept in memory"),
    _Reading(MemorySample, "history_bytes", GaugeMetricFamily, "history_bytes", "Size of the commits kept in memory"),
    _Reading(MemorySample, "gc_collections", CounterMetricFamily, "gc_collections", "Runs of the garbage collector"),
    _Reading(GaugeSample, "gc_pause_ns", CounterMetricFamily, "gc_pause_seconds", "Time in the collector", 1e-9),
    _Reading(GaugeSample, "gc_longest_ns", GaugeMetricFamily, "gc_longest_pause_seconds", "Of the last interval", 1e-9),
    _Reading(GaugeSample, "cpu_ns", CounterMetricFamily, "cpu_seconds", "Processor time of the process", 1e-9),
    _Reading(GaugeSample, "threads", GaugeMetricFamily, "threads", "Threads of the process"),
    _Reading(GaugeSample, "voluntary_switches", CounterMetricFamily, "voluntary_context_switches", "Waits"),
    _Reading(GaugeSample, "involuntary_switches", CounterMetricFamily, "involuntary_context_switches", "Preemptions"),
    _Reading(GaugeSample, "loop_delay_p50_ns", GaugeMetricFamily, "loop_delay_p50_seconds", "Median lateness", 1e-9),
    _Reading(GaugeSample, "loop_delay_p99_ns", GaugeMetricFamily, "loop_delay_p99_seconds", "p99 of lateness", 1e-9),
    _Reading(GaugeSample, "loop_delay_max_ns", GaugeMetricFamily, "loop_delay_max_seconds", "Worst lateness", 1e-9),
    _Reading(GaugeSample, "loop_held_ns", GaugeMetricFamily, "loop_held_seconds", "Longest hold of the loop", 1e-9),
    _Reading(GaugeSample, "loop_utilisation", GaugeMetricFamily, "loop_utilisation_ratio", "Busy share, 0 to 1"),
)


class Families:
    """Metrics of any number of stores, told apart by the label `store`.

    Args:
        labels: how many values a label may have in each store; the rest is counted under `(other)`.
        buckets: bounds of the histogram of durations, in seconds.
    """

    def __init__(self, labels: int = LABELS, buckets: tuple[float, ...] = BUCKETS) -> None:
        self._actions = _Labelled(
            Counter("statestore_actions", "Actions: applied (ok), or how they failed", ["store", "type", "status"],
                    registry=None), labels,
        )  # fmt: skip
        self._durations = _Labelled(
            Histogram("statestore_span_duration_seconds", "How long dispatches and other spans took",
                      ["store", "name", "kind"], registry=None, buckets=buckets), labels,
        )  # fmt: skip
        self._counts = {
            kind: _Labelled(Counter(f"statestore_{name}", about, ["store", label], registry=None), labels)
            for kind, name, label, about in (
                (Move, "moves", "kind", "Undo, redo, goto and other moves of the head"),
                (Milestone, "milestones", "name", "Milestones reached"),
                (Alert, "alerts", "rule", "Rules that were broken"),
            )
        }
        self._newest: dict[tuple[str, type], Any] = {}
        self.positions: dict[str, Callable[[], tuple[int, int]]] = {}
        """By store: head and newest commit."""

    def take(self, store: str, value: Any) -> None:
        """Counts a recorded value of a store. From any thread."""
        match value:
            case Span():
                self._durations.child(store, value.name, value.kind).observe(value.elapsed_ns / 1e9)
                if value.kind == "dispatch" and value.status != "ok":
                    self._actions.child(store, value.name, value.status).inc()
            case Commit():
                # Of what succeeded all are counted here, also where Timing records only a share of the spans.
                self._actions.child(store, value.action.type, "ok").inc()
            case Move():
                self._counts[Move].child(store, value.kind).inc()
            case Milestone():
                self._counts[Milestone].child(store, value.name).inc()
            case Alert():
                self._counts[Alert].child(store, value.rule).inc()
            case MemorySample() | GaugeSample():
                self._newest[store, type(value)] = value

    def collect(self) -> "Iterator[Metric]":
        """The families with their values now, for a registry."""
        for labelled in (self._actions, self._durations, *self._counts.values()):
            yield from labelled.collect()
        head = GaugeMetricFamily("statestore_head_seq", "The commit whose state is the state now", labels=["store"])
        newest = GaugeMetricFamily("statestore_newest_seq", "The newest commit", labels=["store"])
        for store, position in list(self.positions.items()):
            for family, seq in zip((head, newest), position(), strict=True):
                family.add_metric([store], seq)
        yield from (head, newest)
        readings = list(self._newest.items())
        for reading in _READINGS:
            yield _family(reading, readings)


def _family(reading: _Reading, samples: list[tuple[tuple[str, type], Any]]) -> Any:
    family = reading.family(f"statestore_{reading.name}", reading.about, labels=["store"])
    for (store, kind), sample in samples:
        value = getattr(sample, reading.field) if kind is reading.of else None
        if value is not None:
            family.add_metric([store], value * reading.factor)
    return family


class _Labelled:
    """A metric whose labels after `store` may have only so many values in each store."""

    def __init__(self, metric: Any, limit: int) -> None:
        self._metric = metric
        self._limit = limit
        self._lock = Lock()
        self._children: dict[tuple[str, ...], Any] = {}
        self._counts: dict[str, int] = {}

    def child(self, store: str, *values: str) -> Any:
        """The metric for these labels, or for what is over the limit."""
        found = self._children.get((store, *values))
        return self._add(store, values) if found is None else found

    def _add(self, store: str, values: tuple[str, ...]) -> Any:
        with self._lock:
            if self._counts.get(store, 0) >= self._limit:
                # What tells success from failure stays.
                return self._metric.labels(store, *[value if value == "ok" else OTHER for value in values])
            key = (store, *values)
            if key not in self._children:
                self._counts[store] = self._counts.get(store, 0) + 1
                self._children[key] = self._metric.labels(*map(valid, key))
            return self._children[key]

    def collect(self) -> "Iterator[Metric]":
        """The family without the times at which its series began, which nobody asked for."""
        for metric in self._metric.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
