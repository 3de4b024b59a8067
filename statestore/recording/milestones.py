"""Milestones: the recorder of named moments, reached by call or by rule."""

import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple

from statestore.errors import ActionError, DispatchError
from statestore.ports import Clock, Dispatch, StoreLike
from statestore.recording.axis import Axis
from statestore.recording.frames import get_current, id_of
from statestore.values import Action, Commit, Milestone, Move

START = "start"
COMPLETION = "completion"


class Lap(NamedTuple):
    """The time from one milestone to another, in nanoseconds."""

    from_name: str
    to_name: str
    elapsed_ns: int


class _Rule:
    """When a milestone is reached by itself."""

    def __init__(self, name: str, when: Any, every: bool) -> None:
        self.name = name
        self.every = every
        # An action creator is known by its `match`; anything else callable is a predicate over the state.
        self._match: Callable[[Action], bool] | None = getattr(when, "match", None)
        self._predicate: Callable[[Any], object] = when
        self._held: bool | None = None

    def begin(self, state: Any) -> None:
        """Learns whether the predicate holds already: then it does not become true now."""
        if self._match is None and self._held is None:
            with suppress(Exception):  # it will raise again, where there is somebody to be told
                self._held = bool(self._predicate(state))

    def is_reached(self, value: Commit | Move, store: StoreLike) -> bool:
        """Whether this commit or move reaches it: the creator made its action, or the predicate has become true.

        The predicate is asked where the value is the one that has led to the state now: not for the first commits of a
        transaction, whose states nobody saw.
        """
        if self._match is not None:
            return isinstance(value, Commit) and bool(self._match(value.action))
        if isinstance(value, Commit) and value.seq != store.head:
            return False
        held, self._held = self._held, bool(self._predicate(store.state))
        return self._held and not held


class Milestones:
    """Records named moments: by `reach`, and by rule as commits are made.

    Args:
        rules: by name of the milestone, a predicate over the state or an action creator. A creator's is reached when
            one of its actions has been applied, a predicate's when it becomes true, by undo or redo too. What
            held when a run was resumed does not become so again; what holds from the start is reached at the first
            commit.
        every: whether a rule is reached each time, and not only the first.
        keep: how many are kept, the newest.
        clock: where times come from; the store's clock if None.

    Times are nanoseconds since the run began. A rule that raises is dropped with a warning; the run goes on.
    """

    def __init__(
        self,
        rules: Mapping[str, Any] | None = None,
        *,
        every: bool = False,
        keep: int = 100_000,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(keep, int) or keep < 1:
            raise ActionError(f"Milestones(keep=...) takes a number of milestones, 1 or more, not {keep!r}")
        self._kept: deque[Milestone] = deque(maxlen=keep)
        self._rules: list[_Rule] = []
        self._lock = Lock()
        self._store: StoreLike | None = None
        self._unobserve: Callable[[], None] | None = None
        self._axis = Axis(clock)
        self.completed_ns: int | None = None
        for name, when in (rules or {}).items():
            self.rule(name, when, every=every)

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Takes its place beside the chain of a store."""
        if self._store is not None:
            raise DispatchError(f"these Milestones record the store {self._store.name!r} already: make one for each")
        self._store = store
        self._axis.follow(store)
        self._watch()
        return next

    def rule(self, name: str, when: Any, *, every: bool = False) -> None:
        """Adds a rule: `when` is a predicate over the state or an action creator, as for `rules`."""
        if not isinstance(name, str) or not callable(when):
            raise ActionError(f"a rule is a name and a predicate or an action creator, not {name!r} and {when!r}")
        self._rules.append(_Rule(name, when, every))
        self._watch()

    def _watch(self) -> None:
        """Observes commits while there is a rule left to reach: without one, nothing is paid for."""
        if self._store is None:
            return
        if self._store.seq:  # of a run that is gone on with, or a rule that comes late
            for rule in self._rules:
                rule.begin(self._store.state)
        if self._rules and self._unobserve is None:
            self._unobserve = self._store.observe(self._check, Commit, Move)

    def _check(self, value: Commit | Move) -> None:
        assert self._store is not None
        for rule in tuple(self._rules):
            try:
                is_reached = rule.is_reached(value, self._store)
            except Exception as error:  # noqa: BLE001  # the user's predicate; the run must not fail for it
                warnings.warn(f"the rule of milestone {rule.name!r} raised and was dropped: {error!r}", stacklevel=2)
                self._rules.remove(rule)
                continue
            if is_reached:
                self._keep(rule.name, None, {}, value.seq if isinstance(value, Commit) else value.to_seq)
                if not rule.every:
                    self._rules.remove(rule)
        if not self._rules:
            self.close()

    def reach(self, name: str, /, data: Any = None, **metadata: Any) -> Milestone:
        """Records that this moment has come."""
        if not isinstance(name, str):
            raise ActionError(f"a milestone is named by a string, as in reach('parsed'), not by {name!r}")
        return self._keep(name, data, metadata, self._store.head if self._store is not None else 0)

    def _keep(self, name: str, data: Any, metadata: Mapping[str, Any], seq: int) -> Milestone:
        with self._lock:
            milestone = Milestone(name, self._axis.now_ns(), data, metadata, seq, id_of(get_current()))
            self._kept.append(milestone)
        if self._store is not None:
            self._store.publish(milestone)
        return milestone

    def complete(self) -> int:
        """Says that the work is done: `duration_ns` stands still. Gives it; only the first call counts."""
        if self.completed_ns is None:
            self.completed_ns = self._axis.now_ns()
        return self.completed_ns

    @property
    def duration_ns(self) -> int:
        """From the start of the run to its completion, or until now."""
        return self.completed_ns if self.completed_ns is not None else self._axis.now_ns()

    def timeline(self) -> list[Milestone]:
        """The milestones in the order in which they were reached."""
        with self._lock:
            return list(self._kept)

    def durations(self) -> list[Lap]:
        """The times between neighbours: from the start to the first, and so on, to the completion if it came."""
        return laps(self.timeline(), self.completed_ns)

    def between(self, first: str, second: str) -> int:
        """The nanoseconds from one milestone to another, or to and from `start` and `completion`.

        A name that was reached more than once counts as of its first time.

        Raises:
            LookupError: one was not reached; the message names those that were.
        """
        moments = {START: 0}
        for milestone in self.timeline():
            moments.setdefault(milestone.name, milestone.at_ns)
        if self.completed_ns is not None:
            moments.setdefault(COMPLETION, self.completed_ns)
        for name in (first, second):
            if name not in moments:
                raise LookupError(f"milestone {name!r} was not reached; reached were {', '.join(moments)}")
        return moments[second] - moments[first]

    def close(self) -> None:
        """Lets go of the store; what was recorded stays readable."""
        if self._unobserve is not None:
            self._unobserve()
            self._unobserve = None


def laps(milestones: Sequence[Milestone], completed_ns: int | None = None) -> list[Lap]:
    """The times between neighbours, of a live run or of a file's milestones."""
    moments = [(START, 0), *((milestone.name, milestone.at_ns) for milestone in milestones)]
    if completed_ns is not None:
        moments.append((COMPLETION, completed_ns))
    return [Lap(a, b, b_ns - a_ns) for (a, a_ns), (b, b_ns) in pairwise(moments)]
