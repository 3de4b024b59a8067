"""`Journal`: the recorder that keeps a store's run in a history file."""

import math
import os
import sys
import threading
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from types import FrameType
from typing import Any, ClassVar, Final, Literal

import msgspec

from statestore import values
from statestore.errors import JournalError
from statestore.journal.codec import Keyframe, encode_commit, pack_commit
from statestore.journal.disk import Disk, FileDisk, LockedError
from statestore.journal.format import RecordKind
from statestore.journal.names import SENSITIVE
from statestore.journal.packing import Packing, UnstorableError
from statestore.journal.pump import Pump
from statestore.journal.reader import JournalFile, PathLike
from statestore.journal.records import RecordEncoder
from statestore.journal.redaction import Redactor, Rule
from statestore.journal.session import describe_process, sessions_of
from statestore.journal.writer import BlockWriter
from statestore.ports import Dispatch, Sink, StoreLike, Unsubscribe
from statestore.values import Action, Commit, Header, Move, Patch, Session, Snapshot, Span

_TAKEN: Final = (Action, Patch, Commit, Header, Session, Move, Snapshot, Span)
_OTHERS: Final = tuple(
    cls
    for cls in vars(values).values()
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct) and cls not in _TAKEN
)
"""Every recorded value that has no sink of its own. Actions and patches are inside of commits; the header and sessions
are none."""

_running: "weakref.WeakSet[Pump]" = weakref.WeakSet()


