"""One contestant, measured in this process: `python -m benchmarks.runner NAME WORKLOAD COUNT ACTIONS SECONDS`.

Prints one JSON object: nanoseconds and bytes, each number of an action or of one operation, None for what the
contestant does not do. Every state that is measured is compared with plain data to which the same was done.
"""

import asyncio
import copy
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from benchmarks.contestants import CONTESTANTS
from benchmarks.contestants.contestant import Contestant
from benchmarks.steps import WORKLOADS, Step, change

# The clock is looked at after so many steps: often enough for those that take 20 ms each.
CHUNK = 10
WORKERS = 100
# Undo is measured as the median of so many.
UNDOS = 15


class WrongStateError(AssertionError):
    """A contestant came to another state than the same steps on plain data do."""


def measure(name: str, workload: str, count: int, actions: int, seconds: float) -> dict[str, Any]:
    """Runs up to so many actions in up to so many seconds, then everything else that the contestant can do."""
    kind = CONTESTANTS[name]
    try:
        versions = {needed: version(needed) for needed in kind.needs}
    except PackageNotFoundError as missing:
        return {"skipped": f"{missing.name} is not installed"}
    if workload not in kind.workloads:
        return {"skipped": "not its kind of work"}
    with tempfile.TemporaryDirectory(prefix="statestore-bench-") as folder:
        contestant = kind(Path(folder))
        initial = WORKLOADS[workload].initial(count)
        steps = WORKLOADS[workload].steps(count, actions)
        model = Model(initial, steps)
        contestant.begin(copy.deepcopy(initial))
        run = _from_tasks if workload == "tasks" else _one_by_one
        before = resident_bytes()
        done, elapsed_ns = run(contestant, steps, seconds)
        kept = (resident_bytes() - before) / done
        model.check(contestant.state(), done)
        figures = {"actions": done, "action_ns": elapsed_ns / done, "kept_bytes": kept, "versions": versions}
        return figures | _afterwards(contestant, model, done)


class Model:
    """The same steps on plain data."""

    def __init__(self, initial: dict[str, Any], steps: list[Step]) -> None:
        self._initial, self._steps = initial, steps

    def check(self, state: Any, done: int, skipped: int | None = None) -> None:
        """Raises WrongStateError where that is not the state after so many steps, one of them left out."""
        expected = copy.deepcopy(self._initial)
        # Without the step that adds a task, the one that drops it fails and changes nothing.
        failing = () if skipped is None else (KeyError,)
        for index, step in enumerate(self._steps[:done]):
            if index != skipped:
                with suppress(*failing):
                    change(expected, step)
        if state != expected:
            raise WrongStateError(f"another state after {done} steps")


def _one_by_one(contestant: Contestant, steps: Iterable[Step], seconds: float) -> tuple[int, int]:
    act, left = contestant.act, iter(steps)
    done, limit_ns, began = 0, int(seconds * 1e9), perf_counter_ns()
    while chunk := list(islice(left, CHUNK)):
        for step in chunk:
            act(step)
        done += len(chunk)
        if perf_counter_ns() - began > limit_ns:
            break
    return done, perf_counter_ns() - began


def _from_tasks(contestant: Contestant, steps: Iterable[Step], seconds: float) -> tuple[int, int]:
    act, left, limit_ns, done = contestant.act, iter(steps), int(seconds * 1e9), 0
    began = perf_counter_ns()

    async def work(left: Iterator[Step]) -> None:
        nonlocal done
        for step in left:
            act(step)
            done += 1
            if perf_counter_ns() - began > limit_ns:
                return
            await asyncio.sleep(0)

    async def workers() -> None:
        await asyncio.gather(*[work(left) for _ in range(WORKERS)])

    asyncio.run(workers())
    return done, perf_counter_ns() - began


def _afterwards(contestant: Contestant, model: Model, done: int) -> dict[str, Any]:
    undone = min(UNDOS, done - 1)
    figures: dict[str, Any] = {}
    times = [_time(contestant.undo) for _ in range(undone)]
    if None not in times:
        model.check(contestant.state(), done - undone)
        figures["undo_ns"] = median([elapsed for elapsed in times if elapsed is not None])
    done -= undone if "undo_ns" in figures else 0
    middle = done // 2
    figures["skip_ns"] = _time(lambda: contestant.skip(middle))
    if figures["skip_ns"] is not None:
        model.check(contestant.state(), done, middle)
    figures["jump_ns"] = _time(lambda: contestant.jump(middle))
    if figures["jump_ns"] is not None:
        model.check(contestant.state(), middle)
    contestant.finish()
    if contestant.stored is not None:
        figures["stored_bytes"] = _size(contestant.stored)
        opened: list[Any] = []
        figures["open_ns"] = _time(lambda: opened.append(contestant.reopen(middle)))
        for state in opened:
            model.check(state, middle)
    return figures


def _time(work: Callable[[], object]) -> int | None:
    began = perf_counter_ns()
    try:
        work()
    except NotImplementedError:
        return None
    return perf_counter_ns() - began


def _size(stored: Path) -> int:
    """With what stands beside it, as SQLite's write-ahead log does."""
    return sum(file.stat().st_size for file in stored.parent.glob(f"{stored.name}*"))


def resident_bytes() -> int:
    """The resident size of this process, after a collection."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if __name__ == "__main__":
    name, workload, count, actions, seconds = sys.argv[1:]
    print(json.dumps(measure(name, workload, int(count), int(actions), float(seconds))), flush=True)
    os._exit(0)  # python-redux leaves a thread that never ends
