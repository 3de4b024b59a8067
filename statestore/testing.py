"""What our own tests use in place of time and of listeners, for users' tests too."""

import asyncio
import time
from asyncio import SelectorEventLoop
from collections.abc import Callable
from selectors import DefaultSelector, SelectorKey
from threading import Condition, Event, Thread, current_thread
from typing import Any

# How long, in real seconds, the fake clock waits for another thread before it calls that a defect of the test.
_PATIENCE = 5.0
# How often, in real seconds, a waiting thread looks whether its event was set: an event cannot wake a condition.
_GLANCE = 0.002


class _Waiter:
    """A thread that waits for the fake time `deadline_ns`."""

    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.thread: Thread = current_thread()


class FakeClock:
    """A clock that stands still until `advance` is called; threads may wait on it.

    Args:
        start_ns: what it shows first.
        wall_ns: what it says of the wall clock first, nanoseconds since the epoch.
    """

    def __init__(self, start_ns: int = 0, wall_ns: int = 1_700_000_000_000_000_000) -> None:
        self._now_ns = start_ns
        self._wall_offset_ns = wall_ns - start_ns
        self._waiters: list[_Waiter] = []
        self._changed = Condition()

    def now_ns(self) -> int:
        """The fake monotonic time."""
        return self._now_ns

    def wall_ns(self) -> int:
        """The fake wall-clock time, which moves with the monotonic one."""
        return self._now_ns + self._wall_offset_ns

    def advance(self, ns: int) -> None:
        """Moves time on, stopping at every deadline on the way until the thread woken there waits again or has ended.

        So a sampler with an interval of 10 has taken exactly three samples when `advance(30)` returns.

        Raises:
            ValueError: `ns` is negative; time does not run backwards.
            TimeoutError: a woken thread neither waited again nor ended.
        """
        if ns < 0:
            raise ValueError(f"time runs forwards: advance() takes 0 or more nanoseconds, not {ns!r}")
        target = self._now_ns + ns
        with self._changed:
            while due := [waiter for waiter in self._waiters if waiter.deadline_ns <= target]:
                waiter = min(due, key=lambda waiter: waiter.deadline_ns)
                self._now_ns = max(self._now_ns, waiter.deadline_ns)
                self._wake(waiter)
            self._now_ns = target

    def _wake(self, waiter: _Waiter) -> None:
        self._waiters.remove(waiter)
        self._changed.notify_all()
        if waiter.thread is current_thread():
            return

        def is_settled() -> bool:
            return not waiter.thread.is_alive() or any(other.thread is waiter.thread for other in self._waiters)

        self._until(is_settled, f"{waiter.thread.name} neither waited for the clock again nor ended")

    def settle(self, waiters: int = 1) -> None:
        """Returns when that many threads wait for this clock, so that a test need not guess whether they have begun.

        Raises:
            TimeoutError: they did not come.
        """
        with self._changed:
            self._until(lambda: len(self._waiters) >= waiters, f"fewer than {waiters} threads wait for the clock")

    def _until(self, condition: Callable[[], bool], complaint: str) -> None:
        give_up = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > give_up:
                raise TimeoutError(complaint)
            self._changed.wait(_GLANCE)

    def wait(self, event: Event, timeout_ns: int) -> bool:
        """Waits until `event` is set or the fake time has passed; says whether it was set."""
        with self._changed:
            waiter = _Waiter(self._now_ns + timeout_ns)
            if timeout_ns > 0:
                self._waiters.append(waiter)
                self._changed.notify_all()
            while waiter in self._waiters and not event.is_set():
                self._changed.wait(_GLANCE)
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            return event.is_set()

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """An event loop that lives in this clock's time: when all its tasks wait, time jumps to the next timer.

        For `asyncio.Runner(loop_factory=clock.new_event_loop)`.
        """
        return _FakeTimeLoop(self)


class _JumpingSelector(DefaultSelector):
    """Waits for input in fake time: nothing ready means that the time is over."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(_GLANCE if timeout is None else 0)
        if not ready and timeout:
            # One more than the float says, so that a timer is never found a nanosecond early and waited for again.
            self._clock.advance(round(timeout * 1e9) + 1)
        return ready


class _FakeTimeLoop(SelectorEventLoop):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__(_JumpingSelector(clock))
        self._fake_clock = clock

    def time(self) -> float:
        return self._fake_clock.now_ns() / 1e9


class ListSink:
    """A sink that keeps what it is given, in `values`.

    Args:
        value_types: keep values of these types only; of all types if none is named.
    """

    def __init__(self, *value_types: type) -> None:
        self.values: list[Any] = []
        self._types = value_types or (object,)

    def __call__(self, value: Any) -> None:
        if isinstance(value, self._types):
            self.values.append(value)

    def of(self, value_type: type) -> list[Any]:
        """The kept values of that type, in order."""
        return [value for value in self.values if isinstance(value, value_type)]
