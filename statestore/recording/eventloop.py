"""The event loop seen from inside: how late its timers come, and how much of the time it has nothing to do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import get_native_id
from typing import Any, NamedTuple

from statestore.errors import ActionError
from statestore.ports import Clock
from statestore.recording.stats import Distribution

# As Node's monitorEventLoopDelay has it by default. 100 callbacks a second take about a thousandth of a core.
RESOLUTION_NS = 10_000_000


def starved_ns(native_id: int) -> int:
    """How long this thread has waited for a processor so far; 0 where the system does not say (all but Linux)."""
    try:
        return int(Path(f"/proc/self/task/{native_id}/schedstat").read_bytes().split()[1])
    except (OSError, IndexError):
        return 0


class LoopReading(NamedTuple):
    """What a loop did between two readings.

    `overdue_ns` is how late the timer is that has not come yet: a loop that hangs at this moment shows in nothing else.
    `held_ns` is the longest delay, overdue or not, without what its thread was starved of a processor meanwhile.
    """

    delays: Distribution
    overdue_ns: int
    utilisation: float | None
    held_ns: int = 0


class LoopMonitor:
    """Measures one event loop, from its own thread, between `open` and `close`.

    A timer that is due every `resolution_ns` comes late when something holds the loop: its delays are collected. What
    the loop's selector waits is the time in which it was idle; a loop without one (uvloop) tells only of delays.

    `starved` tells how long a thread has waited for a processor, in the time of the same clock.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        resolution_ns: int = RESOLUTION_NS,
        starved: Callable[[int], int] = starved_ns,
    ) -> None:
        if resolution_ns < 1:
            raise ActionError(f"resolution_ns= takes a positive number of nanoseconds, not {resolution_ns!r}")
        self.loop = loop
        self.delays = Distribution()
        self._clock_ns = clock.now_ns
        self._resolution_ns = resolution_ns
        self._due_ns = 0
        self._held_ns = 0
        self._starved = starved
        self._native_id = 0
        self._starved_before_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self._selector: Any = getattr(loop, "_selector", None)
        self._select: Any = None
        self._idle_ns = 0
        self._read_at_ns = clock.now_ns()
        self._is_open = False

    def open(self) -> None:
        """Starts to measure; called in the loop's thread."""
        self._is_open = True
        self._native_id = get_native_id()
        if self._selector is not None:
            self._select = self._timed(self._selector.select)
            self._selector.select = self._select
        self._wait()

    def _wait(self) -> None:
        self._starved_before_ns = self._starved(self._native_id)
        self._due_ns = self._clock_ns() + self._resolution_ns
        self._timer = self.loop.call_later(self._resolution_ns / 1e9, self._tick)

    def _tick(self) -> None:
        if self._is_open:
            late_ns = max(self._clock_ns() - self._due_ns, 0)
            self.delays.extend([late_ns])
            self._held_ns = max(self._held_ns, self._held(late_ns))
            self._wait()

    def _held(self, late_ns: int) -> int:
        return max(late_ns - (self._starved(self._native_id) - self._starved_before_ns), 0)

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
        held_ns, self._held_ns = self._held_ns, 0
        if not self.loop.is_running():
            return LoopReading(delays, 0, None, held_ns)
        is_known = self._selector is not None and elapsed_ns > 0
        utilisation = min(max(1 - idle_ns / elapsed_ns, 0.0), 1.0) if is_known else None
        overdue_ns = max(now_ns - self._due_ns, 0)
        return LoopReading(delays, overdue_ns, utilisation, max(held_ns, self._held(overdue_ns)))

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
