"""Stores, state machines, event sourcing and undo, as Python's libraries have them.

They are loaded on use, and the type checker does not look into them, since they may not be installed: hence the ignores
where a class or a decorator of theirs is used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.contestants.contestant import Contestant
from benchmarks.steps import STATUSES, Step, change, changed

GROUP = "Python's libraries"


class Pydux(Contestant):
    """pydux, a translation of Redux; the reducer copies what is on the way."""

    name, group, needs, records = "pydux", GROUP, ("pydux",), False

    def begin(self, state: dict[str, Any]) -> None:
        from pydux import create_store

        def reduce(state: Any, action: dict[str, Any]) -> Any:
            return changed(state, action["step"]) if action["type"] == "step" else state

        self._store = create_store(reduce, state)

    def act(self, step: Step) -> None:
        self._store.dispatch({"type": "step", "step": step})

    def state(self) -> Any:
        return self._store.get_state()


class PythonRedux(Contestant):
    """python-redux; the same reducer."""

    name, group, needs, records = "python-redux", GROUP, ("python-redux",), False

    def begin(self, state: dict[str, Any]) -> None:
        from redux import BaseAction, InitAction, Store

        class Stepped(BaseAction):  # type: ignore[misc]
            step: Any

        def reduce(before: Any, action: Any) -> Any:
            return state if isinstance(action, InitAction) else changed(before, action.step)

        self._action, self._store = Stepped, Store(reduce)
        self._store.dispatch(InitAction())

    def act(self, step: Step) -> None:
        self._store.dispatch(self._action(step=step))

    def state(self) -> Any:
        return self._store._state


class Transitions(Contestant):
    """transitions: every task a model of one state machine."""

    name, group, needs, records = "transitions", GROUP, ("transitions",), False
    workloads = ("mapping", "tasks")

    def begin(self, state: dict[str, Any]) -> None:
        from transitions import Machine

        class Task:
            def __init__(self, title: str) -> None:
                self.title = title

        self._tasks: Any = {key: Task(task["title"]) for key, task in state["tasks"].items()}
        Machine(list(self._tasks.values()), states=list(STATUSES), initial="planned", auto_transitions=True)

    def act(self, step: Step) -> None:
        self._tasks[step[1]].trigger(f"to_{step[2]}")

    def state(self) -> Any:
        return {"tasks": {key: {"title": task.title, "status": task.state} for key, task in self._tasks.items()}}


class EventSourcing(Contestant):
    """eventsourcing: an aggregate whose events are saved one by one, in memory."""

    name, group, needs = "eventsourcing, in memory", GROUP, ("eventsourcing",)

    def begin(self, state: dict[str, Any]) -> None:
        from eventsourcing.domain import Aggregate, event

        class Backlog(Aggregate):  # type: ignore[misc]
            @event("Created")  # type: ignore[untyped-decorator]
            def __init__(self, state: Any) -> None:
                self.state = state

            @event("Stepped")  # type: ignore[untyped-decorator]
            def step(self, step: Any) -> None:
                change(self.state, step)

        self._kind = Backlog
        self._application = self._open()
        self._backlog: Any = Backlog(state)
        self._application.save(self._backlog)

    def _open(self) -> Any:
        from eventsourcing.application import Application

        return Application(self.environment())

    def environment(self) -> dict[str, str]:
        """Where the events go."""
        return {}

    def act(self, step: Step) -> None:
        self._backlog.step(list(step))
        self._application.save(self._backlog)

    def state(self) -> Any:
        return self._backlog.state

    def jump(self, steps: int) -> None:
        self._backlog = self._application.repository.get(self._backlog.id, version=steps + 1)


class EventSourcingSQLite(EventSourcing):
    """The same in an SQLite file."""

    name = "eventsourcing, SQLite"

    def environment(self) -> dict[str, str]:
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(self.stored)}

    @property
    def stored(self) -> Path:
        return self.folder / "events.sqlite"

    def finish(self) -> None:
        self._application.close()

    def reopen(self, steps: int) -> Any:
        application = self._open()
        try:
            return application.repository.get(self._backlog.id, version=steps + 1).state
        finally:
            application.close()


class Reliev(Contestant):
    """reliev: a store of observables whose mutations can be undone."""

    name, group, needs = "reliev", GROUP, ("reliev",)

    def begin(self, state: dict[str, Any]) -> None:
        from reliev import Store, mutation

        class Backlog(Store):  # type: ignore[misc]
            @mutation  # type: ignore[untyped-decorator]
            def step(self, step: Step) -> None:
                change(self.state, step)

        self._store = Backlog(state)

    def act(self, step: Step) -> None:
        self._store.step(step)

    def state(self) -> Any:
        return _plain(self._store.state)

    def undo(self) -> None:
        self._store.undo()

    def jump(self, steps: int) -> None:
        for _ in range(len(self._store._past) - steps):
            self._store.undo()


def _plain(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: _plain(part) for key, part in value.items()}
    return value if isinstance(value, str) else [_plain(part) for part in value]


class CollectionsUndo(Contestant):
    """collections-undo: a function and its inverse, kept at every call."""

    name, group, needs = "collections-undo", GROUP, ("collections-undo",)
    workloads = ("mapping", "tasks")

    def begin(self, state: dict[str, Any]) -> None:
        from collections_undo import UndoManager

        manager = UndoManager()

        def set_status(task: str, status: str, before: str) -> None:
            state["tasks"][task]["status"] = status

        def set_back(task: str, status: str, before: str) -> None:
            state["tasks"][task]["status"] = before

        self._set = manager.undoable(set_status).undo_def(set_back)
        self._manager, self._state = manager, state
        self._done = 0

    def act(self, step: Step) -> None:
        _, task, status = step
        self._set(task, status, self._state["tasks"][task]["status"])
        self._done += 1

    def state(self) -> Any:
        return self._state

    def undo(self) -> None:
        self._manager.undo()
        self._done -= 1

    def jump(self, steps: int) -> None:
        while self._done > steps:
            self.undo()


class LangGraph(Contestant):
    """LangGraph: a graph of one node, invoked for every step, with a saver in memory."""

    name, group = "LangGraph, memory saver", GROUP
    needs: ClassVar[Sequence[str]] = ("langgraph",)

    def begin(self, state: dict[str, Any]) -> None:
        from typing import TypedDict

        from langgraph.graph import END, START, StateGraph

        class State(TypedDict):
            tasks: Any
            step: Any
            done: int

        def work(state: Any) -> Any:
            after = changed({"tasks": state["tasks"]}, state["step"])
            return {"tasks": after["tasks"], "done": state["done"] + 1}

        self._builder = StateGraph(State).add_node("work", work).add_edge(START, "work").add_edge("work", END)
        self._thread = {"configurable": {"thread_id": "1"}}
        self._graph: Any = self._builder.compile(checkpointer=self.saver())
        self._graph.update_state(self._thread, {"tasks": state["tasks"], "step": None, "done": 0})
        self._values: Any = None

    def saver(self) -> Any:
        """What keeps the checkpoints."""
        from langgraph.checkpoint.memory import InMemorySaver

        return InMemorySaver()

    def act(self, step: Step) -> None:
        self._graph.invoke({"step": list(step)}, self._thread)

    def state(self) -> Any:
        values = self._values or self._graph.get_state(self._thread).values
        return {"tasks": values["tasks"]}

    def jump(self, steps: int) -> None:
        self._values = self._at(self._graph, steps)

    def _at(self, graph: Any, steps: int) -> Any:
        history = graph.get_state_history(self._thread)
        return next(found.values for found in history if found.values["done"] == steps and not found.next)


class LangGraphSQLite(LangGraph):
    """The same with a saver in an SQLite file."""

    name = "LangGraph, SQLite saver"
    needs = ("langgraph", "langgraph-checkpoint-sqlite")

    @property
    def stored(self) -> Path:
        return self.folder / "checkpoints.sqlite"

    def saver(self) -> Any:
        import sqlite3

        from langgraph.checkpoint.sqlite import SqliteSaver

        self._connection = sqlite3.connect(self.stored, check_same_thread=False)
        return SqliteSaver(self._connection)

    def finish(self) -> None:
        self._connection.close()

    def reopen(self, steps: int) -> Any:
        found = self._at(self._builder.compile(checkpointer=self.saver()), steps)
        return {"tasks": found["tasks"]}


class Burr(Contestant):
    """Burr: an application of one action, stepped."""

    name, group, needs, records = "Burr", GROUP, ("apache-burr",), False

    def begin(self, state: dict[str, Any]) -> None:
        from burr.core import ApplicationBuilder, State, action

        @action(reads=["tasks"], writes=["tasks"])  # type: ignore[untyped-decorator]
        def work(state: Any, step: Step) -> Any:
            return state.update(tasks=changed({"tasks": state["tasks"]}, step)["tasks"])

        builder = ApplicationBuilder().with_actions(work=work).with_transitions(("work", "work"))
        builder = builder.with_entrypoint("work").with_state(State(state)).with_identifiers(app_id="backlog")
        self._application = self.kept(builder).build()

    def kept(self, builder: Any) -> Any:
        """Adds what keeps the states."""
        return builder

    def act(self, step: Step) -> None:
        self._application.step(inputs={"step": step})

    def state(self) -> Any:
        return {"tasks": self._application.state["tasks"]}


class BurrSQLite(Burr):
    """The same with its SQLite persister."""

    name, records = "Burr, SQLite persister", True

    @property
    def stored(self) -> Path:
        return self.folder / "burr.sqlite"

    def _persister(self) -> Any:
        from burr.core.persistence import SQLitePersister

        return SQLitePersister(str(self.stored), table_name="backlog")

    def kept(self, builder: Any) -> Any:
        persister = self._persister()
        persister.initialize()
        return builder.with_state_persister(persister)

    def reopen(self, steps: int) -> Any:
        found = self._persister().load(None, "backlog", steps - 1)
        return {"tasks": found["state"]["tasks"]}


CONTESTANTS = (
    Pydux,
    PythonRedux,
    Transitions,
    EventSourcing,
    EventSourcingSQLite,
    LangGraph,
    LangGraphSQLite,
    Burr,
    BurrSQLite,
    Reliev,
    CollectionsUndo,
)
