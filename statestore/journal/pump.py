"""The thread that brings recorded values to the disk, and the queues before it."""

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from statestore.errors import JournalError
from statestore.journal.codec import Keyframe, encode_flat_span, is_plain, read_place
from statestore.journal.disk import Disk
from statestore.journal.format import RecordKind
from statestore.journal.records import Encoded, RecordEncoder
from statestore.journal.writer import BlockWriter, keyframe_distance
from statestore.ports import Clock, Sink, StoreLike
from statestore.values import Commit, Span

# While the disk is slow so many bytes of encoded values may wait in each of the two queues; then whoever records waits
# too. Short records take two to three times as much in memory, which is what Python adds to each.
_QUEUED_BYTES: Final = 16 << 20
# So many values are taken out of a queue at once: what is written is let go of, and those who wait may go on.
_BATCH: Final = 4_096
# How often, in seconds, somebody who waits for the writer looks whether it is still there.
_GLANCE: Final = 0.05


class Pump:
    """Takes values from any thread and writes those of the history in the order in which they were put in.

    Everything is encoded where it is put in: a payload may be changed right after, and objects in a queue are walked by
    the garbage collector again and again, which was measured to cost more than encoding them.

    Args:
        path: for messages.
        disk: the file, closed at the end; like the writer it is used by the thread alone.
        writer: builds the file.
        encoder: makes records of values.
        clock: what the thread waits by.
        interval_ns: how long it waits between two syncs.
        root_bytes: the size of the last keyframe in the file.
    """

    def __init__(
        self, path: Path, disk: Disk, writer: BlockWriter, encoder: RecordEncoder, clock: Clock, interval_ns: int,
        root_bytes: int,
    ) -> None:  # fmt: skip
        self.error: JournalError | None = None
        self._path, self._disk, self._writer, self._encoder = path, disk, writer, encoder
        self._clock, self._interval_ns = clock, interval_ns
        self._history: deque[Any] = deque()
        self._observations: deque[Any] = deque()
        self._tickets: deque[threading.Event] = deque()
        self._wake = threading.Event()
        self._drained = threading.Event()
        self._closing = self._finish = self._forked = False
        self._taken = self._written = self._observed = 0
        self._previous: Any = None
        self._last_span = b""
        self._keyframe_distance = self._keyframe_at = keyframe_distance(root_bytes)
        self._rearm()
        self._thread = threading.Thread(target=self._run, name=f"statestore journal {path.name}", daemon=True)
        self._thread.start()

    # In the threads that record

    def commit_sink(self, store: StoreLike, encode: Callable[[Commit], bytes]) -> Sink:
        """What observes commits; the store's lock keeps its calls one at a time."""
        put, shows_all_of = self._history.append, self._encoder.shows_all_of
        usual_names_only = self._encoder.usual_names_only

        def take(commit: Commit) -> None:
            wire = commit.wire
            if wire is None:
                try:
                    wire = encode(commit)
                except Exception as error:  # noqa: BLE001  # as in `_put_encoded`
                    self._fail(error)
                    return
            if (usual_names_only and is_plain(wire)) or shows_all_of(wire):
                put(wire)
                self._taken += len(wire)
            else:
                self._taken += self._put_encoded(self._history, commit)
            if self._taken >= self._attention_at:
                self._attend(commit.seq, store)

        return take

    def take_move(self, value: Any) -> None:
        """What observes moves and snapshots, whose place among the commits is kept; under the store's lock, too."""
        self._taken += self._put_encoded(self._history, value)
        if self._taken >= self._attention_at:
            self._hold_back()
            self._rearm()

    def span_sink(self) -> Sink:
        """What observes spans, which may come from several threads at once."""
        put, quick = self._observations.append, self._encoder.usual_names_only

        def take(span: Span) -> None:
            record = encode_flat_span(span) if quick else None
            if record is not None:
                put(record)
                # Threads may overwrite each other's sums; the next round counts anew.
                self._observed += len(record)
            else:
                self._observed += self._put_encoded(self._observations, span)
            if self._observed >= self._observed_at_most:
                self._hold_back()

        return take

    def take(self, value: Any) -> None:
        """What observes every other value."""
        self._observed += self._put_encoded(self._observations, value)
        if self._observed >= self._observed_at_most:
            self._hold_back()

    def _put_encoded(self, queue: deque[Any], value: Any) -> int:
        try:
            encoded = self._encoder.encode(value)
        except Exception as error:  # noqa: BLE001  # else the store would detach the journal, and flush not know of it
            self._fail(error)
            return 0
        queue.append(encoded)
        return len(encoded.record)

    def _attend(self, seq: int, store: StoreLike) -> None:
        """A keyframe is due, or the disk does not keep up."""
        # Within a transaction or a rewrite the state is already further on than this commit: a later one will do.
        if self._taken >= self._keyframe_at and store.head == seq:
            self._history.append(Keyframe(seq, store.state))
            self._keyframe_at = self._taken + self._keyframe_distance
        self._hold_back()
        self._rearm()

    def _hold_back(self) -> None:
        while self.error is None and self._is_full():
            self._drained.clear()
            self._wake.set()
            self._drained.wait(_GLANCE)
            self._check_thread()
        if self.error is not None:
            self._clear()

    def _is_full(self) -> bool:
        return max(self._taken - self._written, self._observed) > _QUEUED_BYTES

    def _rearm(self) -> None:
        """Sets when the sinks have to look up; after an error always, so that the queues do not grow."""
        failed = self.error is not None
        self._attention_at = 0 if failed else min(self._keyframe_at, self._written + _QUEUED_BYTES)
        self._observed_at_most = 0 if failed else _QUEUED_BYTES

    def flush(self) -> None:
        """Returns when everything that was put in before is on disk; raises JournalError if that failed."""
        if self.error is None and not self._closing:
            ticket = threading.Event()
            self._tickets.append(ticket)
            self._wake.set()
            while not ticket.wait(_GLANCE) and self.error is None:
                self._check_thread()
        if self.error is not None:
            raise self.error

    def close(self, finish: bool = True) -> None:
        """Brings everything to disk and gives up the file; with `finish` the closing mark is set.

        Raises:
            JournalError: the disk failed.
        """
        if self._forked or threading.current_thread() is self._thread:
            return
        self._closing, self._finish = True, finish
        self._wake.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def abandon(self, finish: bool = False) -> None:
        """Ends quietly, for an exiting interpreter or a store that nobody closed; the closing mark is set if asked."""
        with suppress(JournalError):  # it was warned of when it happened
            self.close(finish)

    def forget(self) -> None:
        """In a forked child, which has no writing thread: the file belongs to the parent, so let go of it."""
        self._forked = True
        self.error = JournalError(f"{self._path} is written by the parent process; a forked child records nothing")
        self._clear()
        self._rearm()
        self._disk.close()

    def _check_thread(self) -> None:
        if not self._thread.is_alive() and not self._closing:
            self._fail(RuntimeError("its thread is gone"))

    def _clear(self) -> None:
        self._history.clear()
        self._observations.clear()
        self._observed = 0

    # In the thread

    def _run(self) -> None:
        try:
            while not self._closing and self.error is None:
                self._clock.wait(self._wake, self._interval_ns)
                self._wake.clear()
                self._drain()
            self._drain()
            if self._finish and self.error is None:
                self._writer.finish()
        except BaseException as error:  # noqa: BLE001  # whatever stops the journal is told
            self._fail(error)
        finally:
            with suppress(OSError):  # what matters was synced before
                self._disk.close()

    def _drain(self) -> None:
        """Writes and syncs what was put in until now; what comes in meanwhile waits for the next round."""
        # Tickets first: all that a ticket is about was put in before it.
        tickets = [ticket for batch in _batches(self._tickets) for ticket in batch]
        for batch in _batches(self._history):
            for kind, run in groupby(batch, key=type):
                self._write_history(kind, list(run))
        self._observed = 0
        for batch in _batches(self._observations):
            self._write_observations(batch)
        self._writer.flush()
        self._drained.set()
        for ticket in tickets:
            ticket.set()

    def _write_history(self, kind: type, run: list[Any]) -> None:
        if kind is bytes:
            self._writer.add(RecordKind.COMMIT, self._in_order(run))
            self._count_as_written(run)
        elif kind is Keyframe:
            for keyframe in run:
                _, record, redacted, _ = self._encoder.encode(keyframe)
                self._writer.add_keyframe(record, redacted)
                self._keyframe_distance = keyframe_distance(len(record))
        else:
            for encoded in self._once(run):
                is_commit = encoded.kind == RecordKind.COMMIT
                records = self._in_order([encoded.record]) if is_commit else [encoded.record]
                self._writer.add(encoded.kind, records, encoded.redacted)
            self._count_as_written([encoded.record for encoded in run])

    def _count_as_written(self, records: list[bytes]) -> None:
        self._written += sum(map(len, records))
        self._rearm()
        self._drained.set()

    def _write_observations(self, observed: list[Any]) -> None:
        spans = list(dict.fromkeys([item for item in observed if type(item) is bytes]))
        if spans and spans[0] == self._last_span:
            del spans[0]
        if spans:
            self._writer.observe(RecordKind.SPAN, spans)
            self._last_span = spans[-1]
        for encoded in self._once([item for item in observed if type(item) is not bytes]):
            self._writer.observe(encoded.kind, [encoded.record], encoded.redacted)

    # An observer that Ctrl-C cuts short is given the value again, so anything may have been put in twice.

    def _in_order(self, run: list[bytes]) -> list[bytes]:
        """The commits, each once; JournalError if one is missing."""
        due = self._writer.last_seq + 1
        if read_place(run[0])[0] == due and read_place(run[-1])[0] == due + len(run) - 1:
            return run
        kept = []
        for record in run:
            seq, _ = read_place(record)
            if seq > due:
                raise JournalError(f"commit {seq} came where {due} was due, which never did")
            if seq == due:
                kept.append(record)
                due += 1
        return kept

    def _once(self, run: list[Encoded]) -> Iterator[Encoded]:
        for encoded in run:
            if encoded.value is not self._previous:
                self._previous = encoded.value
                yield encoded

    def _fail(self, cause: BaseException) -> None:
        if self.error is not None:
            return
        self.error = JournalError(
            f"the journal {self._path} has stopped: {cause or type(cause).__name__}. The store goes on without it; "
            "what flush() had returned for is safe"
        )
        self.error.__cause__ = cause
        self._rearm()
        self._clear()
        self._drained.set()
        self._wake.set()
        with suppress(RuntimeWarning):  # where warnings are errors there is nobody here to raise to; flush will
            warnings.warn(str(self.error), RuntimeWarning, stacklevel=2)


def _batches(queue: deque[Any]) -> Iterator[list[Any]]:
    """What is in the queue now, piece by piece; others may go on filling it."""
    left, take = len(queue), queue.popleft
    while left > 0:
        yield [take() for _ in range(min(left, _BATCH))]
        left -= _BATCH
