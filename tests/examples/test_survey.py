"""The work that the example does, without any process."""

import asyncio
import os

import pytest
from orchestrator import TaskOrchestrator
from survey import modules
from survey.agenda import Agenda
from survey.backlog import backlog, complete, failed, implementing, planned, settled

from statestore import Commit, Store, thaw

TASKS = {
    "broken.py": ("failed", "SyntaxError"),
    "outer/__init__.py": ("complete", None),
    "outer/inner/last.py": ("complete", None),
    "outer/inner/python2.py": ("failed", "SyntaxError"),
    "outer/inner/": ("complete", None),
    "outer/undeclared.py": ("complete", "UndecodableError"),
    "outer/unknown.py": ("complete", "UndecodableError"),
    "outer/": ("complete", None),
    "top.py": ("complete", None),
    "summary": ("complete", None),
}


def outcomes(state):
    """What became of each task: its status, and the type of what last went wrong with it."""
    reasons = {name: task["reason"] for name, task in state["tasks"].items()}
    return {name: (state["tasks"][name]["status"], reason and reason.split(":")[0]) for name, reason in reasons.items()}


def work(orchestrator, mode):
    """Plans and does everything, in the named way."""
    orchestrator.plan()
    if mode == "inline":
        orchestrator.work()
    elif mode == "threads":
        orchestrator.work_in_threads(3)
    else:
        asyncio.run(orchestrator.work_async(3))


@pytest.mark.parametrize("mode", ["inline", "threads", "async"])
def test_every_task_settles_as_its_file_deserves(folder, mode):
    """Each way of working settles every task: broken files fail, undecodable ones are read on the second attempt."""
    store = Store(backlog)

    work(TaskOrchestrator(store, folder), mode)

    assert outcomes(store.state) == TASKS
    assert thaw(store.state["counts"]) == {"planned": 0, "implementing": 0, "complete": 8, "failed": 2}
    assert store.state["tasks"]["outer/undeclared.py"]["attempts"] == 2
    assert store.state["tasks"]["broken.py"]["attempts"] == 1


def test_packages_add_up_what_is_in_them(folder):
    """A package has the counts of its modules and packages, and says how many of them failed."""
    store = Store(backlog)
    work(TaskOrchestrator(store, folder), "inline")
    tasks = thaw(store.state["tasks"])

    inner = {"modules": 2, "lines": 1, "functions": 1, "classes": 0, "imports": 0, "failed": 1}
    outer = {"modules": 5, "lines": 5, "functions": 1, "classes": 1, "imports": 1, "failed": 1}
    top = {"modules": 1, "lines": 7, "functions": 2, "classes": 1, "imports": 2, "failed": 0}
    assert tasks["outer/inner/"]["result"] == inner
    assert tasks["outer/"]["result"] == outer
    assert tasks["top.py"]["result"] == top
    assert tasks["summary"]["result"] == {what: outer[what] + top[what] for what in top} | {"modules": 7, "failed": 2}


@pytest.mark.parametrize("steps", range(35))
def test_it_goes_on_from_any_state(folder, steps):
    """Stopped after any number of actions, another orchestrator on the same state comes to the same end."""
    commits = []
    whole, cut_short = Store(backlog), Store(backlog)
    whole.observe(commits.append, Commit)
    work(TaskOrchestrator(whole, folder), "inline")
    assert len(commits) == 10 + 2 * (10 + 2)  # planned, then begun and settled, or retried for the undecodable two

    for commit in commits[:steps]:
        cut_short.dispatch(commit.action)
    work(TaskOrchestrator(cut_short, folder), "inline")

    assert outcomes(cut_short.state).keys() == TASKS.keys()
    assert cut_short.state["tasks"]["summary"]["result"] == whole.state["tasks"]["summary"]["result"]


