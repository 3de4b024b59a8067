"""Where undo and redo lead: from one commit that a person would stop at to the next."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from statestore.errors import PatchError
from statestore.history.past import Past
from statestore.tree.equality import same
from statestore.tree.kinds import KINDS
from statestore.values import Action, Commit

# So many moves are looked through for the branch that was visited last; a visit longer ago counts as none.
MOVES_LOOKED_AT = 1_000

Undoable = Callable[[Action], bool] | None


class Undone(NamedTuple):
    """A step that was taken back: where undo led, where from, and the step taken back before it."""

    stop: int
    start: int
    before: "Undone | None"


def stop_before(past: Past, position: int, undoable: Undoable) -> tuple[int, list[Commit]] | None:
    """The nearest earlier position whose state differs and that `undoable` accepts, with what changed on the way.

    A root is always accepted. Positions inside a group are no stops: a group is gone back over whole.
    """
    branches = past.branches
    crossed: list[Commit] = []
    oldest = here = position
    while branches.run_to(here):
        commit = past.commit_at(here)
        if commit.changes:
            if undoable is None and commit.group is None and here == position:
                return commit.parent, [commit]  # as in nearly every step (see the benchmark `undo and redo`)
            crossed.append(commit)
        oldest = min(oldest, commit.seq if commit.group is None else commit.group)
        here = commit.parent
        if crossed and here < oldest and _accepts(past, here, undoable) and _differ(past, here, position, crossed):
            return here, crossed
    return None


def stop_after(past: Past, position: int, end: int, undoable: Undoable) -> int | None:
    """The next position on the way to `end`, a descendant, at which undo would have stopped; or `end` itself."""
    route = past.branches.route(position, end)
    if route is None or route[0]:
        return None
    crossed: list[Commit] = []
    found = None
    for commit, follower in _with_follower(map(past.commit_at, chain.from_iterable(route[1]))):
        if commit.changes:
            if found is not None:
                return found
            crossed.append(commit)
        inside = follower is not None and follower.group is not None and follower.group <= commit.seq
        stops = follower is None or (not inside and _accepts(past, commit.seq, undoable))
        if stops and (found is not None or _differ(past, position, commit.seq, crossed)):
            found = commit.seq
    return found


def _with_follower(commits: Iterator[Commit]) -> Iterator[tuple[Commit, Commit | None]]:
    for commit in islice(commits, 1):
        for follower in commits:
            yield commit, follower
            commit = follower
        yield commit, None


def last_visited(past: Past, position: int) -> Iterator[int]:
    """The descendants of a position that the head has been at, the latest first; the newest branch when it has not."""
    for move in islice(reversed(past.moves), MOVES_LOOKED_AT):
        if move.from_seq != position and past.branches.descends(move.from_seq, position):
            yield move.from_seq
    tip = position
    while children := past.branches.children(tip):
        tip = past.branches.end_of_run(children[-1])
    if tip != position:
        yield tip


def without_no_ops(past: Past, position: int) -> int:
    """The nearest position, itself included, whose commit changed something, or the root."""
    while past.branches.run_to(position):
        commit = past.commit_at(position)
        if commit.changes:
            break
        position = commit.parent
    return position


def _accepts(past: Past, position: int, undoable: Undoable) -> bool:
    """A group is accepted when one of its actions is."""
    if undoable is None or position not in past.branches:
        return True
    commit = past.commit_at(position)
    group = commit.group
    while not undoable(commit.action):
        position = past.branches.parent(position)
        if group is None or position not in past.branches:
            return False
        commit = past.commit_at(position)
        if commit.group != group:
            return False
    return True


def _differ(past: Past, a: int, b: int, changing: Sequence[Commit]) -> bool:
    if len(changing) < 2:
        return bool(changing)  # one commit that changed something made another state, by definition
    one, other = past.state_of(a), past.state_of(b)
    # Several may have cancelled each other; most often they did not, and the first thing they touched shows it.
    touched = (path for commit in changing for _, path, _, _ in commit.changes)
    return any(not same(_look_up(one, path), _look_up(other, path)) for path in touched) or not same(one, other)


def _look_up(state: Any, path: Iterable[Any]) -> Any:
    try:
        for key in path:
            kind = KINDS[type(state)]
            state = key in state if kind.role == "set" else kind.child(state, key)
    except PatchError:
        return None
    return state
