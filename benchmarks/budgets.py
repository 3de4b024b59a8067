"""The budgets: each a ratio that is taken in one run, its limit, and where the limit comes from."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from os import urandom
from pathlib import Path
from statistics import fmean, median
from time import perf_counter_ns, sleep
from typing import Any

from benchmarks.measure import Candidate, calls_more, ratio, time_side_by_side, timed
from benchmarks.workload import KINDS, Backlog, as_map, changes, tasks
from statestore import History, Journal, Store, Timing, diff, open_history, produce, thaw
from statestore.history.replaying import replay
from statestore.journal.disk import FileDisk


@dataclass(frozen=True)
class Budget:
    """What is measured, in what unit, and how much of it is allowed."""

    name: str
    limit: float
    unit: str
    measure: Callable[[bool], float]
    at_least: bool = False

    def holds(self, measured: float) -> bool:
        """Whether the figure is within the budget."""
        return measured >= self.limit if self.at_least else measured <= self.limit


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="statestore-bench-")) / "run.history"


def _everything() -> list[Any]:
    return [Timing(), History(), Journal(_temporary())]


def _actions(quick: bool) -> int:
    return 2_000 if quick else 5_000


# Differences of a few calls drown in the changes of a machine's speed, so what they are between takes turns often.
SLICE = 250


def _rounds(quick: bool) -> int:
    return 40 if quick else 160


def _going_on(backlog: Backlog, reducer: Any, middleware: Callable[[], list[Any]] = list) -> Candidate:
    """A candidate that dispatches the next few actions to one store; making them is not counted."""
    store, work = Store(reducer, backlog.initial, middleware=middleware()), changes(1_000)

    def go_on() -> float:
        actions = [backlog.status_set(task, status) for task, status in islice(work, SLICE)]
        dispatch = store.dispatch
        started = perf_counter_ns()
        for action in actions:
            dispatch(action)
        return (perf_counter_ns() - started) / SLICE

    return go_on


def bare_dispatch(quick: bool) -> float:
    """How many empty calls a dispatch costs beyond the floor, with a reducer by hand."""
    backlog, state, work = Backlog(as_map, actions=0), as_map(tasks(1_000)), changes(1_000)

    # Not `Backlog.floor`, whose caller holds the state before: its parts cannot be freed on the way, which no dispatch
    # has to bear, and measured like that the floor comes out 30 calls slower.
    def floor() -> float:
        nonlocal state
        updates = list(islice(work, SLICE))
        started = perf_counter_ns()
        for task, status in updates:
            listed = state["tasks"]
            state = state.set("tasks", listed.set(task, listed[task].set("status", status)))
        return (perf_counter_ns() - started) / SLICE

    return calls_more(_going_on(backlog, backlog.reduce_by_hand), than=floor, rounds=_rounds(quick))


def creating(quick: bool) -> float:
    """How many empty calls it costs to make an action."""
    backlog = Backlog(as_map, actions=SLICE)

    def create() -> int:
        for task, status in backlog.work:
            backlog.status_set(task, status)
        return SLICE

    def loop() -> int:
        for _task, _status in backlog.work:
            pass
        return SLICE

    return calls_more(timed(create), than=timed(loop), rounds=_rounds(quick))


def everything(kind: str) -> Callable[[bool], float]:
    """Everything recorded with a draft reducer, over the floor."""

    def measure(quick: bool) -> float:
        backlog = Backlog(KINDS[kind], actions=_actions(quick))
        return ratio(backlog.dispatching(_everything), to=timed(backlog.floor))

    return measure


def growth(kind: str, count: int) -> Callable[[bool], float]:
    """A dispatch with a history of 100,000 commits over one of 1,000."""

    def measure(quick: bool) -> float:
        backlog = Backlog(KINDS[kind], count=count)

        def after(commits: int) -> Candidate:
            store, work = Store(backlog.slice, backlog.initial, middleware=[History()]), changes(count)
            backlog.dispatch(store, islice(work, commits))
            return lambda: backlog.dispatch(store, islice(work, 1_000))

        return ratio(after(20_000 if quick else 100_000), to=after(1_000), rounds=15)

    return measure


def bytes_in_memory(kind: str, count: int) -> Callable[[bool], float]:
    """Bytes that a commit takes in the history, by the traced allocations of the interpreter."""
    import tracemalloc

    def allocated(middleware: list[Any]) -> int:
        backlog = Backlog(KINDS[kind], count=count, actions=20_000)
        store = Store(backlog.slice, backlog.initial, middleware=middleware)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        backlog.dispatch(store, backlog.work)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return after - before

    # The state now takes its memory without a history too.
    return lambda quick: (allocated([History()]) - allocated([])) / 20_000


def bytes_on_disk(quick: bool) -> float:
    """Bytes that a commit takes in the file."""
    backlog, path = Backlog(as_map, actions=20_000), _temporary()
    backlog.dispatching(lambda: [Journal(path)])()
    return path.stat().st_size / len(backlog.work)


def recorder_calls(make: Callable[[], Any]) -> Callable[[bool], float]:
    """How many empty calls a recorder adds to a dispatch with a history."""

    def measure(quick: bool) -> float:
        backlog = Backlog(as_map, actions=0)
        return calls_more(
            _going_on(backlog, backlog.slice, lambda: [make(), History()]),
            than=_going_on(backlog, backlog.slice, lambda: [History()]),
            rounds=_rounds(quick),
        )

    return measure


def span_over_pair(quick: bool) -> float:
    """A recorded block over two readings of the clock and an append to a list."""
    timing, count = Timing(), 20_000

    def spans() -> int:
        for _ in range(count):
            with timing.span("block"):
                pass
        return count

    def pairs() -> int:
        kept: list[tuple[int, int]] = []
        for _ in range(count):
            started = perf_counter_ns()
            kept.append((started, perf_counter_ns()))
        return count

    return ratio(timed(spans), to=timed(pairs))


def _long_run(commits: int, kind: str = "immutables.Map") -> tuple[Backlog, History, Store]:
    backlog, history = Backlog(KINDS[kind], actions=commits), History()
    store = Store(backlog.slice, backlog.initial, middleware=[history])
    backlog.dispatch(store, backlog.work)
    assert all(commit.changes for commit in history.commits), "an action that changes nothing costs too little"
    return backlog, history, store


def undo_and_redo(kind: str) -> Callable[[bool], float]:
    """An undo or redo over a dispatch, both with a history."""

    def measure(quick: bool) -> float:
        backlog, history, _ = _long_run(2_000, kind)

        def back_and_forth() -> int:
            for _ in range(500):
                history.undo()
            for _ in range(500):
                history.redo()
            return 1_000

        return ratio(timed(back_and_forth), to=backlog.dispatching(lambda: [History()]))

    return measure


def _jumps(history: History, commits: int) -> list[float]:
    """What each of 300 jumps takes, in nanoseconds."""

    def jump(seq: int) -> int:
        started = perf_counter_ns()
        history.goto(seq)
        return perf_counter_ns() - started

    return [jump(1 + i * 7_919_317 % commits) for i in range(300)]


def goto_anywhere(kind: str) -> Callable[[bool], float]:
    """The slowest of many jumps in a long history, in dispatches."""

    def measure(quick: bool) -> float:
        commits = 20_000 if quick else 100_000
        backlog, history, _ = _long_run(commits, kind)
        backlog.work = backlog.work[:2_000]
        dispatching = backlog.dispatching(lambda: [History()])

        def jumps() -> list[float]:
            dispatch_ns = median([dispatching() for _ in range(3)])
            return [jump_ns / dispatch_ns for jump_ns in _jumps(history, commits)]

        # Each jump in the best of several passes: what comes between is the machine's doing.
        slowest: float = max([min(passes) for passes in zip(*[jumps() for _ in range(7)], strict=True)])
        return slowest

    return measure


def bisect_in_gotos(quick: bool) -> float:
    """A bisection of a long history over a jump in it."""
    commits = 20_000 if quick else 100_000
    _, history, _ = _long_run(commits)

    def bisected() -> int:
        history.bisect(lambda state: False)
        return 1

    return ratio(timed(bisected), to=lambda: fmean(_jumps(history, commits)))


def replay_over_dispatch(kind: str) -> Callable[[bool], float]:
    """Replaying a history over dispatching the same with no middleware."""

    def measure(quick: bool) -> float:
        backlog, history, _ = _long_run(5_000, kind)

        def replayed() -> float:
            started = perf_counter_ns()
            state = replay(history, backlog.slice)
            elapsed = perf_counter_ns() - started
            del state  # letting go of it is not counted, as it is not where a store is dispatched to
            return elapsed / 5_000

        return ratio(replayed, to=backlog.dispatching())

    return measure


def diff_over_deepdiff(through_history: bool) -> Callable[[bool], float]:
    """How many times as fast as DeepDiff two states are compared that are one action apart."""

    def measure(quick: bool) -> float:
        from deepdiff import DeepDiff

        _, history, _ = _long_run(100)
        old = KINDS["pyrsistent"](tasks(1_000))
        new = produce(old, lambda draft: draft["tasks"]["T5"].update(status="complete"))
        plain = thaw(old), thaw(new)

        def deep() -> int:
            DeepDiff(*plain)
            return 1

        def ours() -> int:
            for _ in range(20):
                found = history.diff("head~1", "head") if through_history else diff(old, new)
                assert len(found.patches) == 1
            return 20

        return ratio(timed(deep), to=timed(ours), rounds=5)

    return measure


@cache
def _written(commits: int) -> Path:
    """A closed file of so many commits."""
    path, backlog = _temporary(), Backlog(as_map, actions=commits)
    with Store(backlog.slice, backlog.initial, middleware=[Journal(path)]) as store:
        backlog.dispatch(store, backlog.work)
    return path


def opening(quick: bool) -> float:
    """Opening a long file, its last 20 commits and the state at its head, over the same of one of 1,000."""

    def reading(path: Path) -> Candidate:
        def read() -> int:
            with open_history(path) as source:
                assert len(source.commits[-20:]) == 20
                assert source.state_at("head") is not None
            return 1

        return timed(read)

    return ratio(reading(_written(100_000 if quick else 1_000_000)), to=reading(_written(1_000)))


def any_state(quick: bool) -> float:
    """Milliseconds that the slowest of 100 states takes, each in the best of three times that the file is opened."""
    commits = 100_000 if quick else 1_000_000
    path = _written(commits)

    def asked(seq: int) -> int:
        with open_history(path) as source:
            started = perf_counter_ns()
            assert source.state_at(seq) is not None
            return perf_counter_ns() - started

    return max(min(asked(1 + i * 7_919_317 % commits) for _ in range(3)) for i in range(100)) / 1e6


class _SlowDisk(FileDisk):
    """Takes 1 MB a second."""

    def write(self, data: bytes) -> None:
        sleep(len(data) / 1e6)
        super().write(data)


def memory_on_slow_disk(quick: bool) -> float:
    """Megabytes that a journal takes at most, while more is dispatched than a disk of 1 MB a second accepts."""
    import tracemalloc

    journal = Journal(_temporary(), open_disk=_SlowDisk)
    store = Store(lambda state, action: state + 1, 0, middleware=[journal, Timing(keep=1)])
    until = perf_counter_ns() + (10 if quick else 40) * 10**9
    dispatched = 0
    tracemalloc.start()
    while perf_counter_ns() < until:
        store.dispatch({"type": "noted", "payload": urandom(500).hex()})
        dispatched += 1_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dispatched > (10 if quick else 40) * 1e6, "the disk, and not this loop, is what is slow"
    store.close()
    return peak / 1e6


def importing(quick: bool) -> float:
    """Importing what a program that dispatches needs over importing what it is built on, each in its own process."""

    def run(code: str) -> Candidate:
        def start() -> int:
            subprocess.run([sys.executable, "-c", code], check=True)
            return 1

        return timed(start)

    candidates = {
        "bare": run("pass"),
        "base": run("import pyrsistent, msgpack"),
        "ours": run("from statestore import Slice, Store, combine, select, thunk"),
    }
    times = time_side_by_side(candidates, rounds=9)
    bare = times["bare"].median_ns
    return (times["ours"].median_ns - bare) / (times["base"].median_ns - bare)


BUDGETS = (
    Budget("bare dispatch beyond the floor", 20, "empty calls", bare_dispatch),
    Budget("making an action", 10, "empty calls", creating),
    Budget("everything recorded, pyrsistent", 2, "× floor", everything("pyrsistent")),
    Budget("everything recorded, immutables.Map", 8, "× floor", everything("immutables.Map")),
    *[
        Budget(f"100,000 commits against 1,000, {count:,} tasks, {kind}", 1.15, "×", growth(kind, count))
        for kind in KINDS
        for count in (10, 1_000, 10_000)
    ],
    *[
        Budget(f"memory a commit, {count:,} tasks, {kind}", 400, "bytes", bytes_in_memory(kind, count))
        for kind in KINDS
        for count in (1_000, 10_000)
    ],
    Budget("disk a commit", 40, "bytes", bytes_on_disk),
    *[Budget(f"undo and redo, {kind}", 1, "dispatches", undo_and_redo(kind)) for kind in KINDS],
    *[Budget(f"goto anywhere in 100,000 commits, {kind}", 100, "dispatches", goto_anywhere(kind)) for kind in KINDS],
    Budget("bisect over 100,000 commits", 20, "gotos", bisect_in_gotos),
    *[Budget(f"replay, {kind}", 1, "× bare dispatch", replay_over_dispatch(kind)) for kind in KINDS],
    Budget("opening 1,000,000 commits", 10, "× 1,000 commits", opening),
    Budget("any state of 1,000,000 commits", 50, "ms", any_state),
    Budget("memory of a journal, 1 MB/s", 64, "MB", memory_on_slow_disk),
    Budget("history.diff of neighbours", 1_000, "× DeepDiff", diff_over_deepdiff(True), at_least=True),
    Budget("diff of two values", 100, "× DeepDiff", diff_over_deepdiff(False), at_least=True),
    Budget("importing", 3, "× pyrsistent and msgpack", importing),
    Budget("a recorded span", 4, "× two clock readings", span_over_pair),
    Budget("Timing on a dispatch", 20, "empty calls", recorder_calls(Timing)),
    Budget("Journal on a dispatch", 30, "empty calls", recorder_calls(lambda: Journal(_temporary()))),
)
