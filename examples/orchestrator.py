"""A task orchestrator on real input: it surveys the Python standard library, or any folder of Python files.

    python examples/orchestrator.py [FOLDER] [--workers N] [--async] [--history FILE] [--resume]

`TaskOrchestrator` is ordinary workflow code: it dispatches what happens to a store and records nothing.
`RecordedOrchestrator` and `record` show what it takes to have the whole run on record.
"""

import asyncio
import os
import sys
import warnings
from argparse import Namespace
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from pathlib import Path
from typing import Any

from survey import modules, terminal
from survey.agenda import Agenda
from survey.backlog import SETTLED, backlog, complete, failed, implementing, initial_state, planned, retried, settled
from survey.commandline import INTERRUPTED, parse, set_aside, undisturbed_exit

from statestore import Action, Milestones, Run, StateStoreError, Store, thaw

# How many asyncio tasks work at a time unless --workers says so: one reads while one parses. Parsing needs the lock of
# the interpreter, so more would only stand in each other's way.
DEFAULT_WORKERS = 2


class TaskOrchestrator:
    """Works through the backlog of a folder by dispatching what happens; all it knows is in the store's state.

    It goes on from whatever state it finds: settled tasks stay as they are, interrupted ones are begun again.
    """

    def __init__(self, store: Store, root: Path) -> None:
        self.store = store
        self.root = root

    @property
    def tasks(self) -> Any:
        """The tasks by name, as they are now."""
        return self.store.state["tasks"]

    def plan(self) -> None:
        """Puts the tasks of the folder on the backlog, all or none."""
        with self.store.transaction("plan"):
            for task in modules.plan(self.root):
                if task.name not in self.tasks:
                    self.store.dispatch(planned(*task))

    def agenda(self) -> Agenda:
        """What is left to do, in an order that is the same in every run."""
        left = {name: task for name, task in sorted(self.tasks.items()) if task["status"] not in SETTLED}
        for name, task in left.items():
            if task["status"] == "implementing":
                self.store.dispatch(retried(name, "interrupted", task["encoding"]))
        return Agenda({name: [need for need in task["needs"] if need in left] for name, task in left.items()})

    def work(self) -> None:
        """Does one task after the other."""
        agenda = self.agenda()
        while agenda:
            agenda.settle([self.process(name) for name in agenda.take()])

    def work_in_threads(self, workers: int) -> None:
        """Does up to that many tasks at a time, in threads that know the context they were sent from."""
        agenda, running = self.agenda(), set[Future[str]]()
        with ThreadPoolExecutor(workers) as pool:
            while agenda or running:
                for name in agenda.take(workers - len(running)):
                    running.add(pool.submit(copy_context().run, self.process, name))
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                agenda.settle([future.result() for future in finished])

    async def work_async(self, workers: int) -> None:
        """Does up to that many tasks at a time as asyncio tasks, which leave reading and parsing to threads."""
        agenda, running = self.agenda(), set[asyncio.Task[str]]()
        while agenda or running:
            for name in agenda.take(workers - len(running)):
                running.add(asyncio.create_task(asyncio.to_thread(self.process, name)))
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            agenda.settle([task.result() for task in finished])

    def process(self, name: str) -> str:
        """Takes one task to its end, be it good or bad, and gives its name back."""
        while self.tasks[name]["status"] == "planned":
            self.attempt(name)
        return name

    def attempt(self, name: str) -> None:
        """Tries once; afterwards the task is complete, failed, or planned again."""
        self.store.dispatch(implementing(name))
        try:
            result = self.perform(name)
        except Exception as error:  # noqa: BLE001  # whatever one task dies of, the others go on
            self.store.dispatch(self.verdict(name, error))
        else:
            self.store.dispatch(complete(name, result))

    def perform(self, name: str) -> dict[str, int]:
        """Does what a task is about: a module is read and counted, the rest adds up what it needed."""
        tasks = self.tasks
        if tasks[name]["kind"] == "module":
            return modules.count(self.root / name, tasks[name]["encoding"])
        return modules.total(tasks[need] for need in tasks[name]["needs"])

    def verdict(self, name: str, error: Exception) -> Action:
        """An undecodable file is tried once more, in another encoding; any other error would only come again."""
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, modules.UndecodableError) and self.tasks[name]["encoding"] is None:
            return retried(name, reason, modules.FALLBACK_ENCODING)
        return failed(name, reason)


class RecordedOrchestrator(TaskOrchestrator):
    """The same orchestrator, with a span for every task and a mark in the history after every package."""

    def __init__(self, run: Run, root: Path) -> None:
        super().__init__(run.store, root)
        self.run = run

    def process(self, name: str) -> str:
        """Takes one task to its end, within a span."""
        kind = self.tasks[name]["kind"]
        with self.run.span(kind, task=name):
            super().process(name)
        if kind == "package":
            self.run.milestone(f"{name} complete", thaw(self.tasks[name]["result"]), package=name)
            self.run.snapshot(name)
            self.run.memory.capture()
        return name


# Milestones that an action or the state tells of. A predicate is asked after every action, so it is a few look-ups.
RULES = {
    "first failure": failed,
    "half done": lambda state: 0 < len(state["tasks"]) <= 2 * settled(state),
    "all done": lambda state: 0 < len(state["tasks"]) == settled(state),
}


def record(options: Namespace) -> None:
    """Surveys a folder with everything on record, reports, and goes back to the first failure."""
    initial, milestones = initial_state(options.state), Milestones(RULES)
    with Run(backlog, options.history, initial=initial, milestones=milestones) as run, undisturbed_exit():
        # A record that was interrupted while its run looked back, at the first failure, ends further on than its head.
        run.goto(run.store.seq)
        orchestrator = RecordedOrchestrator(run, options.folder)
        with run.span("plan"):
            orchestrator.plan()
        run.milestone("planned", len(orchestrator.tasks))
        with run.span("work"), terminal.progress(run.store):
            work(orchestrator, options)
        terminal.print_findings(orchestrator.tasks)
        terminal.print_slowest(run.timing.spans)
        print()
        run.report().print()
        terminal.print_first_failure(run)


def work(orchestrator: TaskOrchestrator, options: Namespace) -> None:
    """Does what is planned, in the way that the command line asks for."""
    if options.asynchronous:
        asyncio.run(orchestrator.work_async(options.workers or DEFAULT_WORKERS))
    elif options.workers:
        orchestrator.work_in_threads(options.workers)
    else:
        orchestrator.work()


def main() -> int:
    """Runs the survey and gives the exit status: 1 if the record cannot be kept, 130 after Ctrl-C, otherwise 0."""
    options = parse()
    for category in (SyntaxWarning, DeprecationWarning):  # what the surveyed files are warned of is not ours to repeat
        warnings.filterwarnings("ignore", category=category)
    try:
        if not options.resume:
            set_aside(options.history)
        record(options)
        print(f"\nThe record is in {options.history}: statestore log {options.history}", flush=True)
    except KeyboardInterrupt:
        print(f"interrupted; {options.history} has what was done, and --resume goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the report has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (StateStoreError, OSError) as error:
        print(f"orchestrator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
