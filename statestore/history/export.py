"""Writing what a history remembers to a new history file."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from statestore.errors import JournalError
from statestore.journal.disk import FileDisk, LockedError, sync_folder
from statestore.journal.recorder import Journal
from statestore.ports import Sink, StoreLike, Unsubscribe
from statestore.tree.diff import diff
from statestore.values import Commit, Move

if TYPE_CHECKING:
    from statestore.history.past import Past


def export(past: "Past", store: StoreLike, path: str | os.PathLike[str], redact: Iterable[Any]) -> None:
    """Writes the file beside its place and then puts it there, so that `path` is never half a file."""
    target = Path(path)
    _check_not_written(target)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    playback: Any = _Playback(past, store)  # all that a journal needs of a store
    journal = Journal(part, redact=redact, on_unknown="repr")
    try:
        journal(playback, lambda action: action)
        playback.play()
        journal.close()
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise JournalError(f"cannot export to {target}: {error.strerror or error}") from error
    finally:
        journal.close()
        part.unlink(missing_ok=True)


def _check_not_written(target: Path) -> None:
    if target.exists():
        try:
            FileDisk(target).close()
        except (LockedError, OSError) as error:
            raise JournalError(f"cannot export to {target}: {error}; give another path") from None


class _Playback:
    """What a journal needs of a store, acted by a past that is told from its root to its head.

    In a file seqs count from 1 and there is one root. Where the oldest commits were evicted, the others are numbered
    anew, and a branch whose root is not the head's begins with what leads there from that root.
    """

    def __init__(self, past: "Past", store: StoreLike) -> None:
        self.name = store.name
        self.clock = store.clock
        self.started_wall_ns = store.started_wall_ns
        self.head = 0
        self._past = past
        self._position = past.position
        self._shift = past.first - 1
        self._now_ns = store.now_ns()
        self._sinks: dict[type, Sink] = {}

    @property
    def state(self) -> Any:
        return self._past.state_of(self.head + self._shift if self.head else self._past.root)

    def observe(self, sink: Sink, *value_types: type) -> Unsubscribe:
        self._sinks |= dict.fromkeys(value_types, sink)
        return lambda: None

    def play(self) -> None:
        past = self._past
        for event in self._in_order():
            self._publish(event)
        if self.head != self._seq(self._position):
            self._publish(Move("goto", self.head, self._seq(self._position), self._now_ns))
        for snapshot in past.snapshots:
            if snapshot.seq >= past.first or snapshot.seq == past.root:
                self._publish(_with(snapshot, seq=self._seq(snapshot.seq)))
        for span in past.spans:
            self._publish(_with(span, seq=self._seq(span.seq)) if span.seq else span)
        for milestone in past.milestones:
            self._publish(_with(milestone, seq=self._seq(milestone.seq)))
        for value in (*past.samples, *past.gauges, *past.alerts):
            self._publish(value)

    def _in_order(self) -> Iterator[Commit | Move]:
        """Commits and moves as they followed each other."""
        moves = sorted(self._past.moves, key=lambda move: move.at_ns)
        moves.reverse()
        for commit in self._past.commits:
            numbered = self._renumber(commit)
            while moves and self._goes_before(moves[-1], numbered):
                yield from self._moved(moves.pop())
            yield numbered
        while moves:
            yield from self._moved(moves.pop())

    def _goes_before(self, move: Move, commit: Commit) -> bool:
        if move.at_ns == commit.started_ns:
            return commit.parent != self.head and self._seq(move.from_seq) == self.head
        return move.at_ns < commit.started_ns

    def _moved(self, move: Move) -> Iterator[Move]:
        # Of moves to and from what was evicted nothing can be told; the last one, to the head, is made up for.
        if self._knows(move.from_seq) and self._knows(move.to_seq):
            yield Move(move.kind, self._seq(move.from_seq), self._seq(move.to_seq), move.at_ns)

    def _knows(self, position: int) -> bool:
        return position >= self._past.first or position == self._past.root

    def _seq(self, position: int) -> int:
        return position - self._shift if position >= self._past.first else 0

    def _renumber(self, commit: Commit) -> Commit:
        past, changes = self._past, commit.changes
        if self._shift == 0:
            return commit
        if not self._knows(commit.parent):
            changes = diff(past.state_of(past.root), past.state_of(commit.seq)).changes
        group = None if commit.group is None else max(commit.group - self._shift, 1)
        seq, parent = self._seq(commit.seq), self._seq(commit.parent)
        return Commit(seq, parent, commit.action, changes, commit.started_ns, commit.elapsed_ns, group, commit.label)

    def _publish(self, value: Any) -> None:
        if isinstance(value, Commit) and value.parent == self.head:
            self.head = value.seq
        elif isinstance(value, Move):
            self.head = value.to_seq
        sink = self._sinks.get(type(value))
        if sink is not None:
            sink(value)


_with: Callable[..., Any] = msgspec.structs.replace
