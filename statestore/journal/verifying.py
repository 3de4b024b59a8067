"""Proves a history file right, or says what is wrong with it: checksums, order, references and keyframes."""

from collections.abc import Iterator
from typing import Any

import msgspec

from statestore.errors import CorruptHistoryError, PatchError
from statestore.journal.format import BlockKind, RecordKind
from statestore.journal.index import read_index
from statestore.journal.reader import JournalFile, PathLike
from statestore.journal.tracing import state_at
from statestore.tree.equality import same
from statestore.tree.patches import apply_changes


class Verification(msgspec.Struct, frozen=True):
    """What was checked, and what was found; a torn tail is told in `torn` and no problem."""

    problems: tuple[str, ...]
    blocks: int
    commits: int
    keyframes: int
    bytes: int
    torn: bool
    closed: bool

    @property
    def ok(self) -> bool:
        """Whether everything in the file is as it was written."""
        return not self.problems


def verify(path: PathLike) -> Verification:
    """Reads a whole file: every checksum and record, every reference, every keyframe against the patches before it.

    Costs about as much as replaying the run.

    Raises:
        JournalError: it is no history file, or its header is lost.
    """
    with _open(path) as file:
        problems = tuple(_problems(file))
        return Verification(
            problems=problems,
            blocks=len(file.blocks),
            commits=len(file.commits),
            keyframes=len(file.keyframes),
            bytes=file.end,
            torn=file.torn,
            closed=file.closed,
        )


def _open(path: PathLike) -> JournalFile:
    """The file as everybody opens it, so that a torn end is none here too; the damaged one as far as it goes."""
    try:
        return JournalFile(path)
    except CorruptHistoryError:
        return JournalFile(path, salvage=True)


def _problems(file: JournalFile) -> Iterator[str]:
    for gap in file.gaps:
        yield str(gap)
    yield from _check_records(file)
    if not file.gaps:
        yield from _check_commits_and_keyframes(file)


def _check_records(file: JournalFile) -> Iterator[str]:
    for number, block in enumerate(file.blocks):
        try:
            if block.head.kind == BlockKind.INDEX and not file.gaps and not _agrees(file, number):
                yield f"the index in block {number} is not about the blocks before it"
            for value in file.values(number):
                yield from _check_references(file, value)
        except CorruptHistoryError as error:
            yield f"block {number} at byte {block.offset}: {error}"


def _agrees(file: JournalFile, number: int) -> bool:
    return [read_index(record, file.salt) for record in file.records(number, RecordKind.INDEX)] == [
        list(file.blocks[:number])
    ]


def _check_references(file: JournalFile, value: Any) -> Iterator[str]:
    for name in ("from_seq", "to_seq", "seq"):
        seq = getattr(value, name, None)
        if isinstance(seq, int) and not 0 <= seq <= file.last_seq:
            yield f"a {type(value).__name__.lower()} is about commit {seq}, and there are {file.last_seq}"


def _check_commits_and_keyframes(file: JournalFile) -> Iterator[str]:
    """Goes through the commits once, with the states of the head's line at hand."""
    at, state, keyframes = 0, file.nearest_keyframe(0).state, set(file.keyframes)
    for number in file.numbers(BlockKind.HISTORY):
        for seq in range(file.blocks[number].head.first, file.blocks[number].head.last + 1):
            try:
                commit = file.commit(seq)
                base = state if commit.parent == at else state_at(file, commit.parent)
                state, at = apply_changes(base, commit.changes), seq
            except (CorruptHistoryError, PatchError) as error:
                yield f"commit {seq}: {error}"
                return
            if seq in keyframes and not same(state, file.nearest_keyframe(seq).state):
                yield f"the keyframe after commit {seq} is not what the patches lead to"
