"""The store that the tests of the history work on: a board of tasks, in every style of state and reducer."""

from collections.abc import Callable
from typing import Any

import immutables

from statestore import Action, Slice, Store, freeze, thaw
from statestore.history import History
from tests.history.model import BrokenError, reduce_plainly

START: dict[str, Any] = {"tasks": {}, "order": [], "lanes": [], "count": 0, "selected": None}
STYLES = ("draft", "map", "by hand")


def make_reducer(style: str, version: int = 1) -> Any:
    """A slice that edits a draft, the same on `immutables.Map`, or a function that returns a wholly new state."""
    if style == "by hand":
        return by_hand(version)
    initial = START_OF[style]
    board = Slice("board", initial=initial)

    @board.on(lambda action: action.type.startswith("board/"))
    def _(draft: Any, action: Action) -> None:
        edit(draft, action, version)

    return board


def edit(draft: Any, action: Action, version: int) -> None:
    """The same edits as the model's, on a draft."""
    reduce_plainly(draft, action, version)


def by_hand(version: int) -> Callable[[Any, Action], Any]:
    """A reducer that knows nothing of drafts, and shares nothing with the state before."""

    def reduce(state: Any, action: Action) -> Any:
        new = thaw(state)
        reduce_plainly(new, action, version)
        return freeze(new)

    return reduce


def make_store(style: str = "draft", **options: Any) -> tuple[Store, History]:
    """A store on an empty board, and its history."""
    history = History(**options)
    store = Store(make_reducer(style), freeze(START) if style == "by hand" else START_OF[style], middleware=[history])
    return store, history


START_OF: dict[str, Any] = {
    "draft": START,
    "map": immutables.Map({**START, "order": (), "lanes": (), "tasks": immutables.Map()}),
}


def plain(state: Any) -> Any:
    """The state as plain data, lists for whatever is ordered."""
    thawed = thaw(state)
    return {**thawed, "order": list(thawed["order"]), "lanes": list(thawed["lanes"])}


def put(key: str, status: str = "open") -> Action:
    """Adds or replaces a task."""
    return Action("board/put", {"key": key, "status": status})


def drop(key: str) -> Action:
    """Removes a task, if it is there."""
    return Action("board/drop", {"key": key})


def insert(at: int, item: str) -> Action:
    """Puts an item into the order."""
    return Action("board/insert", {"at": at, "item": item})


def remove(at: int) -> Action:
    """Takes an item out of the order."""
    return Action("board/remove", {"at": at})


def lane(at: int) -> Action:
    """Puts an empty lane before that position."""
    return Action("board/lane", {"at": at})


def fill(at: int) -> Action:
    """Counts one up in a lane, if there is any."""
    return Action("board/fill", {"at": at})


def move(at: int, to: int) -> Action:
    """Takes a lane, if there is any, to another position."""
    return Action("board/move", {"at": at, "to": to})


def count() -> Action:
    """Counts one up; two with the second version of the reducer."""
    return Action("board/count")


def select(item: str) -> Action:
    """What `undoable` refuses in the tests that give one."""
    return Action("board/select", {"item": item})


def fail(parity: int = 0) -> Action:
    """Raises where the count has this parity, after an edit; else counts a hundred."""
    return Action("board/fail", {"parity": parity})


__all__ = ["START", "STYLES", "BrokenError", "make_store"]
