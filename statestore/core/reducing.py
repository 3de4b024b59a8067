"""Running reducers of every form: those that know what they changed, and plain functions."""

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any, Final, TypeAlias

from statestore.errors import ActionError, ReducerError
from statestore.tree.diff import find_changes
from statestore.tree.equality import same
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS, MISSING
from statestore.tree.patches import apply_patches
from statestore.values import Action, Change, Patch, Path

Reduce: TypeAlias = Callable[[Any, Action, Path, "list[Change] | None"], Any]

PATCHED: Final = "@@statestore/apply"
"""The type of the action that `store.apply(patches)` dispatches; every reducer answers it by applying the patches."""


def run_reducer(reducer: Any, state: Any, action: Action, changes: list[Change] | None = None) -> Any:
    """Gives the next state, and appends to `changes`, if given, what leads there."""
    return (reduce_patched if action.type == PATCHED else as_reduce(reducer))(state, action, (), changes)


def as_reduce(reducer: Any) -> Reduce:
    """The one form in which the store calls a reducer.

    A reducer without a `reduce` method returns its next state only. What it changed is found by comparing, at the cost
    of one walk over each mapping or list on the way to a change; that is paid only while somebody observes commits. So
    while commits are observed, an equal copy that a plain function returns is no change, and plain data that it put
    inside an immutable value is frozen; otherwise it is trusted, and its result taken as it is.
    """
    reduce = getattr(reducer, "reduce", None)
    if callable(reduce):
        return reduce  # type: ignore[no-any-return]
    if not callable(reducer):
        raise ActionError(f"a reducer is a slice or a function of (state, action), not {reducer!r}")

    containers: set[type] = set()  # immutable ones that it has returned: asking KINDS takes longer than calling it

    def compare(state: Any, action: Action, path: Path, changes: list[Change] | None) -> Any:
        new = reducer(state, action)
        if new is state:
            return state
        # Comparing containers would cost their size; a reducer by hand is trusted to keep what it did not change.
        if type(new) not in containers:
            kind = KINDS[type(new)]
            if kind.plain or kind.role == "atom":
                new = _checked(new, reducer)
                if same(state, new):
                    return state
            else:
                containers.add(type(new))
        if changes is None:
            return new
        known = len(changes)
        find_changes(state, new, path, changes)
        if any(freeze(value) is not value for _, _, value, _ in changes[known:]):
            # Plain data inside: what is recorded and what is the state from now on have to be one.
            steps = [Patch(op, at[len(path) :], value) for op, at, value, _ in changes[known:]]
            del changes[known:]
            new = apply_patches(state, steps)
            find_changes(state, new, path, changes)
        return new if len(changes) > known else state

    return compare


def initial_of(reducer: Any) -> Any:
    """The state that a reducer starts with, or MISSING."""
    return getattr(reducer, "initial", MISSING)


def reduce_patched(state: Any, action: Action, path: Path, changes: list[Change] | None) -> Any:
    """Answers `PATCHED`: applies the patches of the payload."""
    new = apply_patches(state, [Patch(op, tuple(at), value) for op, at, value in action.payload["patches"]])
    if changes is not None:
        known = len(changes)
        find_changes(state, new, path, changes)
        return new if len(changes) > known else state
    return state if same(state, new) else new


def _checked(new: Any, reducer: Any) -> Any:
    name = getattr(reducer, "__qualname__", repr(reducer))
    if iscoroutine(new):
        new.close()
        raise ReducerError(f"reducer {name} is async; it computes the next state at once, so define it with `def`")
    if new is None:
        raise ReducerError(
            f"reducer {name} returned None; return the next state, or the state it got if nothing changed"
        )
    return freeze(new)
