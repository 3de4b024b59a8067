"""Giving intervals that overlap their own tracks, so that each track nests."""

from bisect import bisect_left, insort
from heapq import heappop, heappush


class Places:
    """Says on which track intervals go that come by start, those that start together longest first.

    It is the track on which the shortest interval runs that holds the new one, else the lowest on which none runs.
    Costs the logarithm of how many run at the same time.
    """

    def __init__(self) -> None:
        self._ends: list[list[int]] = []
        self._innermost: list[tuple[int, int]] = []  # the first end on each busy track, sorted
        self._free: list[int] = []

    def take(self, started_ns: int, ended_ns: int) -> int:
        """The number of the track, from 0."""
        self._release(started_ns)
        place = bisect_left(self._innermost, (ended_ns, -1))
        if place < len(self._innermost):
            number = self._innermost.pop(place)[1]
        elif self._free:
            number = heappop(self._free)
        else:
            number = len(self._ends)
            self._ends.append([])
        self._ends[number].append(ended_ns)
        insort(self._innermost, (ended_ns, number))
        return number

    def _release(self, now_ns: int) -> None:
        while self._innermost and self._innermost[0][0] <= now_ns:
            number = self._innermost.pop(0)[1]
            ends = self._ends[number]
            ends.pop()
            if ends:
                insort(self._innermost, (ends[-1], number))
            else:
                heappush(self._free, number)
