"""Makes a sound file of a damaged one: what is lost is said to be lost, and what is left is proved right."""

from collections.abc import Iterator
from typing import Any

import msgspec

from statestore.errors import CorruptHistoryError
from statestore.journal.codec import pack_commit, read_place
from statestore.journal.copying import begin_copy, copy_records, end, is_flagged, writing
from statestore.journal.format import BlockKind, RecordKind
from statestore.journal.packing import Packing
from statestore.journal.reader import JournalFile, PathLike
from statestore.journal.writer import BlockWriter
from statestore.tree.diff import find_changes
from statestore.tree.patches import apply_changes, revert_changes
from statestore.values import Action, Change, Commit

LOST = "statestore/lost"
"""The type of the actions that stand for commits that are lost."""


class Repair(msgspec.Struct, frozen=True):
    """What was made of a damaged file."""

    commits: int
    lost: tuple[int, ...]
    """The seqs of commits that are gone; the last of a stretch leads to the state behind it, where that is known."""
    unproved: tuple[int, ...]
    """The seqs of commits that are left, but whose states cannot be known, because no keyframe follows the damage."""
    cut_bytes: int


def repair(path: PathLike, out: PathLike) -> Repair:
    """Writes a sound file with everything in a damaged or torn one that can still be proved right.

    Commits keep their seqs. For each that is lost stands one of type `statestore/lost`, so that there is no silent gap.
    States behind the damage are computed back from the next keyframe by the inverse patches.

    Raises:
        CorruptHistoryError: the header, and with it the root state, is lost.
        JournalError: it is no history file; or `out` has content or cannot be written.
    """
    with JournalFile(path, salvage=True) as file, writing(out) as disk:
        remains = _Remains(file)
        writer = begin_copy(file, disk, made_by="repair")
        for number, block in enumerate(file.blocks):
            if block.head.kind == BlockKind.HISTORY:
                _copy_history(remains, number, writer)
            elif block.head.kind in (BlockKind.SPANS, BlockKind.OBSERVATIONS):
                copy_records(file, number, writer)
            elif block.head.kind == BlockKind.KEYFRAME and remains.is_sound(block.head.last):
                _fill(remains, writer, block.head.last)
                writer.add_keyframe(file.records(number, RecordKind.KEYFRAME)[0], is_flagged(file, number))
        _fill(remains, writer, file.last_seq)
        end(file, writer)
        size = file.path.stat().st_size
        return Repair(file.last_seq, tuple(remains.lost()), tuple(remains.unproved()), size - file.end)


def _copy_history(remains: "_Remains", number: int, writer: BlockWriter) -> None:
    redacted = is_flagged(remains.file, number)
    for kind, record in remains.file.split(number):
        if kind == RecordKind.COMMIT:
            seq, _ = read_place(record)
            _fill(remains, writer, seq - 1)
            if not remains.is_sound(seq):
                _fill(remains, writer, seq)
                continue
        writer.add(kind, [record], redacted)


def _fill(remains: "_Remains", writer: BlockWriter, last: int) -> None:
    """Stand-ins for everything up to a commit that is not there."""
    for seq in range(writer.last_seq + 1, last + 1):
        stand_in = Commit(seq, seq - 1, Action(LOST), remains.changes_to(seq), remains.time_before(seq), 0)
        writer.add(RecordKind.COMMIT, [pack_commit(stand_in, Packing("repr"))])


class _Remains:
    """Which commits of a damaged file are left, and which states can be known."""

    def __init__(self, file: JournalFile) -> None:
        self.file = file
        self._parents = self._read_parents()
        self._keyframes = [seq for seq in file.keyframes if seq]
        self._known = dict(self._known_states())
        self._sound = self._find_sound()

    def _read_parents(self) -> dict[int, int]:
        parents = {}
        for number in self.file.numbers(BlockKind.HISTORY):
            for record in self.file.records(number, RecordKind.COMMIT):
                seq, parent = read_place(record)
                parents[seq] = parent
        return parents

    def _known_states(self) -> Iterator[tuple[int, Any]]:
        """The states after lost commits from which the lines to keyframes start."""
        anchors = {0, *self._keyframes}
        for keyframe in self._keyframes:
            line, seq = [], keyframe
            while seq in self._parents and (seq == keyframe or seq not in anchors):
                line.append(seq)
                seq = self._parents[seq]
            if seq not in self._parents and seq:
                state = self.file.nearest_keyframe(keyframe).state
                for step in line:
                    state = revert_changes(state, self.file.commit(step).changes)
                yield seq, state

    def _find_sound(self) -> set[int]:
        sound = {0, *self._known}
        for seq, parent in sorted(self._parents.items()):
            if parent in sound:
                sound.add(seq)
        return sound

    def is_sound(self, seq: int) -> bool:
        """Whether the state after a commit is known."""
        return seq in self._sound

    def lost(self) -> list[int]:
        """The seqs of which nothing is left."""
        return [seq for seq in range(1, self.file.last_seq + 1) if seq not in self._parents]

    def unproved(self) -> list[int]:
        """The seqs of commits that are left without a known state."""
        return [seq for seq in self._parents if seq not in self._sound]

    def changes_to(self, seq: int) -> tuple[Change, ...]:
        """What a stand-in has to change: nothing, unless the state after it is known."""
        if seq not in self._known:
            return ()
        changes: list[Change] = []
        find_changes(self._state_in_copy(seq - 1), self._known[seq], (), changes)
        return tuple(changes)

    def time_before(self, seq: int) -> int:
        """When the last commit before that is left was made."""
        while seq := seq - 1:
            if seq in self._parents:
                return self.file.commit(seq).started_ns
        return 0

    def _state_in_copy(self, seq: int) -> Any:
        """The state after a commit of the copy, where stand-ins without a known state change nothing."""
        path = []
        while seq and seq not in self._known:
            if seq in self._parents and seq in self._sound:
                path.append(seq)
                seq = self._parents[seq]
            else:
                seq -= 1
        state = self._known[seq] if seq else self._root()
        for step in reversed(path):
            state = apply_changes(state, self.file.commit(step).changes)
        return state

    def _root(self) -> Any:
        keyframe = self.file.nearest_keyframe(0)
        if keyframe.seq:
            raise CorruptHistoryError(f"{self.file.path} has lost its root state: nothing in it can be proved")
        return keyframe.state
