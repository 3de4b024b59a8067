"""Following a path back through the commits: an element of a list is found again where it was before."""

from typing import Any, NamedTuple

from statestore.errors import PatchError
from statestore.tree.equality import same
from statestore.tree.kinds import KINDS
from statestore.values import Change, Commit, Path


class Touch(NamedTuple):
    """What a commit had to do with the path."""

    touches: bool = False  # the path, something above it or something in it
    sets: bool = False  # the path itself or something above it
    ends: bool = False  # the element that is followed came into its list here: it has no earlier past


class Trace:
    """A path, and what it was before each commit that it is led back over, newest first."""

    def __init__(self, state: Any, path: Path) -> None:
        self.path = path
        self._in_sequence = [False] * len(path)
        self._learn(0, state)

    def _learn(self, depth: int, value: Any) -> None:
        """Reads off the value at that depth which of the keys below are positions."""
        for i in range(depth, len(self.path)):
            kind, key = KINDS[type(value)], self.path[i]
            self._in_sequence[i] = kind.role == "sequence"
            if self._in_sequence[i] and isinstance(key, int) and key < 0:
                self._put(i, len(value) + key)  # counted from the end, as Python does
            try:
                value = kind.child(value, self.path[i])
            except PatchError:
                return

    def back_over(self, commit: Commit) -> Touch:
        """Leads the path to where it was before the commit."""
        touch, used = Touch(), set[int]()
        at = len(commit.changes) - 1
        while at >= 0:
            place = commit.changes[at][1]
            depth = len(place) - 1
            if depth < len(self.path) and place[:depth] == self.path[: max(depth, 0)]:
                if depth >= 0 and self._in_sequence[depth]:
                    at, touch = self._back_over_position(commit.changes, at, used, touch)
                elif depth < 0 or place[-1] == self.path[depth]:
                    touch = self._set_by(commit.changes[at])
            elif place[: len(self.path)] == self.path:
                touch = touch._replace(touches=True)
            at -= 1
        return touch

    def _set_by(self, change: Change) -> Touch:
        op, place, _, old = change
        if op != "add":
            self._learn(len(place), old)
        return Touch(touches=True, sets=True)

    def _back_over_position(self, changes: Any, at: int, used: set[int], touch: Touch) -> tuple[int, Touch]:
        op, place, _, _ = changes[at]
        depth, key = len(place) - 1, place[-1]
        index = self.path[depth]
        if not isinstance(index, int):
            return at, touch
        if key == index and op != "remove":
            origin = _find_origin(changes, at, used)
            if origin is not None:
                used.add(origin)
                self._put(depth, changes[origin][1][-1])
                return origin, touch
            return at, self._set_by(changes[at])._replace(ends=op == "add")
        if op == "add" and key < index:
            self._put(depth, index - 1)
        elif op == "remove" and key <= index:
            self._put(depth, index + 1)
        return at, touch

    def _put(self, depth: int, index: int) -> None:
        self.path = (*self.path[:depth], index, *self.path[depth + 1 :])


def _find_origin(changes: tuple[Change, ...], at: int, used: set[int]) -> int | None:
    """Which change of the same commit took the element out of the same list, if it was moved and not made here."""
    op, place, value, _ = changes[at]
    is_atom = KINDS[type(value)].role == "atom"
    for i, (other, there, _, old) in enumerate(changes):
        if i == at or i in used or other == "add" or there[:-1] != place[:-1]:
            continue
        # Scalars that are replaced are values that changed; only what was taken out and put in again was moved.
        if is_atom and "replace" in (op, other):
            continue
        if same(old, value):
            return i
    return None
