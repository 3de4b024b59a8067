"""A run in which a value of every kind is recorded, live and in its file."""

import pytest

from statestore import History, HistoryFile, Run, Slice, open_history
from statestore.values import Alert

backlog = Slice("backlog", initial={"tasks": {}, "seen": frozenset()})


@backlog.action
def added(draft, id: str, points: int = 1) -> None:
    draft["tasks"][id] = {"points": points, "status": "planned"}


@backlog.action
def moved(draft, id: str, status: str) -> None:
    draft["tasks"][id]["status"] = status


@backlog.action
def dropped(draft, id: str) -> None:
    del draft["tasks"][id]


@pytest.fixture
def run(tmp_path):
    """Twelve commits, two undone, one failed dispatch; spans, a milestone, samples, a gauge, a snapshot, an alert."""
    with Run(backlog, tmp_path / "run.history", name="everything") as run:
        with run.span("planning", worker="w0"):
            for number in range(10):
                run.dispatch(added(f"T{number}", points=number))
        run.milestone("planned", {"tasks": 10}, by="me")
        run.snapshot("before", reason="test")
        with pytest.raises(KeyError):
            run.dispatch(dropped("nobody"))
        with run.store.transaction("both"):
            run.dispatch(moved("T1", "done"))
            run.dispatch(dropped("T2"))
        run.undo()
        run.memory.capture()
        run.gauges.capture()
        run.store.publish(Alert("slow", "backlog/added", 5, "backlog/added is slow", {"p99_ns": 7}))
        yield run


@pytest.fixture(params=["live", "file"])
def source(request, run) -> "History | HistoryFile":
    """The run, as its history and as its file."""
    if request.param == "live":
        yield run.history
        return
    run.close()
    with open_history(run.journal.path) as file:
        yield file
