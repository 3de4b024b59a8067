"""New files out of old ones: `compact` packs a file tightly, `cut` takes a piece of a run out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from statestore.errors import HistoryError, JournalError
from statestore.journal.codec import Keyframe
from statestore.journal.disk import FileDisk, LockedError, sync_folder
from statestore.journal.format import REDACTED_FLAG, BlockKind, RecordKind
from statestore.journal.packing import encode
from statestore.journal.reader import JournalFile, PathLike
from statestore.journal.records import RecordEncoder
from statestore.journal.redaction import Redactor
from statestore.journal.tracing import lineage, state_at
from statestore.journal.writer import BlockWriter, keyframe_distance
from statestore.values import Commit

_FAMILIES = (BlockKind.HISTORY, BlockKind.SPANS, BlockKind.OBSERVATIONS)


def compact(path: PathLike, out: PathLike) -> None:
    """Writes a file anew in full blocks, with keyframes only where they pay; what it says stays the same.

    A file of a run that synced every dispatch becomes some ten times smaller.

    Raises:
        CorruptHistoryError: the file is damaged; repair it first.
        JournalError: `out` has content, or cannot be written.
    """
    with JournalFile(path) as file, writing(out) as disk:
        writer = begin_copy(file, disk, made_by="compact")
        since, distance = 0, keyframe_distance(_keyframe_bytes(file, 0))
        for number, block in enumerate(file.blocks):
            if block.head.kind in _FAMILIES:
                copy_records(file, number, writer)
                since += sum(map(len, file.records(number, RecordKind.COMMIT)))
            elif block.head.kind == BlockKind.KEYFRAME and since >= distance:
                writer.add_keyframe(file.records(number, RecordKind.KEYFRAME)[0], is_flagged(file, number))
                since, distance = 0, keyframe_distance(_keyframe_bytes(file, number))
        end(file, writer)


def cut(path: PathLike, out: PathLike, first: int, last: int) -> None:
    """Writes a file with the commits from `first` to `last` only: the line that leads to `last`, without side branches.

    Its root is the state before `first`. Commits are numbered anew from 1; spans, milestones, samples, gauges, alerts
    and snapshots of that time come along.

    Raises:
        HistoryError: there is no such commit, or `first` is not on the way to `last`.
        CorruptHistoryError: the file is damaged; repair it first.
        JournalError: `out` has content, or cannot be written.
    """
    with JournalFile(path) as file, writing(out) as disk:
        seqs = _line(file, first, last)
        root = file.parent(first)
        numbers = {root: 0} | {seq: number for number, seq in enumerate(seqs, 1)}
        encode_record = RecordEncoder(Redactor(())).encode
        keyframe = encode_record(Keyframe(0, state_at(file, root))).record
        session = encode(file.sessions[0] | {"made_by": "cut", "first": first, "last": last})
        writer = BlockWriter.create(disk, session, keyframe, file.redacted)
        for seq in seqs:
            kind, record, *_ = encode_record(_renumber(file.commit(seq), numbers))
            writer.add(kind, [record], file.redacted)
        for value in _of_the_time(file, file.commit(first).started_ns, _end_of(file, last)):
            kind, record, *_ = encode_record(_renumber(value, numbers))
            put = writer.add if kind == RecordKind.SNAPSHOT else writer.observe
            put(kind, [record], file.redacted)
        writer.finish()


def _line(file: JournalFile, first: int, last: int) -> list[int]:
    file.commit(first)
    file.commit(last)
    seqs = lineage(file, last, first)
    if not seqs:
        raise HistoryError(f"commit {first} is not on the way from the root to commit {last}")
    return seqs


def _end_of(file: JournalFile, seq: int) -> int:
    commit = file.commit(seq)
    return commit.started_ns + commit.elapsed_ns


def _of_the_time(file: JournalFile, start_ns: int, end_ns: int) -> Iterator[Any]:
    for snapshot in file.snapshots:
        if start_ns <= snapshot.at_ns <= end_ns:
            yield snapshot
    for span in file.spans:
        if span.started_ns <= end_ns and span.ended_ns >= start_ns:
            yield span
    for moments in (file.milestones, file.samples, file.gauges, file.alerts):
        for moment in moments:
            if start_ns <= moment.at_ns <= end_ns:
                yield moment


def _renumber(value: Any, numbers: dict[int, int]) -> Any:
    """The value with the seqs of the new file; what is about a commit that is not there is about the root, or none."""
    if isinstance(value, Commit):
        group = None if value.group is None else numbers.get(value.group, 1)
        seq, parent = numbers[value.seq], numbers[value.parent]
        return msgspec.structs.replace(value, seq=seq, parent=parent, group=group, wire=None)
    if getattr(value, "seq", None) is None:
        return value
    return msgspec.structs.replace(value, seq=numbers.get(value.seq, 0))


# What `repair` needs, too


@contextmanager
def writing(out: PathLike) -> Iterator[FileDisk]:
    """A new file that is there whole or not at all: it gets its name when everything is on disk.

    Raises:
        JournalError: the name is taken by something that has content, or the file cannot be written.
    """
    target = Path(out)
    part = target.with_name(f"{target.name}.part")
    try:
        if target.exists() and target.stat().st_size:
            raise JournalError(f"{target} has content: give the path of a new file")
        part.unlink(missing_ok=True)
        disk = FileDisk(part)
        try:
            yield disk
            part.replace(target)
            sync_folder(target.parent)
        finally:
            disk.close()
            part.unlink(missing_ok=True)
    except LockedError:
        raise JournalError(f"{target} is being written by another process") from None
    except OSError as error:
        raise JournalError(f"cannot write {target}: {error.strerror or error}") from error


def begin_copy(file: JournalFile, disk: FileDisk, made_by: str) -> BlockWriter:
    """A writer whose file has the header of another."""
    (root,) = file.records(file.numbers(BlockKind.HEADER)[0], RecordKind.KEYFRAME)
    return BlockWriter.create(disk, encode(file.sessions[0] | {"made_by": made_by}), root, is_flagged(file, 0))


def copy_records(file: JournalFile, number: int, writer: BlockWriter) -> None:
    """Takes over the records of a block as they are."""
    put = writer.add if file.blocks[number].head.kind == BlockKind.HISTORY else writer.observe
    for kind, run in groupby(file.split(number), key=itemgetter(0)):
        put(kind, [record for _, record in run], is_flagged(file, number))


def is_flagged(file: JournalFile, number: int) -> bool:
    """Whether something in a block was redacted."""
    return bool(file.blocks[number].head.flags & REDACTED_FLAG)


def end(file: JournalFile, writer: BlockWriter) -> None:
    """Closes the copy of a file that was closed, and leaves another open: a run that was cut off stays one."""
    if file.closed:
        writer.finish()
    else:
        writer.flush()


def _keyframe_bytes(file: JournalFile, number: int) -> int:
    return max(map(len, file.records(number, RecordKind.KEYFRAME)), default=0)
