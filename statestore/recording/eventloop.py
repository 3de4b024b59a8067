"""The event loop seen from inside: how late its timers come, and how much of the time it has nothing to do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from statestore.errors import ActionError
from statestore.ports import Clock
from statestore.recording.stats import Distribution

# As Node's monitorEventLoopDelay has it by default. 100 callbacks a second take less than a thousandth of a core.
RESOLUTION_NS = 10_000_000


class LoopReading(NamedTuple):
    """What a loop did between two readings.

    `overdue_ns` is how late the timer is that has not come yet: a loop that hangs at this moment shows in nothing else.
    """

    delays: Distribution
    overdue_ns: int
    utilisation: float | None


class LoopMonitor:
    """Measures one event loop, from its own thread, between `open` and `close`.

    A timer that is due every `resolution_ns` comes late when something holds the loop: its delays are collected. What
    the loop's selector waits is the time in which it was idle; a loop without one (uvloop) tells only of delays.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, resolution_ns: int = RESOLUTION_NS) -> None:
        if resolution_ns < 1:
            raise ActionError(f"resolution_ns= takes a positive number of nanoseconds, not {resolution_ns!r}")
        self.loop = loop
        self.delays = Distribution()
        self._clock_ns = clock.now_ns
        self._resolution_ns = resolution_ns
        self._due_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self._selector: Any = getattr(loop, "_selector", None)
        self._select: Any = None
        self._idle_ns = 0
        self._read_at_ns = clock.now_ns()
        self._is_open = False

    def open(self) -> None:
        """Starts to measure; called in the loop's thread."""
        self._is_open = True
        if self._selector is not None:
            self._select = self._timed(self._selector.select)
            self._selector.select = self._select
        self._wait()

    def _wait(self) -> None:
        self._due_ns = self._clock_ns() + self._resolution_ns
        self._timer = self.loop.call_later(self._resolution_ns / 1e9, self._tick)

    def _tick(self) -> None:
        if self._is_open:
            self.delays.extend([max(self._clock_ns() - self._due_ns, 0)])
            self._wait()

    def _timed(self, select: Callable[..., Any]) -> Callable[..., Any]:
        clock_ns = self._clock_ns

        def timed_select(timeout: float | None = None) -> Any:
            began_ns = clock_ns()
            try:
                return select(timeout)
            finally:
                self._idle_ns += clock_ns() - began_ns

        return timed_select

    def take(self) -> LoopReading:
        """What was measured since the last call."""
        delays, self.delays = self.delays, Distribution()
        now_ns = self._clock_ns()
        elapsed_ns, self._read_at_ns = now_ns - self._read_at_ns, now_ns
        idle_ns, self._idle_ns = self._idle_ns, 0
        if not self.loop.is_running():
            return LoopReading(delays, 0, None)
        is_known = self._selector is not None and elapsed_ns > 0
        utilisation = min(max(1 - idle_ns / elapsed_ns, 0.0), 1.0) if is_known else None
        return LoopReading(delays, max(now_ns - self._due_ns, 0), utilisation)

    def close(self) -> None:
        """Stops measuring and gives the selector back; safe from any thread."""
        if not self._is_open:
            return
        self._is_open = False
        # Unless somebody else has wrapped it once more: then ours stays, and only passes on.
        if self._selector is not None and vars(self._selector).get("select") is self._select:
            del self._selector.select
        if self._timer is not None and not self.loop.is_closed():
            with suppress(RuntimeError):  # closed just now, and its timers with it
                self.loop.call_soon_threadsafe(self._timer.cancel)
