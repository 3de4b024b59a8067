"""Bisection: the first commit whose state is bad, though some states may not be testable."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from statestore.history.log import Commits
from statestore.values import Commit

if TYPE_CHECKING:
    from statestore.history.past import Past


class Bisection(NamedTuple):
    """What a bisection found: `first` is the first bad commit, None if there is none or if it cannot be told.

    It cannot where skipped states stand in its way: `candidates` are then the commits any of which could be the first
    bad one, the last of them known to be bad unless none was found to be. `tested` counts the states that were asked.
    """

    first: Commit | None
    candidates: tuple[Commit, ...]
    tested: int


def bisect(past: "Past", commits: Commits, judge: Callable[[Any], bool | None]) -> Bisection:
    """Asks about O(log n) of the states, more where some are skipped.

    Args:
        past: whose states they are.
        commits: the commits among which to look, oldest first, each made on the one before.
        judge: whether a state is bad; None where it cannot be tested.
    """
    good, bad, tested, skipped = 0, len(commits), 0, set[int]()
    while (at := _next(good, bad, skipped)) is not None:
        verdict, tested = judge(past.state_of(commits.seq(at))), tested + 1
        if verdict is None:
            skipped.add(at)
        elif verdict:
            bad = at
        else:
            good = at + 1
    if good < bad:
        return Bisection(None, tuple(commits[good : bad + 1]), tested)
    return Bisection(commits[bad] if bad < len(commits) else None, (), tested)


def _next(good: int, bad: int, skipped: set[int]) -> int | None:
    """The middle of the longest stretch without skipped states, so that a cluster of them is jumped over."""
    start, end = max(_stretches(good, bad, skipped), key=lambda stretch: stretch[1] - stretch[0])
    return (start + end) // 2 if start < end else None


def _stretches(good: int, bad: int, skipped: set[int]) -> Iterator[tuple[int, int]]:
    start = good
    for at in sorted(at for at in skipped if good <= at < bad):
        yield start, at
        start = at + 1
    yield start, bad
