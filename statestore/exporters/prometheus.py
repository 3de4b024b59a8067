"""Prometheus: live stores scraped through any registry of `prometheus_client`, and a run's final figures as text."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from statestore.exporters.extras import extra
from statestore.exporters.families import BUCKETS, LABELS, TAKES, Families
from statestore.exporters.lanes import valid
from statestore.ports import Source, StoreLike, Unsubscribe

with extra("prometheus"):
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import Metric

_SERIES: Final = ("commits", "spans", "moves", "milestones", "alerts", "samples", "gauges")


class Metrics:
    """A collector for `registry.register(...)`, of the stores that it watches.

        metrics = Metrics()
        REGISTRY.register(metrics)
        metrics.watch(run.store)

    Counters of actions by type and status, of moves, milestones and alerts; a histogram of the durations of spans by
    name; gauges of the head, and of what `Memory` and `Gauges` have read last. Stores are told apart by their names:
    two of one name are added up. A dispatch that is watched costs about half as much again.

    Args:
        labels: how many values a label may have in each store; the rest is counted under `(other)`. So many time
            series a metric may have, of the histogram some 24 times as many.
        buckets: bounds of the histogram, in seconds.
    """

    def __init__(self, labels: int = LABELS, buckets: tuple[float, ...] = BUCKETS) -> None:
        self._families = Families(labels, buckets)

    def watch(self, store: StoreLike) -> Unsubscribe:
        """Counts what the store records from now on, until it is closed or what this gives is called.

        What was counted stays, as a counter must not go back.
        """
        name, families = valid(store.name), self._families
        unobserve = store.observe(partial(families.take, name), *TAKES)
        position = families.positions[name] = lambda: (store.head, store.seq)

        def stop() -> None:
            unobserve()
            if families.positions.get(name) is position:
                last = position()
                families.positions[name] = lambda: last  # and the store can go

        store.at_close(stop)
        return stop

    def collect(self) -> "Iterator[Metric]":
        """What a registry asks for at each scrape."""
        return self._families.collect()


def prometheus(source: Source, **options: Any) -> Iterator[bytes]:
    """The figures at the end of a run, in Prometheus's text format, for its node exporter or a push gateway.

    What is held does not grow with the run.

    Args:
        source: a live history or an opened file.
        options: as for `Metrics`.
    """
    families, name = Families(**options), valid(source.header.store)
    for series in _SERIES:
        for value in getattr(source, series):
            families.take(name, value)
    head, commits = source.head, source.commits
    last = (head.seq if head is not None else 0, commits[-1].seq if len(commits) else 0)
    families.positions[name] = lambda: last
    registry = CollectorRegistry()
    registry.register(families)
    yield generate_latest(registry)
