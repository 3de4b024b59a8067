"""What the recorders have in common that take a reading every so often: a thread, a bounded series, an end."""

from collections import deque
from threading import RLock
from time import thread_time_ns
from typing import Generic, TypeVar

from statestore.errors import ActionError, DispatchError
from statestore.ports import Clock, Dispatch, StoreLike
from statestore.recording.axis import Axis
from statestore.recording.sampler import Sampler, interval_ns

T = TypeVar("T")


class Series(Generic[T]):
    """Takes a reading at install, one every `interval` seconds, one at the end, and whenever asked.

    A kind of readings says how one is taken (`read`), and what starts and stops with the store (`open`, `shut`).

    Args:
        interval: seconds between two readings; None reads only when `capture()` is called.
        keep: how many readings are kept, the newest.
        daemon: whether the program may end while the thread runs; a store that is closed ends it anyway.
        clock: where times come from; the store's clock if None.
    """

    def __init__(self, interval: float | None, keep: int, daemon: bool, clock: Clock | None) -> None:
        if interval is not None:
            interval_ns(interval)
        if not isinstance(keep, int) or keep < 2:
            raise ActionError(f"{type(self).__name__}(keep=...) takes a number of readings, 2 or more, not {keep!r}")
        self._interval = interval
        self._daemon = daemon
        self._axis = Axis(clock)
        self._kept: deque[T] = deque(maxlen=keep)
        # Reentrant: what observes a reading may ask for another.
        self._lock = RLock()
        self._store: StoreLike | None = None
        self._sampler: Sampler | None = None
        self._is_closed = False
        self.reading_ns = 0

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Takes its place beside the chain of a store, and the first reading.

        Raises:
            DispatchError: it is in a store already.
        """
        kind = type(self).__name__
        if self._store is not None:
            raise DispatchError(f"this {kind} records the store {self._store.name!r} already: make one for each store")
        self._store = store
        self._axis.follow(store)
        self.open(store)
        self.capture()
        if self._interval is not None:
            name = f"statestore {kind.lower()} of {store.name}"
            self._sampler = Sampler(self.capture, self._interval, self._axis.clock, name, self._daemon)
        return next

    def open(self, store: StoreLike) -> None:
        """Starts what the readings need."""

    def read(self) -> T:
        """Takes one reading."""
        raise NotImplementedError

    def shut(self) -> None:
        """Stops what `open` started."""

    def capture(self) -> T:
        """Takes a reading now."""
        with self._lock:
            # By this thread's processor time: the waits for the interpreter's lock are the time of those who have it.
            began_ns = thread_time_ns()
            sample = self.read()
            self._kept.append(sample)
            self.reading_ns += thread_time_ns() - began_ns
        if self._store is not None:
            self._store.publish(sample)
        return sample

    @property
    def samples(self) -> list[T]:
        """The kept readings, oldest first."""
        with self._lock:
            return list(self._kept)

    def close(self) -> None:
        """Takes a last reading and stops everything; what was recorded stays readable."""
        if self._store is None or self._is_closed:
            return
        self._is_closed = True
        if self._sampler is not None:
            self._sampler.close()
        try:
            self.capture()
        finally:
            self.shut()
