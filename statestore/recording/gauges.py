"""Gauges: the recorder of how the process runs, its processor time, threads and event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from statestore.errors import ActionError
from statestore.ports import Clock, StoreLike, Unsubscribe
from statestore.recording.eventloop import RESOLUTION_NS, LoopMonitor, LoopReading, starved_ns
from statestore.recording.pauses import PauseMeter
from statestore.recording.series import Series
from statestore.recording.stats import Distribution
from statestore.values import Commit, GaugeSample

# An event loop that is to be seen has dispatched by then; a program without one pays for no more.
_COMMITS_LOOKED_AT = 1_000


class ProcessReading(NamedTuple):
    """What the system says of this process, since it began."""

    cpu_ns: int
    threads: int
    voluntary_switches: int
    involuntary_switches: int


def read_process() -> ProcessReading:
    """Asks the system; switches are 0 where it does not count them (Windows)."""
    try:
        import resource
    except ImportError:
        return ProcessReading(time.process_time_ns(), threading.active_count(), 0, 0)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return ProcessReading(time.process_time_ns(), threading.active_count(), usage.ru_nvcsw, usage.ru_nivcsw)


def _never_starved(native_id: int) -> int:
    return 0


class Gauges(Series[GaugeSample]):
    """Records how the process runs: one reading at install, then one in every `interval` seconds, and whenever asked.

    Processor time, threads, context switches, pauses of the collector; and of the asyncio event loop how late its
    timers come and how busy it is. The loop is found by itself if one runs where the store is made, or where one of the
    first 1,000 commits comes from; `watch()` names it otherwise.

    Args:
        interval: seconds between two readings; None reads only when `capture()` is called.
        keep: how many readings are kept, the newest.
        resolution_ns: how often the event loop is measured.
        process: what asks the system; another one in tests.
        daemon: whether the program may end while the sampling thread runs; a store that is closed ends it anyway.
        clock: where times come from; the store's clock if None.
    """

    def __init__(
        self,
        interval: float | None = 1.0,
        *,
        keep: int = 100_000,
        resolution_ns: int = RESOLUTION_NS,
        process: Callable[[], ProcessReading] = read_process,
        daemon: bool = True,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(interval, keep, daemon, clock)
        self.delays = Distribution()
        self._process = process
        self._resolution_ns = resolution_ns
        self._pauses = PauseMeter()
        self._monitor: LoopMonitor | None = None
        self._stop_looking: Unsubscribe | None = None
        self._looked_at = 0

    def open(self, store: StoreLike) -> None:
        """Starts to measure the collector's pauses and the event loop."""
        self._pauses.open(self._axis.clock.now_ns)
        if self._monitor is None and not self._watch_here():
            self._stop_looking = store.observe(self._look, Commit)

    def _look(self, commit: Commit) -> None:
        self._looked_at += 1
        if (self._watch_here() or self._looked_at >= _COMMITS_LOOKED_AT) and self._stop_looking is not None:
            self._stop_looking()
            self._stop_looking = None

    def _watch_here(self) -> bool:
        if asyncio._get_running_loop() is None:
            return False
        self.watch()
        return True

    def watch(self) -> None:
        """Measures the event loop that runs here, in place of any other.

        Raises:
            ActionError: none does.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ActionError("gauges.watch() is called from code that runs in an event loop; none runs here") from None
        if self._monitor is not None:
            self._monitor.close()
        # Fake time does not pass while a thread waits for a processor.
        starved = starved_ns if self._axis.is_system else _never_starved
        self._monitor = LoopMonitor(loop, self._axis.clock, self._resolution_ns, starved)
        self._monitor.open()

    def read(self) -> GaugeSample:
        """Takes one reading."""
        process = self._process()
        loop = self._monitor.take() if self._monitor is not None else LoopReading(Distribution(), 0, None)
        self.delays.merge(loop.delays)
        delays = loop.delays.stats()
        return GaugeSample(
            at_ns=self._axis.now_ns(),
            cpu_ns=process.cpu_ns,
            threads=process.threads,
            voluntary_switches=process.voluntary_switches,
            involuntary_switches=process.involuntary_switches,
            gc_pause_ns=self._pauses.total_ns,
            gc_longest_ns=self._pauses.take_longest(),
            loop_delay_p50_ns=delays.median_ns if delays is not None else None,
            loop_delay_p99_ns=delays.p99_ns if delays is not None else None,
            loop_delay_max_ns=max(delays.max_ns, loop.overdue_ns) if delays is not None else loop.overdue_ns or None,
            loop_utilisation=loop.utilisation,
            loop_held_ns=loop.held_ns if delays is not None or loop.overdue_ns else None,
        )

    def shut(self) -> None:
        """Stops measuring."""
        self._pauses.close()
        if self._stop_looking is not None:
            self._stop_looking()
        if self._monitor is not None:
            self._monitor.close()
