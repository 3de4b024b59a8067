"""Recorded runs for the tests: a backlog of tasks, and files made of it."""

from pathlib import Path
from typing import Any

from statestore import Milestone, Slice, Snapshot, Span, Store
from statestore.journal import Journal, JournalFile
from statestore.journal.tracing import state_at

STATUSES = ("planned", "implementing", "complete", "failed")

backlog = Slice("backlog", initial={"tasks": {f"T{i}": {"title": f"task {i}", "status": "planned"} for i in range(20)}})


@backlog.action
def status_set(draft: Any, id: str, status: str) -> None:
    draft["tasks"][id]["status"] = status


@backlog.action
def task_added(draft: Any, id: str, title: str) -> None:
    draft["tasks"][id] = {"title": title, "status": "planned"}


def step(number: int) -> Any:
    """The action of that step: mostly changes of a status, now and then a new task."""
    if number % 10 == 9:
        return task_added(f"N{number}", title=f"new {number}")
    return status_set(f"T{number * 7 % 20}", STATUSES[number % 3 + 1])


def record(path: Path, steps: int, *, flush_every: int = 10, close: bool = True, **options: Any) -> list[Any]:
    """Writes a run into a file; gives the state after each commit, the root's first."""
    journal = Journal(path, **options)
    store = Store(backlog, middleware=[journal])
    states = [store.state]
    for number in range(steps):
        store.dispatch(step(number))
        states.append(store.state)
        if number % flush_every == flush_every - 1:
            store.publish(Span(number, None, "step", "block", number, number + 1, metadata={"number": number}))
            store.publish(Milestone(f"step {number}", number, seq=number))
            store.publish(Snapshot(number, f"after {number}", number, number))
            journal.flush()
    if close:
        store.close()
    else:
        journal.flush()
        journal._pump.abandon()  # what is on disk now is what a crash would leave
    return states


def check_prefix(file: JournalFile, states: list[Any]) -> int:
    """What a file holds is the beginning of the run, and nothing else; gives how many commits it has."""
    commits = list(file.commits)
    assert [commit.seq for commit in commits] == list(range(1, len(commits) + 1))
    for commit in commits:
        assert commit.action == step(commit.seq - 1)
    assert state_at(file, len(commits)) == states[len(commits)]
    assert all(span.metadata == {"number": span.id} for span in file.spans)
    return len(commits)
