"""Running a recorded lineage again: on any reducer, step by step, at its own pace, or to see whether it still fits."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from statestore.core.reducing import PATCHED, as_reduce, reduce_patched
from statestore.errors import ActionError, HistoryError
from statestore.history.compare import check_source, same_changes
from statestore.history.jsonpatch import to_pointer
from statestore.history.log import Commits
from statestore.history.rewrite import OWN, carries_changes
from statestore.journal.codec import LazyCommit
from statestore.ports import Source
from statestore.tree.diff import diff
from statestore.tree.equality import same
from statestore.tree.freezing import thaw
from statestore.tree.patches import apply_changes, revert_changes
from statestore.values import FAILED, Action, Change, Commit, Patch, patches_of

# So often is a reducer run again that came out differently: a thrown coin shows itself in 255 of 256 cases.
TRIES = 8

Step = Callable[[Commit, Any], object]
Run = Callable[[Any, "Commit | LazyCommit", "list[Change] | None"], Any]


def replay(
    source: Source,
    reducer: Any,
    *,
    start: Any = "root",
    stop: Any = "head",
    speed: float | None = None,
    on_step: Step | None = None,
    until: Any = None,
    debug: bool = False,
    upcast: Callable[[Action], Action] | None = None,
    wait: Callable[[float], object] = time.sleep,
) -> Any:
    """Runs the recorded actions on a reducer and gives the state that they lead to.

    An action that had failed is left out; what the history itself recorded (a squash, a resume) is applied as it was.
    Whatever the reducer raises comes through. Without `speed` it is faster than the dispatching was.

    Args:
        source: a history, or an opened file.
        reducer: a slice, what `combine` gives, or any function of (state, action).
        start: the ref whose recorded state is begun with; `root` is the one under `stop`.
        stop: the ref to end at; `start` lies on its lineage.
        speed: 1 keeps the recorded pauses between actions, 10 makes them a tenth; None makes none.
        on_step: called with each commit and the state after it.
        until: ends the replay after the first commit that is met: an action type, a creator, or a function of the
            commit and the state.
        debug: enters the debugger there.
        upcast: gives an action in its present form; see `Upcaster`.
        wait: how to pause, in seconds; for tests.

    Raises:
        HistoryError: a ref names nothing, or `start` is not on the lineage of `stop`.
    """
    state, commits = _between(source, start, stop)
    met, pause, run = _condition(until), _pacer(speed, wait), _runner(reducer, upcast)
    if on_step is None and met is None and pause is None and isinstance(commits, Commits):
        # Nobody sees the commits, so what they changed need not be decoded (see the benchmark `replay`).
        for record in commits.lazily():
            state = run(state, record, None)
        return state
    for commit in commits:
        if pause is not None:
            pause(commit)
        state = run(state, commit, None)
        if on_step is not None:
            on_step(commit, state)
        if met is not None and met(commit, state):
            if debug:
                breakpoint()
            break
    return state


@dataclass(frozen=True)
class Divergence:
    """The first commit that came out differently, with the patches that were recorded and those made now.

    `error` is what the reducer raised now, if it did; `impure` says that it gave two different results for the same
    state and action.
    """

    seq: int
    action: Action
    expected: tuple[Patch, ...]
    actual: tuple[Patch, ...]
    error: BaseException | None = None
    impure: bool = False

    def __str__(self) -> str:
        recorded, now = _spell(self.expected), _spell(self.actual)
        if recorded == now:
            now += " (which reads the same: a value is of another type)"
        return (
            f"commit {self.seq} {self.action.type} came out differently: {self._cause()}\n"
            f"  recorded: {recorded}\n"
            f"  now:      {now}"
        )

    def _cause(self) -> str:
        if self.impure:
            return (
                "the reducer is not a pure function; run twice on the same state and action it gave two results. "
                "Does it read the time, a random number or something outside? Put such values into the action"
            )
        if self.error is not None:
            return f"the reducer raised {type(self.error).__name__}: {self.error}"
        return (
            "this reducer is not the one that was recorded, or it reads something besides state and action, "
            "such as the time; put such values into the action"
        )


@dataclass(frozen=True)
class ReplayReport:
    """Whether a replay gave the recorded states: `checked` commits did, then came `divergence`. True when all did."""

    ok: bool
    checked: int
    divergence: Divergence | None = None

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if self.divergence is None:
            return f"all {self.checked} commits came out as they were recorded"
        return f"{self.checked} commits came out as they were recorded, then {self.divergence}"


def verify_replay(
    source: Source,
    reducer: Any,
    *,
    start: Any = "root",
    stop: Any = "head",
    upcast: Callable[[Action], Action] | None = None,
) -> ReplayReport:
    """Runs the recorded actions again and compares each outcome with what was recorded, up to the first difference.

    Different patches that lead to the same state are no difference. A reducer that depends on the time, on randomness
    or on anything else outside is found out this way, and the report says so.
    """
    state, commits = _between(source, start, stop)
    run, checked = _runner(reducer, upcast), 0
    for commit in commits:
        expected, divergence = _check(run, state, commit)
        if divergence is not None:
            return ReplayReport(False, checked, divergence)
        state, checked = expected, checked + 1
    return ReplayReport(True, checked)


def _check(run: Run, state: Any, commit: Commit) -> tuple[Any, Divergence | None]:
    changes: list[Change] = []
    error: BaseException | None = None
    try:
        actual = run(state, commit, changes)
    except Exception as raised:  # noqa: BLE001  whatever it raises is the finding
        actual, error, changes = state, raised, []
    if error is None and same_changes(tuple(changes), commit.changes):
        return actual, None
    expected = apply_changes(state, commit.changes)
    if error is None and same(expected, actual):
        return expected, None
    impure = error is None and _is_impure(run, state, commit, actual)
    found = Divergence(commit.seq, commit.action, commit.patches, patches_of(tuple(changes)), error, impure)
    return expected, found


def _is_impure(run: Run, state: Any, commit: Commit, first: Any) -> bool:
    try:
        return any(diff(first, run(state, commit, None)) for _ in range(TRIES))
    except Exception:  # noqa: BLE001  it did not raise the first time, which says it all
        return True


def _runner(reducer: Any, upcast: Callable[[Action], Action] | None) -> Run:
    """What gives the state after a commit from the one before it."""
    reduce = as_reduce(reducer)

    def run(state: Any, commit: Commit | LazyCommit, changes: list[Change] | None) -> Any:
        action, label = commit.action, commit.label
        if upcast is not None:
            action = upcast(action)
        if label is None and not action.type.startswith(OWN):
            return reduce(state, action, (), changes)  # most are that
        if label is not None and label.startswith(FAILED):
            return state
        if action.type == PATCHED:
            return reduce_patched(state, action, (), changes)
        if not carries_changes(action):
            return reduce(state, action, (), changes)
        if changes is not None:
            changes.extend(commit.changes)
        return apply_changes(state, commit.changes)

    return run


def _between(source: Source, start: Any, stop: Any) -> tuple[Any, Iterable[Commit]]:
    """The state to begin with, and the commits that lead from there to the end."""
    lineage = check_source(source, "replay").lineage(stop)
    # The root under `stop`, which after an eviction may be another one than the root under the head.
    state = revert_changes(source.state_at(lineage[0]), lineage[0].changes) if lineage else source.state_at(stop)
    if start in ("root", 0):
        return state, lineage
    root, state, known = state, source.state_at(start), source.lineage(start)
    on_the_way = (
        len(known) <= len(lineage) and lineage[len(known) - 1].seq == known[-1].seq if known else same(root, state)
    )
    if not on_the_way:
        raise HistoryError(f"{start!r} is not on the lineage of {stop!r}, so nothing leads from the one to the other")
    if isinstance(lineage, Commits):
        return state, lineage.after(known[-1].seq if known else 0)
    return state, islice(lineage, len(known), None)


def _spell(patches: tuple[Patch, ...]) -> str:
    shown = [f"{patch.op} {to_pointer(patch.path)} {thaw(patch.value)!r}" for patch in patches[:5]]
    return "; ".join(shown) + (f"; and {len(patches) - 5} more" if len(patches) > 5 else "") if shown else "nothing"


def _condition(until: Any) -> Any:
    kind = getattr(until, "type", until)
    if isinstance(kind, str):
        return lambda commit, state: commit.action.type == kind
    if until is not None and not callable(until):
        raise ActionError(f"until is an action type, a creator or a function of commit and state, not {until!r}")
    return until


def _pacer(speed: Any, wait: Callable[[float], object]) -> Callable[[Commit], None] | None:
    if speed is None:
        return None
    if not isinstance(speed, int | float) or not speed > 0:
        raise ActionError(f"speed is a positive number, 1 for the recorded pace, or None for no pauses, not {speed!r}")
    before: list[int] = []

    def pause(commit: Commit) -> None:
        if before and commit.started_ns > before[-1]:
            wait((commit.started_ns - before[-1]) / 1e9 / speed)
        before[:] = [commit.started_ns]

    return pause
