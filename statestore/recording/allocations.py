"""Who allocates: by type of action, and by line of code."""

import sys
import tracemalloc
from threading import Lock
from typing import Any

import msgspec

from statestore.errors import DispatchError
from statestore.ports import Dispatch

# Types of actions are few; a program that makes them up gets the first so many told apart.
_MAX_TYPES = 10_000
_OTHER_TYPES = "(other types)"


class Allocated(msgspec.Struct, frozen=True):
    """What `count` dispatches of one type have allocated and not freed: Python's blocks, and bytes if they are traced.

    Other threads allocate meanwhile, and the collector frees: the sum over many dispatches means something, one does
    not. A dispatch inside another counts for both.
    """

    count: int
    blocks: int
    traced_bytes: int | None


class GrowingLine(msgspec.Struct, frozen=True):
    """A line of code that holds more than before: how many bytes and blocks more, and how many bytes in all."""

    file: str
    line: int
    grown_bytes: int
    grown_blocks: int
    bytes: int


class ActionAllocations:
    """Adds up what dispatching each type of action allocates."""

    def __init__(self) -> None:
        self._totals: dict[str, Allocated] = {}
        self._lock = Lock()

    def watch(self, next: Dispatch) -> Dispatch:
        """The dispatch whose allocations are counted."""

        def dispatch(action: Any) -> Any:
            blocks, size = sys.getallocatedblocks(), _traced()
            try:
                return next(action)
            finally:
                grown = None if size is None else (_traced() or 0) - size
                self._add(str(getattr(action, "type", type(action).__name__)), sys.getallocatedblocks() - blocks, grown)

        return dispatch

    def _add(self, name: str, blocks: int, size: int | None) -> None:
        with self._lock:
            if name not in self._totals and len(self._totals) >= _MAX_TYPES:
                name = _OTHER_TYPES
            before = self._totals.get(name, Allocated(0, 0, None))
            total = before.traced_bytes if size is None else (before.traced_bytes or 0) + size
            self._totals[name] = Allocated(before.count + 1, before.blocks + blocks, total)

    def totals(self) -> dict[str, Allocated]:
        """The sums so far, by type of action."""
        with self._lock:
            return dict(self._totals)


def _traced() -> int | None:
    return tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else None


class LineTracer:
    """Runs `tracemalloc` between `open` and `close`, unless somebody else runs it, and compares with the beginning."""

    def __init__(self) -> None:
        self._started = False
        self._before: tracemalloc.Snapshot | None = None
        self._after: tracemalloc.Snapshot | None = None

    def open(self) -> None:
        """Starts tracing."""
        if not tracemalloc.is_tracing():
            tracemalloc.start()
            self._started = True
        self._before = tracemalloc.take_snapshot()

    def close(self) -> None:
        """Stops tracing, if it was started here; what has grown until now stays known."""
        if self._before is not None and self._after is None and tracemalloc.is_tracing():
            self._after = tracemalloc.take_snapshot()
        if self._started:
            tracemalloc.stop()
            self._started = False

    def top_lines(self, limit: int) -> list[GrowingLine]:
        """The lines that have grown, the most grown first.

        Raises:
            DispatchError: it was never opened, or somebody else has stopped the tracing.
        """
        after = self._after or (tracemalloc.take_snapshot() if tracemalloc.is_tracing() else None)
        if self._before is None or after is None:
            raise DispatchError("nothing was traced: tracemalloc runs while the store of a Memory(trace=True) is open")
        own = tracemalloc.Filter(False, tracemalloc.__file__)
        before, after = self._before.filter_traces([own]), after.filter_traces([own])
        grown = [change for change in after.compare_to(before, "lineno") if change.size_diff > 0]
        return [
            GrowingLine(
                file=change.traceback[0].filename,
                line=change.traceback[0].lineno,
                grown_bytes=change.size_diff,
                grown_blocks=change.count_diff,
                bytes=change.size,
            )
            for change in grown[:limit]
        ]
