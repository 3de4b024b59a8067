"""The thread that reads something once in an interval, in the time of a clock."""

from collections.abc import Callable
from threading import Event, Thread, current_thread

from statestore.errors import ActionError
from statestore.ports import Clock

# A closing recorder waits so long, in seconds, for a reading that is under way; then it goes on without it.
_LAST_READING = 5.0


class Sampler:
    """Calls `read` each time that `interval` seconds have passed, until `close()`.

    The moments are multiples of the interval after the start, so that slow readings do not shift the later ones; the
    moments that a reading overran are left out. A reading that raises ends the sampler, and `error` keeps why.
    """

    def __init__(
        self, read: Callable[[], object], interval: float, clock: Clock, name: str, daemon: bool = True
    ) -> None:
        self.error: BaseException | None = None
        self._read = read
        self._interval_ns = interval_ns(interval)
        self._clock = clock
        self._stop = Event()
        self._started_ns = clock.now_ns()
        self._thread = Thread(target=self._run, name=name, daemon=daemon)
        self._thread.start()

    def _run(self) -> None:
        due_ns = self._started_ns + self._interval_ns
        while not self._clock.wait(self._stop, due_ns - self._clock.now_ns()):
            now_ns = self._clock.now_ns()
            if now_ns < due_ns:  # the wait may end early
                continue
            try:
                self._read()
            except Exception as error:  # noqa: BLE001  # kept for whoever asks: nobody stands above this thread
                self.error = error
                return
            passed = (self._clock.now_ns() - self._started_ns) // self._interval_ns
            due_ns = self._started_ns + (passed + 1) * self._interval_ns

    def close(self) -> None:
        """Stops it, and waits for its thread unless called from it."""
        self._stop.set()
        if self._thread is not current_thread():
            self._thread.join(_LAST_READING)


def interval_ns(interval: float) -> int:
    """The interval in nanoseconds.

    Raises:
        ActionError: it is not a positive number of seconds.
    """
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 0 < interval < float("inf"):
        raise ActionError(f"interval= takes a positive number of seconds, not {interval!r}")
    return max(round(interval * 1e9), 1)
