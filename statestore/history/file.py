"""Reading a history file: the same questions as to a live history, without the reducer."""

import os
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from statestore.history.branches import Branches
from statestore.history.fold import fold, forward
from statestore.history.past import Past
from statestore.journal.codec import read_place
from statestore.journal.following import Follower
from statestore.journal.format import BlockKind, RecordKind
from statestore.journal.reader import JournalFile
from statestore.journal.session import sessions_of
from statestore.values import Alert, Commit, GaugeSample, Header, MemorySample, Milestone, Move, Session, Snapshot, Span

# So many parents are followed one by one before the shape of the whole file is read: 1 s for a million commits.
FOLLOWED_AT_MOST = 1_000
# States that are held for the next question, which is often about a neighbour.
RECENT = 8


def open_history(path: str | os.PathLike[str], salvage: bool = False) -> "HistoryFile":
    """Opens a history file, finished, live or torn; give it to a `with` block, or close it.

    Costs little, however long the file is: commits and states are read when they are asked for.

    Args:
        path: the file.
        salvage: where the file is damaged in its middle, give what can still be proved right, and say what is
            missing in `gaps`.

    Raises:
        CorruptHistoryError: the file is damaged in its middle; the message names the commits that are lost.
        UnsupportedVersionError: a newer release wrote it.
        JournalError: it cannot be read, or is no history file.
    """
    return HistoryFile(JournalFile(path, salvage))


class _Shape:
    """What was found out about the blocks that a file has so far."""

    def __init__(self, file: JournalFile) -> None:
        self.file = file
        self.blocks = len(file.blocks)

    @cached_property
    def branches(self) -> Branches:
        branches = Branches()
        for number in self.file.numbers(BlockKind.HISTORY):
            for record in self.file.records(number, RecordKind.COMMIT):
                branches.add(*read_place(record))
        return branches

    @cached_property
    def head(self) -> int:
        return self.file.head_seq

    @cached_property
    def keyframes(self) -> frozenset[int]:
        return frozenset(self.file.keyframes)


class HistoryFile(Past):
    """A recorded run, read from its file; see `open_history`. Of a run that goes on, `refresh` takes in what came."""

    first = 1
    root = 0

    def __init__(self, file: JournalFile) -> None:
        self.file = file
        self._shape = _Shape(file)
        self._recent: dict[int, Any] = {}

    def _known(self) -> _Shape:
        if self._shape.blocks != len(self.file.blocks):
            self._shape = _Shape(self.file)
        return self._shape

    def refresh(self) -> bool:
        """Takes in what was written to the file since; says whether anything was."""
        return self.file.refresh() > 0

    def follow(self, poll: float = 0.05) -> Follower:
        """The values that are written from now on: iterate over it, with `for` or `async for`, until the run is closed.

        Args:
            poll: seconds between two looks at the file.
        """
        return self.file.follow(poll)

    @property
    def torn(self) -> bool:
        """Whether bytes remain behind the last whole block: a crash took what was being written."""
        return self.file.torn

    @property
    def closed(self) -> bool:
        """Whether the run ended by closing its store."""
        return self.file.closed

    @property
    def gaps(self) -> Sequence[Any]:
        """The damaged stretches that were left out, with `salvage`."""
        return self.file.gaps

    @property
    def redacted(self) -> bool:
        """Whether anything in the file was redacted."""
        return self.file.redacted

    @property
    def header(self) -> Header:
        return self.file.header

    @property
    def sessions(self) -> Sequence[Session]:
        return sessions_of(self.file.sessions)

    @property
    def branches(self) -> Branches:
        return self._known().branches

    @property
    def position(self) -> int:
        return self._known().head

    @property
    def newest(self) -> int:
        return self.file.last_seq

    def parent(self, seq: int) -> int:
        return self.file.parent(seq)

    def back(self, position: int, steps: int) -> int | None:
        if steps > FOLLOWED_AT_MOST:
            return self.branches.back(position, steps)
        for _ in range(steps):
            if position == 0:
                return None
            position = self.parent(position)
        return position

    @property
    def commits(self) -> Sequence[Commit]:
        return self.file.commits

    def __len__(self) -> int:
        return len(self.file.commits)

    def commit_at(self, seq: int) -> Commit:
        return self.file.commit(seq)

    def state_of(self, position: int) -> Any:
        """The state at a position: from the last whole one on its lineage, at most as many bytes of commits away."""
        at, line = self.file.line(position, self._recent.keys() | self._known().keyframes)
        base = self._recent[at] if at in self._recent else self.file.nearest_keyframe(at).state
        state = fold(base, (step for changes in reversed(line) for step in forward(changes)))
        recent = {seq: kept for seq, kept in self._recent.items() if seq != position}
        self._recent = dict([*recent.items(), (position, state)][-RECENT:])
        return state

    @property
    def snapshots(self) -> Sequence[Snapshot]:
        return self.file.snapshots

    @property
    def moves(self) -> Sequence[Move]:
        return self.file.moves

    @property
    def spans(self) -> Sequence[Span]:
        return self.file.spans

    @property
    def milestones(self) -> Sequence[Milestone]:
        return self.file.milestones

    @property
    def samples(self) -> Sequence[MemorySample]:
        return self.file.samples

    @property
    def gauges(self) -> Sequence[GaugeSample]:
        return self.file.gauges

    @property
    def alerts(self) -> Sequence[Alert]:
        return self.file.alerts

    def close(self) -> None:
        """Closes the file; what was read stays."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<HistoryFile {self.file.path} {len(self)} commits>"
