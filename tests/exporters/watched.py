"""Runs to watch: one with something of everything on a fake clock, as a history and as a file."""

import asyncio
from functools import partial
from threading import Thread

import pytest

from statestore import Gauges, Memory, Run, Slice, open_history
from statestore.testing import FakeClock

board = Slice("board", initial={"tasks": {}})
WALL_NS = 1_700_000_000_123_456_789
MS = 1_000_000


@board.action
def task_set(draft, id: str, value=None) -> None:
    draft["tasks"][id] = value


@board.action
def task_broken(draft) -> None:
    raise KeyError("no such task\ud800")


def begin(path=None, *, clock=None, **options):
    """A run that takes readings only when it is asked to."""
    recorders = {"memory": Memory(None), "gauges": Gauges(None)}
    return Run(board, path, name="watched", clock=clock or FakeClock(wall_ns=WALL_NS), **recorders, **options)


def fill(run):
    """Ten commits in blocks, threads and tasks, a failure, milestones, an undo with another branch, readings."""
    clock = run.store.clock

    def work(name):
        clock.advance(MS)
        run.dispatch(task_set(name, {"size": 3, "tags": ["a", "b"]}))

    run.milestone("begun")
    with run.span("setup", worker="w0", share=0.5, big=2**70, parts=[1, 2]) as setup:
        work("T1")
        run.milestone("half way", {"done": 1}, by="test")
        work("T2")
    thread = Thread(target=partial(work, "T3"))
    thread.start()
    thread.join()
    with pytest.raises(KeyError):
        run.dispatch(task_broken())
    asyncio.run(_in_task(run, work))
    run.undo(2)
    work("other branch")
    with run.store.transaction("both"):
        work("T6")
        work("T7")
    clock.advance(7)
    run.memory.capture()
    run.gauges.capture()
    return setup.id


async def _in_task(run, work):
    async def fetch():
        with run.span("fetch"):
            work("T4")
            work("T5")

    await asyncio.create_task(fetch(), name="upload")


@pytest.fixture(name="run")
def make_run(tmp_path):
    """The run, which has not ended."""
    with begin(tmp_path / "run.history") as run:
        fill(run)
        yield run


@pytest.fixture(name="source", params=["live", "file"])
def make_source(request, run):
    """The run as its history, and as its file."""
    if request.param == "live":
        yield run.history
        return
    run.close()
    with open_history(run.journal.path) as file:
        yield file
