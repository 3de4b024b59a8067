"""Find the action that broke an invariant in a recorded run, and see what would have been without it.

    python examples/orchestrator.py && python examples/debug_a_run.py orchestrator.history

The invariant is that no task has failed. Nobody has to run the job again: its file is enough to ask which action broke
that first, what it changed and who touched the place before, and the reducer is enough to run the rest without it.
"""

import sys
from collections.abc import Mapping
from typing import Any

from survey.backlog import PRECEDING, backlog

from statestore import History, StateStoreError, Store, open_history


def is_broken(state: Mapping[str, Any]) -> bool:
    """Whether the invariant is broken: a task has failed."""
    return bool(state["counts"]["failed"] > 0)


def debug(path: str) -> None:
    """Bisects, blames and rewrites the run in the file."""
    with open_history(path) as run:
        culprit = run.bisect(is_broken)
        if culprit is None:
            print(f"No task has failed in any of the {len(run.commits):,} commits of {path}.")
            return
        print(f"Commit {culprit.seq:,} of {len(run.commits):,} was the first after which a task had failed:")
        print(f"  {culprit.action.type} {culprit.action.payload}")
        print(run.diff(culprit.parent, culprit))

        status = ("tasks", culprit.action.payload["name"], "status")
        print(f"\nWho touched {' / '.join(status)}, and who has the blame for what it is now:")
        for commit in run.where(status):
            print(f"  {commit.seq:>6,}  {commit.action.type}")
        blamed = run.blame(status)
        assert blamed is not None
        print(f"  blame: commit {blamed.seq:,}, {blamed.action.type}")

        # Where the run went back and on again, other branches lie between: a place on the lineage is no seq.
        lineage, history = list(run.lineage()), History()
        with Store(backlog, run.state_at("root"), middleware=[history]) as store:
            history.load([commit.action for commit in lineage])
            print(f"\nAt the end of the run:      {count(store.state)}")
            history.rewrite(skip=[1 + lineage.index(culprit)])
            print(f"Without commit {culprit.seq:,}:      {count(store.state)}")
            print(f"  {status[1]}: {store.state['tasks'][status[1]]['status']}")


def count(state: Mapping[str, Any]) -> str:
    """How many tasks are where, in words."""
    counts = state["counts"]
    return ", ".join([f"{counts[status]:,} {status}" for status in PRECEDING if counts[status]])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/debug_a_run.py FILE.history")
    try:
        debug(sys.argv[1])
    except (StateStoreError, OSError) as error:
        sys.exit(f"debug_a_run: {error}")
