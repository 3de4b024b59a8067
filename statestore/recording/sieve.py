"""The sieve: which spans of a hot name are recorded, and how many were not."""

from collections import Counter
from threading import Lock


class Sieve:
    """Takes the first of every `every` occurrences of a name, and counts those that were left out.

    Args:
        every: 1 takes all.
        max_names: names beyond so many are not told apart, and all taken.
    """

    def __init__(self, every: int, max_names: int) -> None:
        self.every = every
        self._max_names = max_names
        self._seen: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._lock = Lock()

    def takes(self, name: str) -> bool:
        """Whether this occurrence is to be recorded."""
        with self._lock:
            seen = self._seen.get(name, 0)
            if not seen and len(self._seen) >= self._max_names:
                return True
            self._seen[name] = seen + 1
        return seen % self.every == 0

    def leave_out(self, name: str) -> None:
        """Counts one that ended and was not recorded."""
        with self._lock:
            self._left_out[name] += 1

    def left_out(self, name: str) -> int:
        """How many were not recorded."""
        return self._left_out[name]
