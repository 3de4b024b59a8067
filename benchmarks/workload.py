"""The workload of every benchmark: a backlog of N tasks in a mapping, each action sets the status of one."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count as count_from
from itertools import islice
from time import perf_counter_ns
from typing import Any

import immutables

from benchmarks.measure import Candidate
from statestore import Action, Slice, Store, freeze

Build = Callable[[Any], Any]


def as_map(value: Any) -> Any:
    """Plain data as `immutables.Map`s."""
    return immutables.Map({key: as_map(part) for key, part in value.items()}) if isinstance(value, dict) else value


KINDS: dict[str, Build] = {"pyrsistent": freeze, "immutables.Map": as_map}


def tasks(count: int) -> dict[str, Any]:
    """The backlog before anything happened."""
    return {"tasks": {f"T{i}": {"title": f"task {i}", "status": "new"} for i in range(count)}}


def changes(count: int) -> Iterator[tuple[str, str]]:
    """Which task gets which status, spread over the backlog, without end; each changes the status that is there."""
    statuses = ("implementing", "complete", "failed", "planned")
    return ((f"T{i * 7919 % count}", statuses[i * 7919 // count % 4]) for i in count_from())


class Backlog:
    """The workload on one kind of state: the slice, the reducer by hand, and the floor."""

    def __init__(self, build: Build, count: int = 1_000, actions: int = 5_000) -> None:
        self.initial = build(tasks(count))
        self.work = list(islice(changes(count), actions))
        self.slice = Slice("backlog", initial=self.initial)

        @self.slice.action
        def status_set(draft: Any, id: str, status: str) -> None:
            draft["tasks"][id]["status"] = status

        self.status_set = status_set

    def floor(self) -> int:
        """The same update by hand on the same structure, nothing recorded."""
        state = self.initial
        for task, status in self.work:
            listed = state["tasks"]
            state = state.set("tasks", listed.set(task, listed[task].set("status", status)))
        return len(self.work)

    @staticmethod
    def reduce_by_hand(state: Any, action: Action) -> Any:
        """The reducer without a draft."""
        payload = action.payload
        listed, task = state["tasks"], payload["id"]
        return state.set("tasks", listed.set(task, listed[task].set("status", payload["status"])))

    def dispatching(self, middleware: Callable[[], Iterable[Any]] = tuple) -> Candidate:
        """A candidate that dispatches all the work to a new store; opening and closing it is not counted."""

        def run() -> float:
            with Store(self.slice, self.initial, middleware=list(middleware())) as store:
                return self.dispatch(store, self.work)

        return run

    def dispatch(self, store: Store, work: Iterable[tuple[str, str]]) -> float:
        """Dispatches the work; gives the nanoseconds that one action took."""
        listed, dispatch, status_set = list(work), store.dispatch, self.status_set
        started = perf_counter_ns()
        for task, status in listed:
            dispatch(status_set(task, status))
        return (perf_counter_ns() - started) / len(listed)
