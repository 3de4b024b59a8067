"""What a person sees of a survey: progress while it runs, the report, and the way back to the first failure."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from statestore import Run, Span, Store
from survey.backlog import PRECEDING, settled
from survey.modules import COUNTED, SUMMARY

# How many rows a list shows: enough to see what stands out.
ROWS = 8


@contextmanager
def progress(store: Store) -> Iterator[None]:
    """Draws a bar while the block runs, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # here, since who writes into a pipe need not wait for it
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        survey = bar.add_task("surveying", total=len(store.state["tasks"]))

        def show(counts: Any, _: Any) -> None:
            bar.update(survey, completed=settled({"counts": counts}), description=f"{counts['failed']} failed")

        unsubscribe = store.subscribe(show, select=itemgetter("counts"))
        try:
            yield
        finally:
            unsubscribe()


def print_findings(tasks: Any) -> None:
    """Prints what the survey found, and why modules failed."""
    print("Surveyed " + ", ".join(f"{tasks[SUMMARY]['result'][what]:,} {what}" for what in COUNTED))
    failures = sorted((name, task["reason"]) for name, task in tasks.items() if task["status"] == "failed")
    for name, reason in failures[:ROWS]:
        print(f"  {name}: {reason}")
    if len(failures) > ROWS:
        print(f"  and {len(failures) - ROWS:,} more")


def print_slowest(spans: Iterable[Span]) -> None:
    """Prints the modules that took longest, and the packages whose own modules did so together; none if none ran."""
    modules, packages = Counter[str](), Counter[str]()
    for span in spans:
        if span.name == "module":
            name = span.metadata["task"]
            modules[name] += span.elapsed_ns
            packages[name[: name.rfind("/") + 1] or "(no package)"] += span.elapsed_ns
    for kind, elapsed in (("modules", modules), ("packages, by the time of their own modules", packages)):
        if elapsed:
            print(f"\nSlowest {kind}")
        for name, elapsed_ns in elapsed.most_common(ROWS):
            print(f"  {elapsed_ns / 1e6:8,.1f} ms  {name}")


def print_first_failure(run: Run) -> None:
    """Undoes everything back to just before the first failure, prints what that action changed, and redoes it all."""
    history = run.history
    failure = history.bisect(lambda state: state["counts"]["failed"] > 0)
    if failure is None:
        print("\nNo task failed: there is no failure to go back to")
        return
    steps = len(history.commits) - failure.seq + 1
    run.undo(steps)
    print(f"\nUndone {steps:,} steps, to just before the first failure: {_counts(run)}")
    print(f"What commit {failure.seq:,}, {failure.action.type}, changed")
    for line in str(history.diff(failure.parent, failure)).splitlines():
        print(f"  {line}")
    run.redo(steps)
    print(f"Redone: {_counts(run)}")


def _counts(run: Run) -> str:
    counts = run.store.state["counts"]
    return ", ".join(f"{counts[status]:,} {status}" for status in PRECEDING if counts[status])
