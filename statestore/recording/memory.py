"""Memory: the recorder of how much memory the process holds, and whether it keeps climbing."""

import gc
import sys
import tracemalloc
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from msgspec.structs import astuple

from statestore.errors import DispatchError
from statestore.ports import Clock, Dispatch, StoreLike
from statestore.recording.allocations import ActionAllocations, Allocated, GrowingLine, LineTracer
from statestore.recording.pauses import PauseMeter
from statestore.recording.resident import resident_bytes
from statestore.recording.series import Series
from statestore.recording.trend import Trend, find_trend
from statestore.values import MemorySample


class Memory(Series[MemorySample]):
    """Records readings of memory: one at install, then one in every `interval` seconds, and whenever asked.

    Args:
        interval: seconds between two readings; None reads only when `capture()` is called.
        keep: how many readings are kept, the newest.
        trace: whether to run `tracemalloc` while the store is open, for `traced_bytes` and `top_lines()`. Allocating
            takes two to four times as long then, and memory grows by half: for a search, not for always.
        by_action: whether to add up, by type of action, what dispatching it allocates; see `allocated`. It costs about
            1 µs a dispatch.
        daemon: whether the program may end while the sampling thread runs; a store that is closed ends it anyway.
        clock: where times come from; the store's clock if None.

    A reading takes about 10 µs. Times are nanoseconds since the run began.
    """

    def __init__(
        self,
        interval: float | None = 1.0,
        *,
        keep: int = 100_000,
        trace: bool = False,
        by_action: bool = False,
        daemon: bool = True,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(interval, keep, daemon, clock)
        self._pauses = PauseMeter()
        self._tracer = LineTracer() if trace else None
        self._by_action = ActionAllocations() if by_action else None

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Takes its place beside the chain of a store, and the first reading; with `by_action`, its place in it."""
        super().__call__(store, next)
        return next if self._by_action is None else self._by_action.watch(next)

    def open(self, store: StoreLike) -> None:
        """Starts to measure the collector's pauses, and to trace."""
        self._pauses.open(self._axis.clock.now_ns)
        if self._tracer is not None:
            self._tracer.open()

    def read(self) -> MemorySample:
        """Takes one reading."""
        commits, kept_bytes = kept_by_history(self._store)
        return MemorySample(
            at_ns=self._axis.now_ns(),
            rss_bytes=resident_bytes(),
            heap_blocks=sys.getallocatedblocks(),
            gc_collections=sum(generation["collections"] for generation in gc.get_stats()),
            gc_pause_ns=self._pauses.total_ns,
            history_commits=commits,
            history_bytes=kept_bytes,
            traced_bytes=tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else None,
        )

    def shut(self) -> None:
        """Stops measuring and tracing."""
        self._pauses.close()
        if self._tracer is not None:
            self._tracer.close()

    def growth(self) -> MemorySample:
        """The last reading minus the first, field by field; zeros before there are two."""
        return growth_of(self.samples)

    def average(self) -> MemorySample:
        """The mean of the readings, field by field, rounded; zeros before the first."""
        return average_of(self.samples)

    def trend(self) -> Trend:
        """The slope of the resident size in bytes per second, with its confidence."""
        return trend_of(self.samples)

    def top_lines(self, limit: int = 10) -> list[GrowingLine]:
        """The lines of code whose allocations have grown most since the store was made, the largest first.

        Raises:
            DispatchError: made without `trace=True`, or asked while no store is open. Costs seconds on a large heap.
        """
        if self._tracer is None:
            raise DispatchError("top_lines needs Memory(trace=True), which runs tracemalloc while the store is open")
        return self._tracer.top_lines(limit)

    @property
    def allocated(self) -> dict[str, Allocated]:
        """What dispatching has allocated and not freed, by type of action; empty without `by_action=True`."""
        return self._by_action.totals() if self._by_action is not None else {}


def growth_of(samples: Sequence[MemorySample]) -> MemorySample:
    """The last sample minus the first, field by field."""
    if not samples:
        return MemorySample(0, 0)
    columns = zip(astuple(samples[0]), astuple(samples[-1]), strict=True)
    return MemorySample(*[_difference(first, last) for first, last in columns])


def _difference(first: int | None, last: int | None) -> Any:
    return last - first if first is not None and last is not None else None


def average_of(samples: Sequence[MemorySample]) -> MemorySample:
    """The mean of the samples, field by field, rounded to whole numbers."""
    if not samples:
        return MemorySample(0, 0)
    columns = zip(*map(astuple, samples), strict=True)
    return MemorySample(*[_mean([value for value in column if value is not None]) for column in columns])


def _mean(values: Sequence[int]) -> Any:
    return round(fmean(values)) if values else None


def trend_of(samples: Sequence[MemorySample]) -> Trend:
    """The trend of the resident size, in bytes per second."""
    return find_trend([sample.at_ns for sample in samples], [sample.rss_bytes for sample in samples])


def kept_by_history(store: StoreLike | None) -> tuple[int, int]:
    """How many commits the history of the store keeps, and their size, as far as it says so."""
    # While it is being made, a store has no middleware yet.
    for layer in getattr(store, "middleware", ()):
        kept = getattr(layer, "kept", None)
        if isinstance(kept, tuple):
            return int(kept[0]), int(kept[1])
    return 0, 0
