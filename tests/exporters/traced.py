"""Runs to export: spans as they are given, and one with something of everything."""

import asyncio
import math
from os import getpid
from threading import get_ident

from hypothesis import strategies as st

from statestore import Alerts, History, Memory, Run, Slice, Span, Store, Timing
from statestore.recording.alerts import Above
from statestore.recording.frames import new_id
from statestore.testing import FakeClock

board = Slice("board", initial={"tasks": {}})


@board.action
def task_set(draft, id: str, value=None) -> None:
    draft["tasks"][id] = value


def history_of(*spans, limit=None):
    """A live history whose Timing has recorded those spans."""
    timing, history = Timing(), History(limit=limit)
    Store(board, middleware=[timing, history], name="drawn", clock=FakeClock())
    for span in spans:
        timing.add(span)
    return history


def span(id, started_ns, ended_ns, parent_id=None, name="s", **fields):
    """A span of a block in thread 7 of process 5."""
    return Span(id, parent_id, name, "block", started_ns, ended_ns, **{"process_id": 5, "thread_id": 7, **fields})


def spans(max_time=30, max_size=25):
    """Any spans: overlapping, touching, empty, in a few lanes, with parents among them or not.

    Ids are used twice, as in a run that was resumed, but not for spans that start at the same moment.
    """
    times = st.integers(-3, max_time)
    ids = st.integers(1, 12)

    def draw(number, parent_id, name, start, length, lane):
        process, thread, task = lane
        times = (start, start + length)
        return Span(number, parent_id, name, "block", *times, process_id=process, thread_id=thread, task=task)

    lanes = st.tuples(st.sampled_from([5, 6]), st.sampled_from([7, 8]), st.sampled_from([None, "Task-1", "upload"]))
    names = st.sampled_from(["a", "b", "c;d", "é"])
    one = st.builds(draw, ids, st.none() | ids, names, times, st.integers(0, max_time), lanes)
    return st.lists(one, max_size=max_size, unique_by=lambda span: (span.id, span.started_ns))


class Unspeakable:
    """Something that raises when it is to be shown."""

    def __str__(self):
        raise RuntimeError("no words")


def record_everything(path):
    """A run with nested, failed, overlapping and asynchronous spans, and all that is recorded beside spans."""
    timing = Timing()
    alerts = Alerts([Above(Span, "elapsed_ns", 0, name="doomed")])
    run = Run(board, path, timing=timing, memory=Memory(None), middleware=[alerts], name="everything")
    with run:
        with run.span("setup", size=3, ratio=math.nan):
            run.dispatch(task_set("T1", "x" * 10_000))
            run.dispatch(task_set("T2", {"quote": '"\n', "half": "\ud800", "big": 2**70, "list": [1, None, 2.5]}))
        try:
            with run.span("doomed", thing=Unspeakable()):
                raise KeyError("gone")
        except KeyError:
            pass
        run.milestone("half way", {"share": math.inf}, by="test")
        run.snapshot("before", reason="test")
        asyncio.run(_in_tasks(run))
        now = run.store.now_ns()
        # Two generators that take turns: neither lies in the other.
        for start_ns in (now, now + 500):
            timing.add(
                Span(
                    new_id(),
                    None,
                    "turn",
                    "function",
                    start_ns,
                    start_ns + 1_000,
                    "ok",
                    {},
                    None,
                    getpid(),
                    get_ident(),
                )
            )
        run.undo()
        run.memory.capture()
        run.gauges.capture()
    return run


async def _in_tasks(run):
    async def work(name):
        with run.span("fetch", of=name):
            await asyncio.sleep(0.001)
            run.dispatch(task_set(name, 1))

    await asyncio.gather(
        asyncio.create_task(work("A"), name="upload"), asyncio.create_task(work("B")), asyncio.create_task(work("C"))
    )