def _forget_all() -> None:
    for pump in list(_running):
        pump.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class Journal:
    """Keeps everything that a store records in a file, which survives the process.

    Values are queued where they are made and written by a thread: in compressed blocks, synced every `interval`. A
    dispatch pays for encoding its commit, less than a microsecond for a small one, unless a history has done so. When
    the disk does not keep up, dispatching waits once 16 MiB are queued. When it fails, the journal stops with a
    warning and `flush` and `close` raise the error; the store goes on.

    Args:
        path: the file to begin. To go on with one, see `Journal.appending`.
        redact: what must not be stored, by key name, path pattern or predicate; by default names such as `password`.
        durability: `interval` syncs in the background; `each` lets a dispatch return when it is on disk. It raises
            JournalError where it is not, although it was applied: every dispatch does once the disk has failed.
        interval: seconds between two syncs, and so what a crash may lose.
        marks_dropped: whether the closing mark is set too when nobody closes the store, because it is dropped or the
            program ends; by default the file stays without it.
        on_unknown: what happens with a value that cannot be stored. Either way its type and repr are stored; with
            `error` the dispatch that brought it raises UnstorableError, naming its path, after it was applied. Where a
            transaction or a rewrite brought it, that is a RuntimeWarning.
        open_disk: how the file is opened for writing, for tests of what disks do.

    Raises:
        JournalError: the file has content, another writer has it, or it cannot be written.
    """

    closes_last: ClassVar = True

    def __init__(
        self,
        path: PathLike,
        *,
        redact: Iterable[Rule] = SENSITIVE,
        durability: Literal["interval", "each"] = "interval",
        interval: float = 0.05,
        marks_dropped: bool = False,
        on_unknown: Literal["error", "repr"] = "error",
        open_disk: Callable[[Path], Disk] = FileDisk,
    ) -> None:
        _check(durability, interval, on_unknown)
        self.path = Path(path)
        self.run = ""
        """The id of the run, once the journal is installed: its file says the same."""
        self.session = Session(process_id=os.getpid())
        """Which of the processes that recorded the run this one is."""
        self._file: JournalFile | None = None  # as it was found, where it is gone on with
        self._encoder = RecordEncoder(Redactor(redact))
        self._interval_ns, self._on_unknown = int(interval * 1e9), on_unknown
        self._marks_dropped = marks_dropped
        self._each = _Each() if durability == "each" else None
        self._disk = _lock(self.path, open_disk)
        self._pump: Pump | None = None
        self._stops: list[Unsubscribe] = []
        self._refusals: dict[int, UnstorableError] = {}
        self._closed = self._ended = False
        try:
            self._look_at_file()
        except OSError as error:
            self._disk.close()
            raise JournalError(f"cannot read {self.path}: {error.strerror or error}") from error
        except BaseException:
            self._disk.close()
            raise

    @classmethod
    def appending(cls, path: PathLike, **options: Any) -> "Journal":
        """A journal that goes on with a file, behind its last whole block.

        The file is locked from here on, so that what is read of it stays as it is. A torn tail is cut off when the
        journal is installed, and the cut is recorded.

        Raises:
            CorruptHistoryError: the file is damaged in its middle; repair it first.
            JournalError: there is no such file, or another writer has it.
        """
        if not Path(path).exists():
            raise JournalError(f"there is no file {path} to go on with; a journal without a past begins one")
        return _AppendingJournal(path, **options)

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Begins to record; called once by the store that it is given to."""
        if self._pump is not None or self._closed:
            raise JournalError(f"the journal {self.path} belongs to one store: make another journal for another store")
        try:
            writer, root_bytes = self._begin(store)
            interval_ns = self._interval_ns
            self._pump = Pump(self.path, self._disk, writer, self._encoder, store.clock, interval_ns, root_bytes)
        except OSError as error:
            self.close()
            raise JournalError(f"cannot write {self.path}: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise
        self._finalizer = weakref.finalize(self, self._pump.abandon, self._marks_dropped)
        _running.add(self._pump)
        self._observe(store, self._pump)
        return self._guard(next)

    def flush(self) -> None:
        """Returns when everything recorded before is on disk.

        What another thread is dispatching just then may be in the state already and not yet recorded: `store.here`
        waits for it.

        Raises:
            JournalError: it is not, because the disk failed; nothing is tried again.
        """
        if self._pump is not None and not self._closed:
            self._pump.flush()

    def close(self) -> None:
        """Writes what is left, the index and the closing mark, and gives up the file; a second call does nothing.

        Raises:
            JournalError: the disk failed.
        """
        if self._ended:
            return
        self._closed = True
        for stop in self._stops:
            stop()
        if self._file is not None:
            self._file.close()
        try:
            self._end()
        except JournalError:
            self._ended = True
            raise
        self._ended = True  # not so after Ctrl-C: then a second call waits again

    def _end(self) -> None:
        if self._pump is None:
            self._disk.close()
        else:
            self._pump.close()
            self._finalizer.detach()
            _running.discard(self._pump)

    def __repr__(self) -> str:
        return f"<Journal {self.path}{', closed' if self._closed else ''}>"

    def _look_at_file(self) -> None:
        if self._disk.size():
            raise JournalError(f"{self.path} has content: resume it, or give the path of a new file")

    def _begin(self, store: StoreLike) -> tuple[BlockWriter, int]:
        _, root, redacted, _ = self._encoder.encode(Keyframe(0, store.state))
        self.run = str(uuid.uuid4())
        session = _encode_session(run=self.run, store=store.name, started_wall_ns=store.started_wall_ns)
        writer = BlockWriter.create(self._disk, session, root, redacted)
        return writer, len(root)

    def _observe(self, store: StoreLike, pump: Pump) -> None:
        take_commit: Sink = pump.commit_sink(store, self._encode)
        take_move: Sink = pump.take_move
        if self._each is not None:
            take_commit = self._each.waiting(take_commit, self.flush, store)
            take_move = self._each.waiting(take_move, self.flush, store)
        self._stops = [
            store.observe(take_commit, Commit),
            store.observe(take_move, Move),
            store.observe(pump.take_move, Snapshot),
            store.observe(pump.span_sink(), Span),
            store.observe(pump.take, *_OTHERS),
        ]

    def _encode(self, commit: Commit) -> bytes:
        """Encodes what nobody encoded yet: now, because what is in a payload may be changed later."""
        try:
            return encode_commit(commit)
        except UnstorableError as error:
            if self._on_unknown == "error":
                self._refuse(error)
            # Not kept as the commit's encoded form: in memory it stays what it is, and undo gives what was there.
            return pack_commit(commit, Packing("repr"))

    def _refuse(self, error: UnstorableError) -> None:
        """Has the dispatch raise that is under way; of a transaction that ends, or a rewrite, there is none."""
        if self._is_dispatching():
            self._refusals[get_ident()] = error
        else:
            with suppress(RuntimeWarning):  # where warnings are errors: a sink that raises would be detached
                warnings.warn(f"{error}. Its repr was stored", RuntimeWarning, stacklevel=2)

    def _is_dispatching(self) -> bool:
        """Whether this thread is inside the guard below: told by its stack, as a count would cost every dispatch."""
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if frame.f_code.co_name == "guarded" and frame.f_locals.get("refusals") is self._refusals:
                return True
            frame = frame.f_back
        return False

    def _guard(self, next: Dispatch) -> Dispatch:
        """The step in the chain that waits for the disk and raises what cannot be stored, where that was asked for."""
        waiting = next if self._each is None else self._each.dispatching(next, self.flush)
        if self._on_unknown == "repr":
            return waiting
        refusals = self._refusals

        def guarded(action: Any) -> Any:
            try:
                return waiting(action)
            finally:  # also behind a dispatch in which a listener raised
                if refusals and (refusal := refusals.pop(get_ident(), None)) is not None:
                    raise refusal

        return guarded


class _Each(threading.local):
    """Durability of each dispatch: the outermost dispatch of a thread waits, without holding the store.

    What changes the store otherwise (a transaction that ends, an undo) waits where its commits and moves are taken.
    """

    depth = 0

    def dispatching(self, next: Dispatch, flush: Callable[[], None]) -> Dispatch:
        """Waits behind a dispatch, also behind one in which a listener raised."""

        def dispatch(action: Any) -> Any:
            self.depth += 1
            try:
                return next(action)
            finally:
                self.depth -= 1
                if not self.depth:
                    flush()

        return dispatch

    def waiting(self, take: Sink, flush: Callable[[], None], store: StoreLike) -> Sink:
        """Waits behind a value that no dispatch brought; of a transaction's commits, behind the last."""

        def take_and_wait(value: Any) -> None:
            take(value)
            if not self.depth and store.head == (value.seq if type(value) is Commit else value.to_seq):
                with suppress(JournalError):  # warned of already; a sink that raises would be warned of again
                    flush()

        return take_and_wait


