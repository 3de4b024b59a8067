"""The backlog as a slice: the tasks, how far each has come, and the actions that move it on."""

from collections.abc import Sequence
from typing import Any

from statestore import Slice

# A task reaches each status from one other only; anything else is a mistake of the orchestrator's.
PRECEDING = {"planned": "implementing", "implementing": "planned", "complete": "implementing", "failed": "implementing"}
SETTLED = ("complete", "failed")

# The counts repeat what the tasks say, so that progress and milestones need not look at every task at every step.
backlog = Slice("backlog", initial={"tasks": {}, "counts": dict.fromkeys(PRECEDING, 0)})


@backlog.action
def planned(draft: Any, name: str, kind: str, needs: Sequence[str] = ()) -> None:
    """A task was added, to be done when all the tasks it needs are settled."""
    if name in draft["tasks"]:
        raise ValueError(f"the task {name!r} is planned already")
    draft["tasks"][name] = {
        "kind": kind,
        "needs": tuple(needs),
        "status": "planned",
        "attempts": 0,
        "encoding": None,
        "result": None,
        "reason": None,
    }
    draft["counts"]["planned"] += 1


@backlog.action
def implementing(draft: Any, name: str) -> None:
    """Somebody has begun with a task."""
    _move(draft, name, "implementing")["attempts"] += 1


@backlog.action
def complete(draft: Any, name: str, result: dict[str, int]) -> None:
    """A task is done."""
    _move(draft, name, "complete")["result"] = result


@backlog.action
def failed(draft: Any, name: str, reason: str) -> None:
    """A task cannot be done, and will not be tried again."""
    _move(draft, name, "failed")["reason"] = reason


@backlog.action
def retried(draft: Any, name: str, reason: str, encoding: str | None = None) -> None:
    """An attempt came to nothing; the task is to be tried again, its file read in that encoding."""
    _move(draft, name, "planned").update(reason=reason, encoding=encoding)


def initial_state(kind: str) -> Any:
    """The empty backlog, in pyrsistent's maps or, faster with thousands of tasks, in those of immutables."""
    if kind == "pyrsistent":
        return backlog.initial
    from immutables import Map

    return Map(tasks=Map(), counts=Map(dict(backlog.initial["counts"])))


def settled(state: Any) -> int:
    """How many tasks need nothing more to be done."""
    return sum(state["counts"][status] for status in SETTLED)


def _move(draft: Any, name: str, status: str) -> Any:
    task = draft["tasks"][name]
    if task["status"] != PRECEDING[status]:
        raise ValueError(f"{name!r} is {task['status']}, so it cannot become {status}")
    draft["counts"][task["status"]] -= 1
    draft["counts"][status] += 1
    task["status"] = status
    return task
