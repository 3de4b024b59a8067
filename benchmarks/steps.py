"""What happens in a contest: a first state, and steps that change it, the same for every contestant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Step: TypeAlias = tuple[Any, ...]
"""What happens, and to what; plain data, so that Node and every library can take it as it is."""

STATUSES: Final = ("implementing", "complete", "failed", "planned")
# A prime that divides no backlog of ours, so that the steps are spread over all of it.
STRIDE: Final = 7_919


@dataclass(frozen=True)
class Workload:
    """A kind of work on a backlog of any size."""

    name: str
    about: str
    initial: Callable[[int], dict[str, Any]]
    steps: Callable[[int, int], list[Step]]


def change(state: Any, step: Step) -> None:
    """Does a step to a state that can be edited in place: plain data, or a draft."""
    kind, tasks = step[0], state["tasks"]
    if kind == "set":
        tasks[step[1]]["status"] = step[2]
    elif kind == "add":
        tasks[step[1]] = {"title": step[2], "status": "planned"}
    elif kind == "drop":
        del tasks[step[1]]
    elif kind == "insert":
        tasks.insert(step[1], {"title": step[2], "status": "planned"})
    else:
        del tasks[step[1]]


def changed(state: Any, step: Step) -> dict[str, Any]:
    """Does a step to plain data that must not be edited: what is on the way to the change is copied."""
    kind, tasks = step[0], state["tasks"]
    if kind == "set" and isinstance(tasks, dict):
        return {**state, "tasks": {**tasks, step[1]: {**tasks[step[1]], "status": step[2]}}}
    if kind == "add":
        return {**state, "tasks": {**tasks, step[1]: {"title": step[2], "status": "planned"}}}
    if kind == "drop":
        return {**state, "tasks": {key: task for key, task in tasks.items() if key != step[1]}}
    at = step[1]
    if kind == "set":
        middle, rest = [{**tasks[at], "status": step[2]}], tasks[at + 1 :]
    elif kind == "insert":
        middle, rest = [{"title": step[2], "status": "planned"}], tasks[at:]
    else:
        middle, rest = [], tasks[at + 1 :]
    return {**state, "tasks": [*tasks[:at], *middle, *rest]}


def _task(number: int) -> dict[str, str]:
    return {"title": f"task {number}", "status": "planned"}


def _mapping(count: int) -> dict[str, Any]:
    return {"tasks": {f"T{number}": _task(number) for number in range(count)}}


def _listing(count: int) -> dict[str, Any]:
    return {"tasks": [_task(number) for number in range(count)]}


def _setting(count: int, actions: int) -> list[Step]:
    """No step sets what is set already: an undo of nothing would be another thing for every contestant."""
    return [("set", f"T{i * STRIDE % count}", STATUSES[i // count % 4]) for i in range(actions)]


def _editing(count: int, actions: int) -> list[Step]:
    """In turn: an element is changed, one is inserted, one is taken out."""
    steps: list[Step] = []
    for i in range(actions):
        at = i * STRIDE % count
        steps.append((("set", at, f"reviewed {i}"), ("insert", at, f"task {count + i}"), ("cut", at))[i % 3])
    return steps


def _churning(count: int, actions: int) -> list[Step]:
    """In turn: a task comes, and the oldest one goes."""
    return [("drop", f"T{i // 2}") if i % 2 else ("add", f"T{count + i // 2}", f"task {i}") for i in range(actions)]


MAPPING: Final = Workload("mapping", "sets the status of one task of a mapping", _mapping, _setting)
WORKLOADS: Final = {
    workload.name: workload
    for workload in (
        MAPPING,
        Workload("list", "changes, inserts and removes elements of a list", _listing, _editing),
        Workload("churn", "adds and removes tasks of a mapping", _mapping, _churning),
        Workload("tasks", "the first one, from 100 asyncio tasks at once", _mapping, _setting),
    )
}