class _AppendingJournal(Journal):
    """Goes on with a file."""

    def _look_at_file(self) -> None:
        self._file = JournalFile(self.path)

    def _begin(self, store: StoreLike) -> tuple[BlockWriter, int]:
        assert self._file is not None
        size, end = self._disk.size(), self._file.end
        facts: dict[str, Any] = {"wall_ns": store.clock.wall_ns()}
        if end != size:
            facts |= {"cut_at": end, "cut_bytes": size - end}
            self._disk.truncate(end)
        self._disk.sync()  # what a killed writer left may not be on disk yet, and the next block will say that it is
        self.run = self._file.header.run
        facts |= describe_process()
        self.session = sessions_of([*self._file.sessions, facts])[-1]
        writer = self._file.writer(self._disk)
        writer.add(RecordKind.SESSION, [_encode_session(**facts)])
        writer.flush()
        self._file.close()
        return writer, 0


def _encode_session(**facts: Any) -> bytes:
    return msgspec.msgpack.encode(facts | describe_process())


def _lock(path: Path, open_disk: Callable[[Path], Disk]) -> Disk:
    try:
        return open_disk(path)
    except LockedError:
        raise JournalError(f"{path} is being written by {_holder(path)}: one file has one writer") from None
    except OSError as error:
        raise JournalError(f"cannot open {path} for writing: {error.strerror or error}") from error


def _holder(path: Path) -> str:
    try:
        with JournalFile(path, salvage=True) as file:
            if not file.closed:
                return f"process {file.sessions[-1]['process_id']}"
    except (JournalError, LookupError):
        pass
    return "another writer, which has only just opened it"


def _check(durability: Any, interval: Any, on_unknown: Any) -> None:
    if durability not in ("interval", "each"):
        raise JournalError(f'durability is "interval" or "each", not {durability!r}')
    if on_unknown not in ("error", "repr"):
        raise JournalError(f'on_unknown is "error" or "repr", not {on_unknown!r}')
    if isinstance(interval, bool) or not isinstance(interval, int | float) or not 0 < interval < math.inf:
        raise JournalError(f"interval is a positive number of seconds, not {interval!r}")
