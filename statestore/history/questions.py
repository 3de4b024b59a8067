"""The questions that a past answers, over any source of commits and states."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from statestore.errors import ActionError
from statestore.history.fold import reverse
from statestore.history.tracing import Trace
from statestore.tree.diff import Diff, diff
from statestore.tree.freezing import thaw
from statestore.values import Change, Commit, Path

if TYPE_CHECKING:
    from statestore.history.past import Past


def diff_between(past: "Past", a: int, b: int) -> Diff:
    """What differs between the states at two positions."""
    for start, end in ((a, b), (b, a)):
        if end >= past.first and past.parent(end) == start:
            changes = past.commit_at(end).changes
            return NeighbourDiff(past, a, b, changes if end == b else reverse(changes))
    return diff(past.state_of(a), past.state_of(b))


class NeighbourDiff(Diff):
    """The difference that one commit makes: known already, so the two states are only rebuilt when they are read."""

    def __init__(self, past: "Past", a: int, b: int, changes: tuple[Change, ...]) -> None:
        self._past, self._a, self._b = past, a, b
        self.changes = changes

    @cached_property
    def old(self) -> Any:
        """The state before."""
        return self._past.state_of(self._a)

    @cached_property
    def new(self) -> Any:
        """The state after."""
        return self._past.state_of(self._b)


def blame(past: "Past", path: Path) -> Commit | None:
    """The last commit that set the path or anything above it."""
    trace = Trace(past.state_at("head"), _checked(path))
    for commit in reversed(past.lineage()):
        if trace.back_over(commit).sets:
            return commit
    return None


def where(past: "Past", path: Path) -> list[Commit]:
    """All commits that touched the path."""
    trace = Trace(past.state_at("head"), _checked(path))
    touching = []
    for commit in reversed(past.lineage()):
        touch = trace.back_over(commit)
        if touch.touches:
            touching.append(commit)
        if touch.ends:
            break
    return touching[::-1]


def _checked(path: Any) -> Path:
    if isinstance(path, str) or not isinstance(path, tuple | list):
        raise ActionError(f"a path is a tuple of keys such as ('tasks', 'T1', 'status'), not {path!r}")
    return tuple(path)


def bisect(past: "Past", predicate: Callable[[Any], bool]) -> Commit | None:
    """The first commit on the lineage whose state satisfies the predicate."""
    if not callable(predicate):
        raise ActionError(f"bisect takes a function of the state, not {predicate!r}")
    lineage = past.lineage()
    low, high = 0, len(lineage)
    while low < high:
        middle = (low + high) // 2
        if predicate(past.state_of(lineage.seq(middle))):
            high = middle
        else:
            low = middle + 1
    return lineage[low] if low < len(lineage) else None


def find(past: "Past", kind: Any, payload: Any, predicate: Callable[[Commit], bool] | None) -> list[Commit]:
    """The commits that meet all conditions."""
    pattern = getattr(kind, "type", kind)
    if pattern is not None and not isinstance(pattern, str):
        raise ActionError(f"find takes a type as a text or an action creator, not {kind!r}")
    return [
        commit
        for commit in past.commits
        if (pattern is None or commit.action.type == pattern or fnmatchcase(commit.action.type, pattern))
        and (payload is None or _has(commit.action.payload, payload))
        and (predicate is None or predicate(commit))
    ]


def _has(payload: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        found = isinstance(payload, Mapping)
        return found and all(key in payload and _has(payload[key], value) for key, value in wanted.items())
    return bool(thaw(payload) == thaw(wanted))
