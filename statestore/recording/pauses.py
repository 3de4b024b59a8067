"""How long the garbage collector stops the program, measured from its own callbacks."""

import gc
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, Final

import msgspec

# Readings that wait to be added up, two a collection: more than come in a minute of hard work, and 1 MB at most.
WAITING_AT_MOST: Final = 16_384


class PauseMeter:
    """Adds up the pauses of the garbage collector between `open` and `close`.

    The callback runs no Python code. One that does would be where a pending Ctrl-C is raised, and what a collector's
    callback raises is printed and lost; it also lets threads switch inside C code that does not expect it, such as
    `ast.parse` (cpython gh-106905). So the callback is a struct class, whose making reads the clock and keeps the time,
    all of it in C; the times are added up when somebody asks.
    """

    def __init__(self) -> None:
        self._count = 0
        self._total_ns = 0
        self._longest_ns = 0
        self._times: deque[int] = deque(maxlen=WAITING_AT_MOST)
        self._lock = Lock()
        self._callback: Any = None

    def open(self, clock_ns: Callable[[], int]) -> None:
        """Starts to measure, in the time of that clock."""
        read_and_keep = partial(next, map(self._times.append, iter(clock_ns, None)))
        fields: list[Any] = ["phase", "info", ("kept", Any, msgspec.field(default_factory=read_and_keep))]
        self._callback = msgspec.defstruct("Reading", fields, gc=False)
        gc.callbacks.append(self._callback)

    def _add_up(self) -> None:
        with self._lock:
            while len(self._times) > 1:
                began_ns, ended_ns = self._times.popleft(), self._times.popleft()
                self._count += 1
                self._total_ns += ended_ns - began_ns
                self._longest_ns = max(self._longest_ns, ended_ns - began_ns)

    @property
    def count(self) -> int:
        """How many pauses there were."""
        self._add_up()
        return self._count

    @property
    def total_ns(self) -> int:
        """Their sum, in nanoseconds."""
        self._add_up()
        return self._total_ns

    @property
    def is_closed(self) -> bool:
        """Whether it does not measure."""
        return self._callback not in gc.callbacks

    def take_longest(self) -> int:
        """The longest pause since the last call, in nanoseconds."""
        self._add_up()
        longest, self._longest_ns = self._longest_ns, 0
        return longest

    def close(self) -> None:
        """Stops measuring; the sums stay."""
        if not self.is_closed:
            gc.callbacks.remove(self._callback)
