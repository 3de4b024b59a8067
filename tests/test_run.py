"""`Run`: a store with everything that records it."""

import json

import pytest

from statestore import DispatchError, Milestones, Run, Slice, open_history
from statestore.testing import FakeClock


@pytest.fixture
def backlog() -> Slice:
    made = Slice("backlog", initial={"tasks": {}, "done": 0})

    @made.action
    def task_added(draft, id: str, title: str) -> None:
        draft["tasks"][id] = {"title": title, "status": "planned"}

    made.task_added = task_added
    return made


def test_one_object_records_everything(backlog):
    """Spans, milestones, memory and history of a run without a file, each where its recorder has it."""
    clock = FakeClock()
    with Run(backlog, clock=clock) as run:
        with run.span("phase 1", worker="w0") as span:
            run.dispatch(backlog.task_added("T1", title="parse"))
            clock.advance(5_000_000)
            run.milestone("parsed", data=1)
        snapshot = run.snapshot("first")
        assert run.undo()
        assert run.state["tasks"] == {}
        assert run.redo()
        assert run.goto("root") is None
        assert run.journal is None
        run.flush()
    assert span.elapsed_ns == 5_000_000
    assert [s.name for s in run.timing.tree()] == ["phase 1"]
    assert [child.name for child in run.timing.tree()[0].children] == ["backlog/task_added"]
    assert "parsed" in [milestone.name for milestone in run.milestones.timeline()]
    assert run.history.snapshots == (snapshot,)
    assert len(run.memory.samples) >= 1
    with pytest.raises(DispatchError, match="closed"):
        run.dispatch(backlog.task_added("T2", title="late"))


def test_functions_can_be_dispatched(backlog):
    """A thunk needs no asking, and is a span around what it dispatches."""

    def add_two(store):
        for number in "12":
            store.dispatch(backlog.task_added(f"T{number}", title="x"))
        return "added"

    with Run(backlog) as run:
        assert run.dispatch(add_two) == "added"
    (thunk,) = run.timing.tree()
    assert thunk.kind == "thunk"
    assert [child.name for child in thunk.children] == ["backlog/task_added"] * 2


def test_recorders_of_your_own_making_are_used(backlog):
    """A rule given with its recorder is reached by the run's actions."""
    with Run(backlog, milestones=Milestones(rules={"begun": backlog.task_added})) as run:
        run.dispatch(backlog.task_added("T1", title="parse"))
    assert "begun" in [milestone.name for milestone in run.milestones.timeline()]


def test_the_file_has_what_the_run_had(backlog, tmp_path):
    """Commits, spans, milestones, samples and snapshots are in the file, and the state is the one at the end."""
    path = tmp_path / "run.history"
    with Run(backlog, path, journal={"durability": "each"}) as run:
        with run.span("phase 1"):
            run.dispatch(backlog.task_added("T1", title="parse"))
        run.milestone("parsed")
        run.snapshot("first")
        run.flush()
    with open_history(path) as file:
        assert (file.torn, file.closed) == (False, True)
        assert [commit.action.type for commit in file.commits] == ["backlog/task_added"]
        assert [span.name for span in file.spans] == ["backlog/task_added", "phase 1"]
        assert "parsed" in [milestone.name for milestone in file.milestones]
        assert [snapshot.name for snapshot in file.snapshots] == ["first"]
        assert len(file.samples) >= 1
        assert file.state_at("head") == run.state


def test_a_run_goes_on_where_its_file_ended(backlog, tmp_path):
    """The same path again: state and history are as they were, undo reaches into the past, and the file grows."""
    path = tmp_path / "run.history"
    with Run(backlog, path) as run:
        run.dispatch(backlog.task_added("T1", title="parse"))
        run.dispatch(backlog.task_added("T2", title="count"))
    with Run(backlog, path) as again:
        assert again.state == run.state
        assert len(again.history) == 2
        again.dispatch(backlog.task_added("T3", title="sum"))
        assert again.undo(2)
        assert again.state["tasks"].keys() == {"T1"}
    with open_history(path) as file:
        assert len(file.commits) == 3
        assert file.state_at("head")["tasks"].keys() == {"T1"}


def test_the_report_is_for_people_and_machines(backlog):
    """It prints as text that names spans and milestones, and as a dict it is plain data."""
    with Run(backlog) as run:
        with run.span("phase 1"):
            run.dispatch(backlog.task_added("T1", title="parse"))
        run.milestone("parsed")
        report = run.report()
    assert all(name in str(report) for name in ("phase 1", "backlog/task_added", "parsed"))
    plain = json.loads(json.dumps(report.as_dict()))
    assert plain["commits"] == 1
    assert plain["statistics"]["backlog/task_added"]["count"] == 1


def test_an_error_in_the_block_closes_the_run(backlog, tmp_path):
    """Whatever leaves the block leaves a finished file behind."""
    path = tmp_path / "run.history"

    def interrupted() -> None:
        with Run(backlog, path) as run:
            run.dispatch(backlog.task_added("T1", title="parse"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with open_history(path) as file:
        assert file.closed
        assert len(file.commits) == 1


def test_what_the_recorders_say_last_is_in_the_file(backlog, tmp_path):
    """The reading that is taken at the end, and a span that nobody ended: the journal is closed after them."""
    path = tmp_path / "run.history"
    with Run(backlog, path) as run:
        run.span("forgotten").begin()
        run.dispatch(backlog.task_added("T1", title="parse"))
    with open_history(path) as file:
        assert list(file.samples) == run.memory.samples
        assert list(file.gauges) == run.gauges.samples
        assert [(span.name, span.status) for span in file.spans][-1] == ("forgotten", "left_open")
        assert file.closed
