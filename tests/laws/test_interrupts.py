"""Ctrl-C may come at any moment: wherever it lands, the store goes on working and no commit is missing."""

import contextlib
import dis
import sys
from pathlib import Path

import pytest

import statestore
from statestore import Commit, Slice, Store, apply_patches

PACKAGE = str(Path(statestore.__file__).parent)
LOOKING = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD"}


class Interrupted:
    """Raises KeyboardInterrupt at the n-th moment inside the block at which the interpreter looks for signals.

    CPython does so when a function in Python begins, when one in C has returned, and when a loop turns round.
    Moments in statestore's own code count; what lies between a `with` and its block is Python's to keep safe.
    """

    def __init__(self, moment):
        self.left = moment
        self.at = {}  # for each running frame the instruction that it executed last, None once it called into Python
        self.where = None

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)

    def trace(self, frame, event, argument):
        caller = frame.f_back
        if event == "call" and caller in self.at:
            self.at[caller] = None
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        if event == "call":
            self.pass_moment(frame)
            self.at[frame] = None
        elif event == "opcode":
            if self.at.get(frame) in LOOKING:
                self.pass_moment(frame)
            self.at[frame] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        elif event == "return":
            self.at.pop(frame, None)
        return self.trace

    def pass_moment(self, frame):
        """Counts, and interrupts when it is time."""
        self.left -= 1
        if self.left == 0:
            self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            raise KeyboardInterrupt


class Bench:
    """A store with an observer that keeps each commit once, and a listener."""

    def __init__(self):
        self.slice = Slice("count", initial={"n": 0, "log": []})

        @self.slice.action
        def added(draft, by):
            draft["n"] += by
            draft["log"].append(by)

        self.added, self.calls, self.commits = added, [], {}
        self.store = Store(self.slice)
        self.root = self.store.state
        self.store.observe(self.keep, Commit)
        self.store.subscribe(lambda store: self.calls.append(store.state["n"]))

    def keep(self, commit):
        """A commit that an interrupt cut short may come twice, and then it is the same one."""
        assert self.commits.setdefault(commit.seq, commit) == commit

    def check(self, outcomes, place):
        """The next dispatch works, and the commits lead from the root to the state without a gap."""
        self.store.dispatch(self.added(100))
        assert self.store.state["n"] - 100 in outcomes, place  # what was cut short may be finished only now
        assert self.calls[-1:] == [self.store.state["n"]], place
        with self.store.transaction():
            self.store.dispatch(self.added(1_000))
        value, parent = self.root, 0
        for seq in sorted(self.commits):
            commit = self.commits[seq]
            assert (commit.parent, seq) == (parent, parent + 1), place
            value, parent = apply_patches(value, commit.patches), seq
        assert value == self.store.state, place
        assert sum(value["log"]) == value["n"], place


def dispatching(bench):
    bench.store.dispatch(bench.added(1))


def in_a_transaction(bench):
    with bench.store.transaction("two"):
        bench.store.dispatch(bench.added(1))
        bench.store.dispatch(bench.added(2))


def in_a_savepoint(bench):
    with bench.store.transaction("outer"):
        bench.store.dispatch(bench.added(1))
        with bench.store.transaction("inner"):
            bench.store.dispatch(bench.added(2))
        bench.store.dispatch(bench.added(3))


WORK = {
    "dispatch": (dispatching, {0, 1}),
    "transaction": (in_a_transaction, {0, 3}),
    "savepoint": (in_a_savepoint, {0, 6}),
}


@pytest.mark.parametrize("work", WORK)
def test_an_interrupt_at_any_moment_leaves_the_store_whole(work):
    """Applied as a whole or not at all, the lock free, listeners and observers in place, wherever Ctrl-C lands."""
    act, outcomes = WORK[work]
    moment = 0
    while True:
        moment += 1
        bench = Bench()
        with contextlib.suppress(KeyboardInterrupt), Interrupted(moment) as interrupted:
            act(bench)
        if interrupted.left > 0:
            break
        place = f"interrupted at {interrupted.where}"
        assert bench.store.state["n"] in outcomes, place
        bench.check(outcomes, place)
    assert moment > 20
