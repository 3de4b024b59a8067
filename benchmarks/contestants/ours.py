"""statestore: bare, with each recorder alone, and with everything; on both structures, with both kinds of reducer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contestants.contestant import Contestant
from benchmarks.contestants.floors import ByHand, Immutables, Pyrsistent
from benchmarks.steps import Step, change

GROUP = "statestore"


class Ours(Contestant):
    """A store with some recorders, a draft reducer, and state kept as pyrsistent has it."""

    group, needs = GROUP, ("statestore",)
    structure: type[ByHand] = Pyrsistent
    by_hand = False

    def recorders(self) -> list[Any]:
        """The middleware."""
        return []

    def begin(self, state: dict[str, Any]) -> None:
        from statestore import Slice, Store

        self._floor = self.structure(self.folder)
        backlog = Slice("backlog", initial=self._floor.freeze(state))

        @backlog.action
        def status_set(draft: Any, at: Any, status: str) -> None:
            change(draft, ("set", at, status))

        @backlog.action
        def added(draft: Any, at: Any, title: str) -> None:
            change(draft, ("add", at, title))

        @backlog.action
        def dropped(draft: Any, at: Any) -> None:
            change(draft, ("drop", at))

        @backlog.action
        def inserted(draft: Any, at: int, title: str) -> None:
            change(draft, ("insert", at, title))

        @backlog.action
        def removed(draft: Any, at: int) -> None:
            change(draft, ("cut", at))

        creators: dict[str, Any]
        creators = {"set": status_set, "add": added, "drop": dropped, "insert": inserted, "cut": removed}
        self._creators = creators
        self._kinds = {creator.type: kind for kind, creator in creators.items()}
        self._reducer: Any = self._reduce_by_hand if self.by_hand else backlog
        self._store = Store(self._reducer, backlog.initial, middleware=self.recorders())
        self._dispatch = self._store.dispatch

    def _reduce_by_hand(self, state: Any, action: Any) -> Any:
        self._floor._state = state
        self._floor.act((self._kinds[action.type], *action.payload.values()))
        return self._floor._state

    def act(self, step: Step) -> None:
        self._dispatch(self._creators[step[0]](*step[1:]))

    def state(self) -> Any:
        return self._floor.thaw(self._store.state)

    def finish(self) -> None:
        self._store.close()


def _variant(name: str, recorders: Callable[[Path], list[Any]], structure: type[ByHand], **more: Any) -> type[Ours]:
    suffix = "" if structure is Pyrsistent else ", immutables.Map"
    body = {
        "name": f"statestore, {name}{suffix}",
        "structure": structure,
        "workloads": structure.workloads,
        "records": False,
        "recorders": lambda self: recorders(self.folder),
    }
    return type("Variant", (Ours,), body | more)


def _timing(folder: Path) -> list[Any]:
    from statestore import Timing

    return [Timing()]


def _history(folder: Path) -> list[Any]:
    from statestore import History

    return [History()]


def _journal(folder: Path) -> list[Any]:
    from statestore import Journal

    return [Journal(folder / "run.history")]


class Everything(Ours):
    """Timing, history and journal at once: all that is recorded of a run."""

    name = "statestore, everything"

    def recorders(self) -> list[Any]:
        from statestore import History, Journal, Timing

        self._history = History()
        return [Timing(), self._history, Journal(self.stored)]

    @property
    def stored(self) -> Path:
        return self.folder / "run.history"

    def undo(self) -> None:
        self._history.undo()

    def jump(self, steps: int) -> None:
        self._history.goto(steps)

    def skip(self, index: int) -> None:
        self._history.rewrite(skip=[index + 1])

    def reopen(self, steps: int) -> Any:
        from statestore import open_history

        with open_history(self.stored) as file:
            return self._floor.thaw(file.state_at(steps))


class EverythingOnMaps(Everything):
    """The same on `immutables.Map`."""

    name, structure, workloads = "statestore, everything, immutables.Map", Immutables, Immutables.workloads


CONTESTANTS = (
    *[
        _variant(name, recorders, structure, **more)
        for structure in (Pyrsistent, Immutables)
        for name, recorders, more in (
            ("bare, by hand", lambda folder: [], {"by_hand": True}),
            ("bare", lambda folder: [], {}),
            ("Timing", _timing, {}),
            ("History", _history, {"records": True}),
            ("Journal", _journal, {"records": True, "stored": property(lambda self: self.folder / "run.history")}),
        )
    ],
    Everything,
    EverythingOnMaps,
)
