"""Readings of the process for any number of stores: two threads read, however many stores there are."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from statestore.ports import Clock, Sink, StoreLike, SystemClock, Unsubscribe
from statestore.recording.gauges import Gauges
from statestore.recording.memory import Memory, kept_by_history
from statestore.values import Commit, GaugeSample, MemorySample

# Stores that come and go quicker than this share a reading: else a program that makes thousands would do little else.
_FRESH_NS: Final = 10_000_000


class SharedReadings:
    """Publishes each reading of one Memory and one Gauges in all stores that joined, on the time axis of each.

    Stores are held weakly: who drops one without closing it has dropped it. To the recorders this is the store that
    they record.

    Args:
        interval: seconds between two readings; None reads only when a store joins or leaves.
        clock: what the interval is measured by.
    """

    name = "every store"

    def __init__(self, interval: float | None = 1.0, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.origin_ns = self.clock.now_ns()
        self._lock = Lock()
        self._stores: WeakKeyDictionary[StoreLike, frozenset[type]] = WeakKeyDictionary()
        self._look: Sink | None = None
        self._read_at_ns = 0
        self._memory, self._gauges = Memory(interval), Gauges(interval)
        for recorder in (self._memory, self._gauges):
            recorder(self, _no_dispatch)  # type: ignore[arg-type]  # all that they need of a store is here
        self._read_at_ns = self.clock.now_ns()

    def join(self, store: StoreLike, *value_types: type) -> Unsubscribe:
        """Gives the store the readings of these types, the first ones now; and the function that ends it."""
        with self._lock:
            self._stores[store] = frozenset(value_types)
        self._find_loop_of(store)
        self._read_now(store)

        def leave() -> None:
            self._read_now(store)
            with self._lock:
                self._stores.pop(store, None)

        return leave

    def _read_now(self, store: StoreLike) -> None:
        now_ns = self.clock.now_ns()
        if now_ns - self._read_at_ns >= _FRESH_NS:
            self._read_at_ns = now_ns
            self._memory.capture()
            self._gauges.capture()
        else:
            for reading in (*self._memory.samples[-1:], *self._gauges.samples[-1:]):
                self._put(reading, store)

    def _put(self, reading: Any, store: StoreLike) -> None:
        with self._lock:
            is_wanted = type(reading) in self._stores.get(store, ())
        if is_wanted:
            store.publish(_of_store(reading, store))

    def close(self) -> None:
        """Takes a last reading and reads no more."""
        self._memory.close()
        self._gauges.close()

    # What the recorders need of a store

    def now_ns(self) -> int:
        """The time since this was made."""
        return self.clock.now_ns() - self.origin_ns

    def publish(self, reading: Any) -> None:
        """Passes a reading on to every store."""
        with self._lock:
            stores = list(self._stores)
        for store in stores:
            self._put(reading, store)

    def observe(self, sink: Sink, *value_types: type) -> Unsubscribe:
        """Hands the commits of every store to the gauges, which look for an event loop where they come from."""
        self._look = sink

        def stop() -> None:
            self._look = None

        return stop

    def _find_loop_of(self, store: StoreLike) -> None:
        if self._look is None:
            return
        stops: list[Callable[[], None]] = []  # held by the store alone, like what it holds

        def look(commit: Commit) -> None:
            if self._look is not None:
                self._look(commit)
            elif stops:
                stops.pop()()

        stops.append(store.observe(look, Commit))


def _of_store(reading: Any, store: StoreLike) -> GaugeSample | MemorySample:
    if isinstance(reading, MemorySample):
        commits, kept_bytes = kept_by_history(store)
        return replace(reading, at_ns=store.now_ns(), history_commits=commits, history_bytes=kept_bytes)
    return replace(reading, at_ns=store.now_ns())  # type: ignore[no-any-return]


def _no_dispatch(action: Any) -> Any:
    return action
