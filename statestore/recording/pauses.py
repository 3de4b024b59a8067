"""How long the garbage collector stops the program, measured from its own callbacks."""

import gc
from collections.abc import Callable
from typing import Any


class PauseMeter:
    """Adds up the pauses of the garbage collector between `open` and `close`.

    `total_ns` is their sum, `longest_ns` the longest since `take_longest` was last called, `count` how many there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total_ns = 0
        self._longest_ns = 0
        self._began_ns = 0
        self._clock_ns: Callable[[], int] | None = None

    def open(self, clock_ns: Callable[[], int]) -> None:
        """Starts to measure, in the time of that clock."""
        self._clock_ns = clock_ns
        gc.callbacks.append(self._note)

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        assert self._clock_ns is not None
        if phase == "start":
            self._began_ns = self._clock_ns()
            return
        pause_ns = self._clock_ns() - self._began_ns
        self.count += 1
        self.total_ns += pause_ns
        self._longest_ns = max(self._longest_ns, pause_ns)

    @property
    def is_closed(self) -> bool:
        """Whether it does not measure."""
        return self._note not in gc.callbacks

    def take_longest(self) -> int:
        """The longest pause since the last call, in nanoseconds."""
        longest, self._longest_ns = self._longest_ns, 0
        return longest

    def close(self) -> None:
        """Stops measuring; the sums stay."""
        if not self.is_closed:
            gc.callbacks.remove(self._note)
