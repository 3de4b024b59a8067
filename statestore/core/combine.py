"""One reducer out of several, each with its own key of the state."""

from typing import Any

from statestore.core.reducing import as_reduce, initial_of
from statestore.core.slices import Slice
from statestore.errors import ActionError, ReducerError
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS, MISSING
from statestore.values import Action, Change, Path


def combine(*slices: Slice, **reducers: Any) -> "Combined":
    """Gives the reducer of a mapping: slices under their names, other reducers under the keywords.

    The state object stays the same one if no part changed. A part that the state does not have yet starts with its
    reducer's initial value.
    """
    parts: dict[str, Any] = {}
    for part in slices:
        if not isinstance(part, Slice):
            raise ActionError(f"combine takes slices by position, and other reducers by keyword, not {part!r}")
        if part.name in parts:
            raise ActionError(f"two slices are called {part.name!r}; use keywords to give each a key of its own")
        parts[part.name] = part
    if twice := parts.keys() & reducers.keys():
        raise ActionError(f"the keys {sorted(twice)} are given twice, by position and by keyword")
    if not parts and not reducers:
        raise ActionError("combine needs at least one slice or reducer")
    return Combined({**parts, **reducers})


class Combined:
    """What `combine` gives: a reducer that hands each part of the state to the reducer of its key."""

    def __init__(self, reducers: dict[str, Any]) -> None:
        self.reducers = reducers
        self._parts = [(key, as_reduce(reducer), initial_of(reducer)) for key, reducer in reducers.items()]

    @property
    def initial(self) -> Any:
        """The initial values by key; MISSING if a part has none."""
        initial = {key: value for key, _, value in self._parts}
        return MISSING if any(value is MISSING for value in initial.values()) else freeze(initial)

    def __call__(self, state: Any, action: Action) -> Any:
        """The next state; the state itself if no part changed."""
        return self.reduce(state, action, (), None)

    def reduce(self, state: Any, action: Action, path: Path, changes: list[Change] | None) -> Any:
        """As calling it, and appends what changed to `changes`, with paths below `path`."""
        kind = KINDS[type(state)]
        edits = []
        for key, reduce, initial in self._parts:
            before = state.get(key, MISSING) if kind.role == "mapping" else kind.child(state, key)
            if before is MISSING:
                before = self._start(key, initial, path, changes)
                edits.append(("add", key, before))
            after = reduce(before, action, (*path, key), changes)
            if after is not before:
                edits.append(("replace", key, after))
        return kind.edit(state, edits) if edits else state

    def _start(self, key: str, initial: Any, path: Path, changes: list[Change] | None) -> Any:
        if initial is MISSING:
            raise ReducerError(f"the state has no {key!r}, and its reducer has no initial value; give it in `initial=`")
        if changes is not None:
            changes.append(("add", (*path, key), initial, None))
        return initial

    def __repr__(self) -> str:
        return f"<combine: {', '.join(self.reducers)}>"
