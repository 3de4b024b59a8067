"""The questions that a past answers, over any source of commits and states."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

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


Watch: TypeAlias = Callable[[Iterator[Commit]], Iterator[Commit]]
"""Passes on the commits that are read, for whoever wants to show how far that is."""


def blame(past: "Past", path: Path, ref: Any, watch: Watch = iter) -> Commit | None:
    """The last commit up to the ref that set the path or anything above it."""
    trace = Trace(past.state_at(ref), _checked(path))
    for commit in watch(reversed(past.lineage(ref))):
        if trace.back_over(commit).sets:
            return commit
    return None


def where(past: "Past", path: Path, ref: Any, watch: Watch = iter) -> list[Commit]:
    """All commits up to the ref that touched the path."""
    trace = Trace(past.state_at(ref), _checked(path))
    touching = []
    for commit in watch(reversed(past.lineage(ref))):
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


def find(
    commits: Iterable[Commit], kind: Any, payload: Any, predicate: Callable[[Commit], bool] | None
) -> Iterator[Commit]:
    """Those of the commits that meet all conditions, as they are read."""
    pattern = getattr(kind, "type", kind)
    if pattern is not None and not isinstance(pattern, str):
        raise ActionError(f"find takes a type as a text or an action creator, not {kind!r}")
    return (
        commit
        for commit in commits
        if (pattern is None or commit.action.type == pattern or fnmatchcase(commit.action.type, pattern))
        and (payload is None or _has(commit.action.payload, payload))
        and (predicate is None or predicate(commit))
    )


def _has(payload: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        found = isinstance(payload, Mapping)
        return found and all(key in payload and _has(payload[key], value) for key, value in wanted.items())
    return bool(thaw(payload) == thaw(wanted))
