"""Run: the one place where the stages are joined, a store with everything that records it."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from statestore.core.middleware import thunk
from statestore.core.store import Store
from statestore.history import History, resume
from statestore.journal import Journal
from statestore.ports import Clock, Middleware
from statestore.recording import Evidence, Finding, Gauges, Memory, Milestones, Report, Timing, diagnose
from statestore.recording.frames import Frame
from statestore.tree.kinds import MISSING
from statestore.values import Commit, Milestone, Snapshot


class Run:
    """A store that records everything: spans, milestones, memory, history, and a file that survives the process.

        with Run(backlog, "run.history") as run:
            run.dispatch(task_added("T1", "parse"))

    Args:
        reducer: as for `Store`.
        path: the history file. One that is there already is resumed: state and history are then as they were.
        initial: as for `Store`; not for a file that is resumed, which knows its state.
        middleware: more layers, between timing and the store. Functions can be dispatched without asking (`thunk`).
        timing, milestones, history, memory, gauges: recorders of your own making, where the usual settings do not fit.
        journal: settings of the `Journal`, such as `{"redact": ("card_number",), "durability": "each"}`.
    """

    def __init__(
        self,
        reducer: Any,
        path: str | Path | None = None,
        *,
        initial: Any = MISSING,
        middleware: Sequence[Middleware] = (),
        timing: Timing | None = None,
        milestones: Milestones | None = None,
        history: History | None = None,
        memory: Memory | None = None,
        gauges: Gauges | None = None,
        journal: dict[str, Any] | None = None,
        name: str = "run",
        clock: Clock | None = None,
    ) -> None:
        self.timing = timing or Timing()
        self.milestones = milestones or Milestones()
        self.history = history or History()
        self.memory = memory or Memory()
        self.gauges = gauges or Gauges()
        layers: list[Any] = [self.timing, thunk, *middleware, self.milestones, self.history, self.memory, self.gauges]
        if path is not None and Path(path).exists() and Path(path).stat().st_size:
            self.store = resume(path, reducer, middleware=layers, name=name, clock=clock, **(journal or {}))
        else:
            if path is not None:
                layers.append(Journal(path, **(journal or {})))
            self.store = Store(reducer, initial, middleware=layers, name=name, clock=clock)
        self.journal = next((layer for layer in self.store.middleware if isinstance(layer, Journal)), None)

    @property
    def state(self) -> Any:
        """The state now."""
        return self.store.state

    def dispatch(self, action: Any) -> Any:
        """Dispatches to the store; functions of the store too."""
        return self.store.dispatch(action)

    def undo(self, steps: int = 1) -> bool:
        """Takes back so many steps; False, and nothing moved, if there are not as many."""
        return self.history.undo(steps)

    def redo(self, steps: int = 1) -> bool:
        """Takes the last undo back."""
        return self.history.redo(steps)

    def goto(self, ref: Any) -> Commit | None:
        """Goes to any commit, and gives it; see `History.goto`."""
        return self.history.goto(ref)

    def span(self, name: str, /, **metadata: Any) -> Frame:
        """A named block of time; see `Timing.span`."""
        return self.timing.span(name, **metadata)

    def milestone(self, name: str, /, data: Any = None, **metadata: Any) -> Milestone:
        """A named moment; see `Milestones.reach`."""
        return self.milestones.reach(name, data, **metadata)

    def snapshot(self, name: str | None = None, **metadata: Any) -> Snapshot:
        """Keeps the state now, under a name; see `History.snapshot`."""
        return self.history.snapshot(name, **metadata)

    def diagnose(self) -> list[Finding]:
        """What a person should look at first, warnings before notes, each a sentence with its evidence."""
        return diagnose(Evidence.of(self.timing, self.memory, self.gauges))

    def report(self) -> Report:
        """Where the time and the memory went: print it, or take `report().as_dict()`."""
        return Report(self.timing, self.milestones, self.memory, self.gauges, self.history)

    def flush(self) -> None:
        """Returns when all that was recorded so far is on disk; at once if there is no file."""
        if self.journal is not None:
            self.journal.flush()

    def close(self) -> None:
        """Stops every recorder and finishes the file; reading goes on."""
        self.store.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Run of {self.store!r}>"
