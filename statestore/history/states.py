"""The states of the past: few are kept, the others are rebuilt from the nearest of those."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from statestore.errors import HistoryError
from statestore.history.branches import Branches, Route
from statestore.history.fold import Step, backward, fold, forward
from statestore.values import Change

# One state is kept for so many bytes of records: of small commits (110 bytes) that is one in 220. None is further than
# half of that from a kept one, and rebuilding it costs half a dispatch for each commit in between: some 60 dispatches.
# What that takes is what has changed between two of them: at 1,000 tasks 280 bytes a commit in `immutables.Map`, and
# 710 in pyrsistent, whose smallest map takes 500. Fewer kept states would not help there: as long as hardly any task is
# set twice between two of them, each map that ever was is in one of them.
SPACING_BYTES = 24_576
# So many keyframes at most: then every second one is let go and the spacing doubles, as the garbage collector walks
# through every kept pyrsistent vector (500 states of 10,000 tasks: 50 ms for a full collection).
KEYFRAMES_AT_MOST = 512
# Rebuilt states that are held for the next question, which is often about a neighbour.
RECENT = 8
# Nearer than this, no other way is looked for.
NEAR = 16

_UNKNOWN = object()


class Unread(NamedTuple):
    """Stands for a kept state that is in a file."""

    position: int
    read: Callable[[int], Any]


class States:
    """States by position, a few of them kept: the roots, keyframes, and what snapshots pin.

    Args:
        branches: the shape of the history.
        changes: gives what each commit of a run changed.
        kept: the states that are kept to begin with; the first is a root.
    """

    def __init__(
        self, branches: Branches, changes: Callable[[range], Iterator[tuple[Change, ...]]], kept: Mapping[int, Any]
    ) -> None:
        self._branches = branches
        self._changes = changes
        # Replaced together when something is let go, so that a reader in another thread finds the two in agreement.
        self._kept: tuple[list[int], Any] = (sorted(kept), kept)
        self._roots = set(kept)
        self._pins: Counter[int] = Counter()
        self._frames: dict[int, int] = {}  # keyframes, with how many lie before each on its lineage
        self._recent: tuple[tuple[int, Any], ...] = ()
        self.spacing = SPACING_BYTES

    def _keep(self, position: int, state: Any) -> None:
        order, states = self._kept
        if position not in states:
            states[position] = state
            insort(order, position)

    def _let_go(self) -> None:
        """Drops what nothing asks to be kept any more."""
        wanted = self._roots | self._frames.keys() | self._pins.keys()
        states = {position: state for position, state in self._kept[1].items() if position in wanted}
        self._kept = (sorted(states), states)

    def pin(self, position: int, state: Any) -> None:
        """Keeps a state until it is unpinned as often as it was pinned."""
        self._keep(position, state)
        self._pins[position] += 1

    def unpin(self, position: int) -> None:
        """Takes one pin back."""
        self._pins[position] -= 1
        self._pins += Counter()  # drops what is down to zero
        self._let_go()

    def keep_frame(self, position: int, state: Any) -> None:
        """Keeps a state to rebuild others from."""
        if position in self._frames:
            return
        ordinal = self._frames.get(self._last_kept(position)[0], 0) + 1
        self._keep(position, state)
        self._frames[position] = ordinal
        if len(self._frames) > KEYFRAMES_AT_MOST:
            # Every second one of each lineage, so that no stretch without a kept state more than doubles.
            self._frames = {seq: number // 2 for seq, number in self._frames.items() if number % 2 == 0}
            self.spacing *= 2
            self._let_go()

    def know_frames(self, frames: Mapping[int, Any]) -> None:
        """Takes the keyframes of a file, in ascending order."""
        for ordinal, (position, state) in enumerate(frames.items(), len(self._frames) + 1):
            self._keep(position, state)
            self._frames[position] = ordinal

    def evict(self, first: int, roots: Mapping[int, Any]) -> None:
        """Begins at these roots; of what lies before `first`, only they and what is pinned stay."""
        for root, state in roots.items():
            self._keep(root, state)
        self._roots = set(roots)
        self._frames = {seq: number for seq, number in self._frames.items() if seq >= first}
        self._recent = ()
        self._let_go()

    def distance_to_kept(self, position: int) -> int:
        """How many commits lie between a position and the last kept state on its lineage."""
        return self._last_kept(position)[1]

    def _last_kept(self, position: int) -> tuple[int, int]:
        order, _ = self._kept
        branches, distance = self._branches, 0
        while True:
            found = bisect_right(order, position) - 1
            start = branches.start_of_run(position)
            if found >= 0 and order[found] >= (position if start is None else start):
                return order[found], distance + position - order[found]
            if start is None:
                raise HistoryError(f"nothing is remembered of the state at {position}")
            distance += position - start + 1
            position = branches.parent(start)

    def at(self, position: int, near: tuple[int, Any] | None = None) -> Any:
        """The state at a position; `near` is one that the caller has at hand, with its position.

        Costs the commits between it and the nearest one that is kept: a few hundred at most, usually half of that.
        """
        state = self._at_hand(position, near)
        if state is _UNKNOWN:
            if near is not None and self._branches.follows(position, near[0]):
                # As in most redos, a fifth cheaper than by the way of all others (see the benchmark `undo and redo`).
                (changes,) = self._changes(range(position, position + 1))
                return fold(near[1], forward(changes))
            base, route = self._nearest(position, near)
            state = fold(base, self.steps(route))
            self.remember(position, state)
        return state

    def _at_hand(self, position: int, near: tuple[int, Any] | None) -> Any:
        if near is not None and near[0] == position:
            return near[1]
        for known, state in self._recent:
            if known == position:
                return state
        return _read(self._kept[1].get(position, _UNKNOWN))

    def remember(self, position: int, state: Any) -> None:
        """Holds a state for the next few questions."""
        self._recent = ((position, state), *self._recent[: RECENT - 1])

    def steps(self, route: Route) -> Iterator[Step]:
        """What to apply to go that way."""
        up, down = route
        back = map(backward, chain.from_iterable(map(self._changes, up)))
        forth = map(forward, chain.from_iterable(map(self._changes, down)))
        return chain.from_iterable(chain(back, forth))

    def _nearest(self, position: int, near: tuple[int, Any] | None) -> tuple[Any, Route]:
        base, route = None, self._branches.route(near[0], position, NEAR) if near is not None else None
        if near is not None and route is not None:
            return near[1], route
        order, states = self._kept
        best, distance = self._last_kept(position)
        after = bisect_left(order, position)
        if after < len(order) and order[after] <= self._branches.end_of_run(position):
            best, distance = min((best, distance), (order[after], order[after] - position), key=lambda pair: pair[1])
        base = states[best]
        for candidate, state in (*self._recent, *((near,) if near else ())):
            shorter = self._branches.route(candidate, position, distance - 1)
            if shorter is not None:
                base, best, distance = state, candidate, sum(map(len, (*shorter[0], *shorter[1])))
        route = self._branches.route(best, position)
        if route is None:
            raise HistoryError(f"no way leads from {best} to {position}")
        return _read(base), route


def _read(state: Any) -> Any:
    return state.read(state.position) if type(state) is Unread else state
