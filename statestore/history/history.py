"""The history of a live store: undo, redo, time travel, snapshots, branches."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from statestore.core.middleware import as_action
from statestore.errors import ActionError, DispatchError
from statestore.history.export import export
from statestore.history.fold import backward, fold
from statestore.history.live import LivePast
from statestore.history.refs import check_name, find_snapshot, resolve
from statestore.history.rewrite import Entry, Outcome, graft_all, plan, run_all, skip_unchanged
from statestore.history.steps import Undoable, Undone, last_visited, stop_after, stop_before, without_no_ops
from statestore.journal.names import SENSITIVE
from statestore.ports import StoreLike
from statestore.tree.diff import diff
from statestore.values import Action, Commit, Move, Snapshot

RESUMED = "@@statestore/resume"
"""The type of the action that stands for everything that happened while the history was paused."""

SQUASHED = "@@statestore/squash"
"""The type of the action that stands for the commits that were squashed into one."""

_LOCKED = "the history is locked; call history.unlock() first"


class History(LivePast):
    """Remembers every commit of a store, and takes it back to any of them.

    Give it to one store: `Store(slice, middleware=[History()])`. It stands outside of the dispatch path and costs about
    as much as encoding one commit. Each commit is kept as a record of about 100 bytes, compressed to a fifth with its
    neighbours, and its state is rebuilt when somebody asks for it, from one of the few that are kept: on 1,000 tasks
    all that is 300 bytes a commit in `immutables.Map` and 700 in pyrsistent.

    What a slice changes in a draft is known. What a reducer returns by hand is compared with what was there before, at
    each dispatch: 0.3 µs for every key or element of the mappings and lists on the way to a change, so 300 µs where one
    of 1,000 tasks is set by hand.

    Args:
        limit: so many commits are remembered at most; the oldest ones go, what they led to stays exact, and the oldest
            state that remains is the new root. None remembers all.
        undoable: says of an action whether undo may stop after it.
        max_snapshots: so many snapshots are kept at most; the oldest one goes first. None keeps all.

    Moving is refused (DispatchError) inside a transaction, while paused or locked, and after the store was closed.
    Everything may be called from any thread.

    In the words of Redux DevTools: toggle, sweep, reorder and edit are `rewrite`, commit is `squash`, rollback is
    `goto("root")`, reset is that and `clear`, import is `load`, and what happens at `limit` is an automatic commit.
    """

    def __init__(
        self,
        limit: int | None = None,
        undoable: Undoable = None,
        max_snapshots: int | None = 100,
    ) -> None:
        super().__init__(_at_least_one("limit", limit), _at_least_one("max_snapshots", max_snapshots))
        if undoable is not None and not callable(undoable):
            raise ActionError(f"undoable is a function of an action, not {undoable!r}")
        self.undoable = undoable
        self._locked = False

    # Moving

    @property
    def can_undo(self) -> bool:
        """Whether `undo()` would move."""
        return stop_before(self, self.position, self.undoable) is not None

    @property
    def can_redo(self) -> bool:
        """Whether `redo()` would move."""
        return self._stop_after(self.position, self._undone) is not None

    def undo(self, steps: int = 1) -> bool:
        """Goes back by so many steps, to the nearest earlier commit whose state differs and that `undoable` accepts.

        Commits of one group or transaction are one step. Where there are fewer steps, nothing moves and the answer is
        False. Costs about as much as the dispatch that it takes back.
        """
        return self._installed().exclusively("undo", self._undo, _count(steps))

    def _undo(self, count: int) -> bool:
        self._check_recording("undo")
        store = self._installed()
        here, undone = store.here, self._undone
        position, state = here
        for _ in range(count):
            found = stop_before(self, position, self.undoable)
            if found is None:
                return False
            stop, crossed = found
            state = fold(state, [step for commit in crossed for step in backward(commit.changes)])
            undone = Undone(stop, position, undone)
            position = stop
        self._travel(store, here, "undo", position, state, undone)
        return True

    def redo(self, steps: int = 1) -> bool:
        """Takes back so many undo steps; where none was made, follows the branch that was visited last.

        Where there are fewer steps, nothing moves and the answer is False.
        """
        return self._installed().exclusively("redo", self._redo, _count(steps))

    def _redo(self, count: int) -> bool:
        self._check_recording("redo")
        store = self._installed()
        here, undone = store.here, self._undone
        position, _ = here
        for _ in range(count):
            stop = self._stop_after(position, undone)
            if stop is None:
                return False
            position, undone = stop, undone.before if undone is not None else None
        self._travel(store, here, "redo", position, self._states.at(position, here), undone)
        return True

    def _stop_after(self, position: int, undone: Undone | None) -> int | None:
        if undone is not None and undone.stop == position and undone.start in self._branches:
            return undone.start
        origin = without_no_ops(self, position)
        # What changed nothing since the undo does not cost the way back.
        since = undone is not None and undone.start in self._branches and origin <= undone.stop <= position
        if undone is not None and since and self._branches.descends(position, undone.stop):
            return undone.start
        ends = last_visited(self, origin)
        stops = (stop_after(self, origin, end, self.undoable) for end in ends)
        return next((stop for stop in stops if stop is not None), None)

    def goto(self, ref: Any) -> Commit | None:
        """Goes to any commit, or to the root; gives the head then. Costs what rebuilding the state there costs."""
        with self._moving("go to another commit") as store:
            position = resolve(ref, self)
            self._travel(store, store.here, "goto", position, self.state_of(position))
            return self.head

    def _travel(
        self,
        store: StoreLike,
        here: tuple[int, Any],
        kind: str,
        position: int,
        state: Any,
        undone: "Undone | None" = None,
    ) -> None:
        head, before = here
        if position != head:
            self._states.remember(head, before)
            self._undone = undone
            store.travel(state, Move(kind, head, position, store.now_ns()))

    @contextmanager
    def _moving(self, what: str) -> Iterator[StoreLike]:
        store = self._installed()
        with store.holding(what):
            self._check_recording(what)
            yield store

    def _check_recording(self, what: str) -> None:
        if self._paused is not None:
            raise DispatchError(f"cannot {what} while the history is paused; call history.resume() first")

    def group(self, label: str) -> AbstractContextManager[None]:
        """Makes what this thread or task dispatches inside one step of undo. An exception ends the group, no more."""
        return self._installed().grouping(label)

    # Snapshots

    def snapshot(self, name: str | None = None, **metadata: Any) -> Snapshot:
        """Keeps the state now under a name, `snapshot-1` and so on if none is given; costs no copy.

        Raises:
            HistoryError: the name is taken, or reads like a ref.
        """
        with self._moving("take a snapshot") as store:
            number = self._snapshots_made + 1
            name = check_name(f"snapshot-{number}" if name is None else name, self._snapshots)
            snapshot = Snapshot(number, name, store.head, store.now_ns(), metadata)
            self._add_snapshot(snapshot, store.state)
            store.publish(snapshot)
            return snapshot

    def restore(self, id_or_name: int | str) -> Snapshot:
        """Goes to a snapshot, by its id or its name."""
        with self._moving("restore a snapshot") as store:
            snapshot = find_snapshot(id_or_name, self._snapshots)
            self._travel(store, store.here, "goto", snapshot.seq, self.state_of(snapshot.seq))
            return snapshot

    # Other pasts

    def rewrite(
        self, skip: Iterable[Any] = (), order: Sequence[Any] | None = None, replace: Mapping[Any, Any] | None = None
    ) -> Commit | None:
        """Makes the branch that would have been, and goes there; the reducer runs from the first changed action on.

        The old branch stays. An action that raises when it is run again stays as a commit without changes, its label
        telling the error, and the others go on. Gives the new head: None if nothing is left of the lineage.

        Args:
            skip: refs of the commits to leave out.
            order: refs of commits of the lineage: those named take, in the order given, the places that they hold now.
            replace: by ref, the action to run instead.
        """
        with self._moving("rewrite") as store:
            planned = plan(self, skip, order, replace)
            if planned is not None:
                fork, entries = planned
                self._branch_off(store, fork, run_all(store, self.state_of(fork), entries))
            return self.head

    def recompute(self, upcast: Callable[[Action], Action] | None = None) -> Commit | None:
        """Runs the lineage again, after `store.replace_reducer`; the new branch begins where the outcome differs.

        Args:
            upcast: gives an action in its present form, for those that were recorded by older code.
        """
        with self._moving("recompute") as store:
            root = self.root
            entries = [Entry(upcast(c.action) if upcast else c.action, c) for c in self.lineage()]
            unchanged, state = skip_unchanged(store, self.state_of(root), entries)
            if unchanged < len(entries):
                fork = self.parent(self.lineage().seq(unchanged))
                self._branch_off(store, fork, run_all(store, state, entries[unchanged:]))
            return self.head

    def load(self, actions: Iterable[Any], onto: Any = "root") -> Commit | None:
        """Runs a list of actions as a new branch from any ref, and goes there."""
        with self._moving("load actions") as store:
            fork = resolve(onto, self)
            entries = [Entry(as_action(action)) for action in actions]
            self._branch_off(store, fork, run_all(store, self.state_of(fork), entries))
            return self.head

    def _branch_off(self, store: StoreLike, fork: int, outcomes: list[Outcome]) -> None:
        head = graft_all(store, fork, outcomes, self._keep_if_due)
        self._travel(store, store.here, "rewrite", head, outcomes[-1].state if outcomes else self.state_of(fork))

    def _keep_if_due(self, seq: int, state: Any) -> None:
        if self._weight > self._states.spacing:
            self._keep_frame(seq, state)

    def squash(self) -> Commit | None:
        """Puts one commit with the net changes of the lineage on the root and goes there; the old ones stay."""
        with self._moving("squash") as store:
            root, runs = self._branches.lineage(store.head)
            if runs:
                head, state = store.here
                changes = diff(self.state_of(root), state).changes
                squashed = store.graft(root, Action(SQUASHED, {"from": runs[0][0], "to": head}), changes)
                self._undone = None
                store.travel(state, Move("squash", head, squashed.seq, store.now_ns()))
            return self.head

    def clear(self) -> None:
        """Forgets all commits, moves and snapshots; the state now is the new root. A history file keeps everything."""
        with self._moving("clear") as store:
            head, state = store.here
            self._begin(head, store.seq, state)
            self._moves, self._snapshots, self._undone = [], [], None
            store.travel(state, Move("clear", head, head, store.now_ns()))

    def export(self, path: str | os.PathLike[str], redact: Iterable[Any] = SENSITIVE) -> None:
        """Writes a history file of all that is remembered, in place of what is at `path`.

        Where old commits were evicted the others are numbered anew, as seqs in a file count from 1.

        Args:
            path: the file.
            redact: what must not be stored, as for `Journal`.

        Raises:
            JournalError: it cannot be written, or a store is writing it now.
        """
        export(self, self._installed(), path, redact)

    # Switching

    def close(self) -> None:
        """Stops recording; what is remembered stays readable."""
        self.unlock()
        if self._paused is not None:
            self.resume()
        super().close()

    def pause(self) -> None:
        """From now on actions are applied and not recorded, by nobody."""
        store = self._installed()
        with store.holding("pause"):
            if self._paused is None:
                self._paused = store.here
                store.suspend(True)

    def resume(self) -> Commit | None:
        """Records again, beginning with one commit that bridges what happened meanwhile; None if nothing did."""
        store = self._installed()
        with store.holding("resume"):
            if self._paused is None:
                return None
            (head, before), (_, state) = self._paused, store.here
            changes = diff(before, state).changes
            if not changes:
                self._stop_pausing()
                return None
            bridge = store.graft(head, Action(RESUMED), changes)
            # Pausing ends when the move is taken: with the head there, and before a listener hears of it.
            store.travel(state, Move("resume", head, bridge.seq, store.now_ns()))
            return bridge

    def lock(self) -> None:
        """Makes dispatch and every move raise DispatchError until `unlock`."""
        store = self._installed()
        if not self._locked:
            with store.holding("lock"):
                self._locked = True
                store.block(_LOCKED)

    def unlock(self) -> None:
        """Ends `lock`."""
        if self._locked:
            self._locked = False
            self._installed().block(None)


def _at_least_one(name: str, value: Any) -> Any:
    if value is not None and (type(value) is not int or value < 1):
        raise ActionError(f"{name} is a whole number of at least 1, or None for no bound, not {value!r}")
    return value


def _count(steps: Any) -> int:
    if type(steps) is not int or steps < 1:
        raise ActionError(f"steps is a whole number of at least 1, not {steps!r}")
    return steps