def test_an_error_that_nobody_thought_of_fails_one_task_only(folder):
    """Whatever performing one task raises, that task fails with it and the others are done."""

    class Clumsy(TaskOrchestrator):
        def perform(self, name):
            if name == "top.py":
                raise ZeroDivisionError("dropped")
            return super().perform(name)

    store = Store(backlog)
    work(Clumsy(store, folder), "threads")

    assert store.state["tasks"]["top.py"]["reason"] == "ZeroDivisionError: dropped"
    assert outcomes(store.state) == TASKS | {"top.py": ("failed", "ZeroDivisionError")}


def test_tasks_move_by_the_rules_only():
    """A task cannot be settled before it was begun, nor be planned twice; the state is as before then."""
    store = Store(backlog)
    store.dispatch(planned("a.py", "module"))
    before = store.state

    for action in (complete("a.py", {}), failed("a.py", "why"), planned("a.py", "module")):
        with pytest.raises(ValueError, match=r"a\.py"):
            store.dispatch(action)

    assert store.state is before
    store.dispatch(implementing("a.py"))
    store.dispatch(failed("a.py", "why"))
    assert settled(store.state) == 1


def test_every_task_stands_behind_what_it_needs(folder):
    """The plan lists a task only after all that it needs, and the summary last."""
    seen = set()
    for task in modules.plan(folder):
        assert seen.issuperset(task.needs)
        seen.add(task.name)

    assert seen == TASKS.keys()
    assert task.name == modules.SUMMARY


def test_a_package_is_free_as_soon_as_its_modules_are_through():
    """What came free last is handed out first, so that packages are finished along the way."""
    agenda = Agenda({"p/": ["p/a", "p/b"], "p/a": [], "p/b": [], "z": [], "summary": ["p/", "z"]})
    order = []
    while agenda:
        order += agenda.take()
        agenda.settle(order[-1:])

    assert order == ["p/a", "p/b", "p/", "z", "summary"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with named pipes")
def test_oddities_of_a_file_system_are_no_modules(tmp_path):
    """Pipes, links that lead in circles or nowhere, hidden folders and folders called `x.py` are no modules."""
    (tmp_path / "real.py").write_text("x = 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "nowhere.py").symlink_to("missing.py")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "module.py").touch()

    assert [task.name for task in modules.plan(tmp_path)] == ["real.py", "summary"]


def test_a_file_name_that_is_no_text_fails_as_a_task(tmp_path):
    """A file whose name is not UTF-8 fails with a readable name, and the others are done."""
    try:
        (tmp_path / os.fsdecode(b"bad\xff.py")).touch()
    except OSError:
        pytest.skip("this file system has no such names")
    store = Store(backlog)

    work(TaskOrchestrator(store, tmp_path), "inline")

    assert outcomes(store.state) == {
        "bad\\udcff.py": ("failed", "FileNotFoundError"),
        "summary": ("complete", None),
    }


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        (b"", (0, 0, 0, 0)),
        (b"\xef\xbb\xbfimport a, b\r\nfrom c import *", (1, 0, 0, 2)),
        (b"# -*- coding: latin-1 -*-\nclass \xc4:\n  def f(self): lambda: 0\n", (3, 1, 1, 0)),
    ],
)
def test_modules_are_read_as_python_reads_them(tmp_path, source, counted):
    """Byte order marks, coding lines and line ends of all kinds are understood; lines, functions, classes, imports."""
    path = tmp_path / "module.py"
    path.write_bytes(source)

    result = modules.count(path)

    assert tuple(result[what] for what in ("lines", "functions", "classes", "imports")) == counted


@pytest.mark.parametrize(
    "source", [b"# coding: hex\n", b"# coding: uft-8\n", b"\n\n\n'\xff'", b"\xef\xbb\xbf# coding: latin-1\n"]
)
def test_undecodable_files_say_so(tmp_path, source):
    """An encoding that is unknown, is for no text, contradicts the mark or does not fit is one and the same error."""
    path = tmp_path / "module.py"
    path.write_bytes(source)

    with pytest.raises(modules.UndecodableError):
        modules.count(path)
