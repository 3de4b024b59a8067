"""The past of a live store, as it is recorded: on the dispatch path, so what can wait is done when somebody asks."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from statestore.errors import ActionError, DispatchError
from statestore.history.branches import Branches
from statestore.history.log import CommitLog
from statestore.history.past import Past
from statestore.history.states import States, Unread
from statestore.history.steps import MOVES_LOOKED_AT, Undone
from statestore.journal.recorder import Journal
from statestore.journal.session import describe_process
from statestore.ports import Dispatch, StoreLike, Unsubscribe
from statestore.recording.alerts import Alerts
from statestore.recording.gauges import Gauges
from statestore.recording.memory import Memory
from statestore.recording.milestones import Milestones
from statestore.recording.timing import Timing
from statestore.values import Alert, Commit, GaugeSample, Header, MemorySample, Milestone, Move, Session, Snapshot, Span

R = TypeVar("R")

# Evicting rebuilds a state for the new root, so it is done for many at a time; they are out of sight before.
EVICTED_AT_ONCE = 64


@dataclass(frozen=True)
class Earlier:
    """The past of a run that is gone on with, as its file tells it."""

    branches: Branches
    frames: Sequence[int]
    moves: Sequence[Move]
    snapshots: Sequence[Snapshot]
    snapshots_made: int
    commit_at: Callable[[int], Commit]
    state_of: Callable[[int], Any]
    close: Callable[[], None]


class LivePast(Past):
    """The recorder: a record for each commit, a state for some of them, and the moves."""

    def __init__(self, limit: int | None, max_snapshots: int | None) -> None:
        self.limit = limit
        self.max_snapshots = max_snapshots
        self._store: StoreLike | None = None
        self._subscriptions: list[Unsubscribe] = []
        self._moves: list[Move] = []
        self._snapshots: list[Snapshot] = []
        self._snapshots_made = 0
        self._undone: Undone | None = None
        self._paused: tuple[int, Any] | None = None
        self._earlier: Earlier | None = None
        self._begin(0, 0, None)

    def _begin(self, root: int, newest: int, state: Any) -> None:
        """Remembers nothing but the state at a root."""
        self._branches = Branches(root, newest)
        self._log = CommitLog(newest)
        self._states = States(self._branches, self._log.changes, {root: state})
        self._weight = 0  # bytes of records since the last kept state on the lineage of the newest commit
        self._bytes = 0

    def go_on(self, earlier: Earlier) -> None:
        """Remembers the past of a run that was resumed: its commits and states stay in the file until asked for."""
        root = earlier.branches.root
        self._earlier, self._branches = earlier, earlier.branches
        self._log = CommitLog(earlier.branches.newest, earlier.commit_at)
        self._states = States(self._branches, self._log.changes, {root: Unread(root, earlier.state_of)})
        self._states.know_frames({seq: Unread(seq, earlier.state_of) for seq in earlier.frames if seq != root})
        self._moves = list(earlier.moves)
        self._snapshots_made = earlier.snapshots_made
        for snapshot in earlier.snapshots:
            self._add_snapshot(snapshot, Unread(snapshot.seq, earlier.state_of))
        if self.limit is not None and len(self) > self.limit:
            self._evict(self._branches.newest - self.limit + 1, self.limit)

    def _add_snapshot(self, snapshot: Snapshot, state: Any) -> None:
        self._snapshots_made = max(self._snapshots_made, snapshot.id)
        self._states.pin(snapshot.seq, state)
        self._snapshots = [*self._snapshots, snapshot]
        if self.max_snapshots is not None and len(self._snapshots) > self.max_snapshots:
            oldest, *self._snapshots = self._snapshots
            self._states.unpin(oldest.seq)

    # Recording

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Installs the history; it observes the store's commits and adds nothing to the dispatch path."""
        if self._store is not None:
            raise ActionError("this history is installed already; make a History for each store")
        self._store = store
        self._begin(store.head, store.seq, store.state)
        self._subscriptions = [store.observe(self._take, Commit), store.observe(self._take_move, Move)]
        return next

    def _take(self, commit: Commit) -> None:
        # On the dispatch path. When Ctrl-C cuts it short it is called again with the same commit, so all of it may be
        # done twice.
        branches, seq = self._branches, commit.seq
        weight = self._log.add(commit)
        if commit.parent != branches.newest < seq:
            self._weight = self._states.distance_to_kept(commit.parent) * self._bytes // (len(self) or 1)
        branches.add(seq, commit.parent)
        self._bytes += weight
        self._weight += weight
        if self._weight > self._states.spacing and self._store.head == seq:  # type: ignore[union-attr]
            self._keep_frame(seq, self._store.state)  # type: ignore[union-attr]
        if self._undone is not None and commit.changes:
            self._undone = None
        if self.limit is not None and seq - branches.first >= self.limit:
            self._evict(seq - self.limit + 1, self.limit)

    def _keep_frame(self, seq: int, state: Any) -> None:
        self._states.keep_frame(seq, state)
        self._weight = 0

    def _take_move(self, move: Move) -> None:
        if not self._moves or self._moves[-1] is not move:
            self._moves.append(move)
        if move.kind == "resume":
            self._stop_pausing()

    def _stop_pausing(self) -> None:
        self._installed().suspend(False)
        self._paused = None

    def _evict(self, first: int, limit: int) -> None:
        self._branches.first = first
        # Letting go means rebuilding a state, so it is done for many commits at once.
        if first - self._log.first < max(limit // 4, EVICTED_AT_ONCE):
            return
        roots = self._branches.roots(first)
        if self.position < first:
            roots.add(self.position)
        self._states.evict(first, {root: self.state_of(root) for root in roots})
        self._branches.forget(first)
        self._log.forget(first)
        self._moves = self._moves[-MOVES_LOOKED_AT:]

    def close(self) -> None:
        """Stops recording; what is remembered stays readable."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        if self._earlier is not None:
            self._earlier.close()

    @property
    def kept(self) -> tuple[int, int]:
        """How many commits are remembered, and the bytes that their records take; for `Memory`."""
        return len(self), self._log.kept_bytes

    # Reading

    def _installed(self) -> StoreLike:
        if self._store is None:
            raise DispatchError("this history belongs to no store; give it to one: Store(slice, middleware=[history])")
        return self._store

    @property
    def header(self) -> Header:
        """What the run says about itself; only one that is in a file has an id."""
        store = self._installed()
        run = next((journal.run for journal in self._recorders(Journal)), "")
        return Header(run, store.name, store.started_wall_ns, **describe_process())

    @property
    def sessions(self) -> Sequence[Session]:
        """This process, numbered among those that the journal's file was written by."""
        return [journal.session for journal in self._recorders(Journal)] or [Session(process_id=os.getpid())]

    @property
    def branches(self) -> Branches:
        return self._branches

    @property
    def position(self) -> int:
        if self._paused is not None:
            return self._paused[0]
        if self._store is None:
            return 0
        head, _ = self._store.published
        # A commit that is being recorded by another thread is waited for.
        return head if head <= self._branches.newest else self._store.here[0]

    def commit_at(self, seq: int) -> Commit:
        return self._log[seq]

    def read(self, run: range) -> Iterator[Commit]:
        return self._log.read(run)

    def read_lazily(self, run: range) -> Iterator[Any]:
        return self._log.lazily(run)

    def state_of(self, position: int) -> Any:
        near = self._paused or self._installed().published
        return self._states.at(position, near if near[0] <= self._branches.newest else None)

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        return tuple(self._snapshots)

    @property
    def moves(self) -> Sequence[Move]:
        return tuple(self._moves)

    @property
    def spans(self) -> Sequence[Span]:
        """The spans that the `Timing` among the middleware has kept."""
        return [span for timing in self._recorders(Timing) for span in timing.spans]

    @property
    def milestones(self) -> Sequence[Milestone]:
        """The milestones of the `Milestones` among the middleware."""
        return [milestone for milestones in self._recorders(Milestones) for milestone in milestones.timeline()]

    @property
    def samples(self) -> Sequence[MemorySample]:
        """The readings that the `Memory` among the middleware has kept."""
        return [sample for memory in self._recorders(Memory) for sample in memory.samples]

    @property
    def gauges(self) -> Sequence[GaugeSample]:
        """The readings that the `Gauges` among the middleware have kept."""
        return [sample for gauges in self._recorders(Gauges) for sample in gauges.samples]

    @property
    def alerts(self) -> Sequence[Alert]:
        """What the `Alerts` among the middleware have said."""
        return [alert for alerts in self._recorders(Alerts) for alert in alerts.alerts]

    def _recorders(self, kind: type[R]) -> list[R]:
        middleware = self._store.middleware if self._store is not None else ()
        return [recorder for recorder in middleware if isinstance(recorder, kind)]
