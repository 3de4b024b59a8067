"""The shape of the history: which commit followed which."""

from bisect import bisect_right
from operator import itemgetter
from typing import NamedTuple

Route = tuple[list[range], list[range]]
"""The seqs to take back, newest first, and then the seqs to apply, oldest first: the way between two positions."""


class Run(NamedTuple):
    """Commits whose seqs and parents are consecutive, up to where the next run starts."""

    start: int
    parent: int
    depth: int  # of the first commit: how many commits lie on its lineage, itself included
    before: int  # the seq at which the run before ended


_start = itemgetter(0)


class Branches:
    """A tree of seqs, kept as runs of consecutive ones, since nearly every commit follows the one made before it.

    A run costs a few numbers however long it is, so the shape of an unbranched history of a million commits costs
    nothing, and a way through it is found without a step for each commit. A position is a seq or a root; the root of a
    fresh history is 0. `first` is the oldest seq still remembered: what it grew from is a root as well.

    One thread adds at a time; reading meanwhile is safe, as what readers hold is replaced, never cut.
    """

    def __init__(self, root: int = 0, newest: int = 0) -> None:
        self.root = root
        self.first = newest + 1
        self.newest = newest
        self._runs = [Run(newest + 1, root, 1, newest)]  # empty until the next commit
        self._forks: dict[int, list[int]] = {root: [newest + 1]}
        self._forgotten = newest  # no way leads through the commits up to this one

    def add(self, seq: int, parent: int) -> None:
        """Takes the next commit, once; one that does not follow the newest begins a run."""
        runs = self._runs
        if parent == self.newest == seq - 1 >= runs[-1].start:  # nearly every commit
            self.newest = seq
            return
        if seq <= self.newest:
            return
        if runs[-1].start > self.newest and (seq, parent) != (runs[-1].start, runs[-1].parent):
            self._forks.pop(runs[-1].parent, None)
            self._runs = [Run(seq, parent, 1, self.newest)]
            self._forks[parent] = [seq]
        elif runs[-1].start <= self.newest and (parent != self.newest or seq != self.newest + 1):
            self._forks.setdefault(parent, []).append(seq)
            runs.append(Run(seq, parent, self.depth(parent) + 1, self.newest))
        self.newest = seq

    def __contains__(self, seq: int) -> bool:
        return self.first <= seq <= self.newest

    def _index(self, position: int) -> int:
        return bisect_right(self._runs, position, key=_start) - 1

    def parent(self, seq: int) -> int:
        """The position that the commit was applied to."""
        run = self._runs[self._index(seq)]
        return run.parent if run.start == seq else seq - 1

    def follows(self, seq: int, position: int) -> bool:
        """Whether `seq` is a remembered commit that was made right after the one it was applied to, `position`."""
        return seq == position + 1 and seq in self and self.parent(seq) == position

    def depth(self, position: int) -> int:
        """How many commits lie between a position and its root; for comparing two of one lineage."""
        index = self._index(position)
        if index < 0:
            return 0
        run = self._runs[index]
        return run.depth + position - run.start

    def run_to(self, position: int) -> range:
        """The remembered seqs of the run that holds the position, up to and including it; empty at a root.

        In a file with damage, what grew from a commit that is lost begins at a root of its own.
        """
        runs, after = self._runs, bisect_right(self._runs, position, key=_start)
        if position < self.first or position > (runs[after].before if after < len(runs) else self.newest):
            return range(0)
        return range(max(runs[after - 1].start, self.first), position + 1)

    def start_of_run(self, position: int) -> int | None:
        """The first seq of the run that holds the position, remembered or not; None at a root before all runs."""
        index = self._index(position)
        return self._runs[index].start if index >= 0 else None

    def end_of_run(self, position: int) -> int:
        """The last seq of the run that holds the position."""
        runs, after = self._runs, self._index(position) + 1
        return runs[after].before if after < len(runs) else self.newest

    def children(self, position: int) -> list[int]:
        """The seqs applied to a position, oldest first."""
        found = {start for start in self._forks.get(position, ()) if start in self}
        if position + 1 in self and self.parent(position + 1) == position:
            found.add(position + 1)
        return sorted(found)

    def lineage(self, position: int) -> tuple[int, list[range]]:
        """The root under a position, and the seqs from there to it in ascending order, run by run."""
        runs = []
        while run := self.run_to(position):
            runs.append(run)
            position = self.parent(run[0])
        return position, runs[::-1]

    def tips(self) -> list[int]:
        """The seqs that nothing followed, in ascending order."""
        ends = [*[run.before for run in self._runs[1:]], self.newest]
        return [end for end in ends if end in self and end not in self._forks]

    def descends(self, seq: int, position: int) -> bool:
        """Whether `seq` was applied, directly or not, to `position`, or is it."""
        while seq > position and (run := self.run_to(seq)):
            if position in run:
                return True
            seq = self.parent(run[0])
        return seq == position

    def back(self, position: int, steps: int) -> int | None:
        """The position so many commits before another one; None beyond the root."""
        while run := self.run_to(position):
            if steps < len(run):
                return run[-1 - steps]
            steps -= len(run)
            position = self.parent(run[0])
        return position if steps == 0 else None

    def route(self, start: int, end: int, at_most: float = float("inf")) -> Route | None:
        """The way from one position to another; None when it is longer than `at_most` commits, or there is none."""
        up: list[range] = []
        down: list[range] = []
        while start != end and at_most >= 0:
            here, there = self._index(start), self._index(end)
            if here < 0 and there < 0:
                return None
            if here > there or (here == there and start > end):
                stop = end if here == there else self._runs[here].start - 1
                run = range(start, stop, -1)
                up.append(run)
                start = end if here == there else self._runs[here].parent
            else:
                begin = start + 1 if here == there else self._runs[there].start
                run = range(begin, end + 1)
                down.append(run)
                end = start if here == there else self._runs[there].parent
            if min(run[0], run[-1]) <= self._forgotten:
                return None
            at_most -= len(run)
        return (up, down[::-1]) if at_most >= 0 else None

    def roots(self, first: int) -> set[int]:
        """The positions before `first` that remembered commits from `first` on were applied to."""
        found = {run.parent for run in self._runs[self._index(first) + 1 :] if run.parent < first}
        return found | {self.parent(first)} if first <= self.newest else found

    def forget(self, first: int) -> None:
        """Lets go of the runs that end before `first`."""
        self.first = max(self.first, first)
        self._forgotten = self.first - 1
        self._runs = self._runs[max(self._index(first), 0) :]
        self._forks = {}
        for run in self._runs:
            self._forks.setdefault(run.parent, []).append(run.start)
