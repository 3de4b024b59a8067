"""What Timing has recorded: the newest spans, compactly, and the statistics of all."""

from collections import defaultdict, deque
from threading import Lock
from time import perf_counter_ns
from typing import Any, TypeAlias, TypeVar

import msgspec

from statestore.recording.frames import DispatchFrame, Frame, process_id
from statestore.recording.stats import Distribution
from statestore.values import Rollback, Span

# Names are made by programs (`f"item {i}"`), so their number needs a limit; 10,000 distributions take some 10 MB.
MAX_NAMES = 10_000
OTHER_NAMES = "(other names)"
# All names together keep this many times `keep` exact durations of 8 bytes, 8 MB by default. Beyond that, names with
# more than a hundred go to buckets when they grow: fewer take no more room as they are.
EXACT_FACTOR = 10
FEW = 100

_NO_METADATA: dict[str, object] = {}

T = TypeVar("T")

DispatchRecord: TypeAlias = tuple[DispatchFrame, str, int, int]
"""A dispatch that ended well: its frame, its action's type, and when it began and finished by the clock."""

BlockRecord: TypeAlias = tuple[
    str, int, int, str, int, int | None, str, dict[Any, Any], int | None, int, str | None, int | None
]
"""A block that has ended: its name, when it began and finished by the clock, kind, id, the parent's id, status,
metadata, seq, thread, task, and the time in the reducer."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[DispatchRecord]).decode
_decode_times = msgspec.msgpack.Decoder(list[tuple[msgspec.Raw, str, int, int]]).decode
_decode_blocks = msgspec.msgpack.Decoder(list[BlockRecord]).decode
_decode_block_times = msgspec.msgpack.Decoder(list[tuple[str, int, int, *[msgspec.Raw] * 9]]).decode  # type: ignore[misc]

# What comes back from the encoded form as it went in.
_PLAIN = frozenset((str, int, float, bool, type(None)))


class _Batch:
    """What was filed at one time. Dispatches and blocks, many and alike, are kept encoded, in some 70 bytes each.

    A hundred thousand objects instead would be walked by the garbage collector again and again, which was measured to
    cost more than recording them (see the benchmark `a recorded span`).
    """

    __slots__ = ("_blocks", "_dispatches", "_odd", "count", "is_counted", "spans")

    def __init__(self, dispatches: list[DispatchRecord], blocks: list[BlockRecord], spans: list[Span]) -> None:
        self.count = len(dispatches) + len(blocks) + len(spans)
        self.spans = spans
        self.is_counted = False
        self._dispatches = _encoded(dispatches)
        self._odd = [record for record in blocks if record[7] and not _is_plain(record[7])]
        self._blocks = _encoded([record for record in blocks if not record[7] or _is_plain(record[7])])

    @property
    def dispatches(self) -> list[DispatchRecord]:
        """The records of dispatches, decoded (0.3 µs each)."""
        kept = self._dispatches
        return _decode(kept) if isinstance(kept, bytes) else kept

    @property
    def blocks(self) -> list[BlockRecord]:
        """The records of blocks, decoded."""
        kept = self._blocks
        return [*(_decode_blocks(kept) if isinstance(kept, bytes) else kept), *self._odd]

    def durations(self) -> dict[str, list[int]]:
        """How long each took, by name."""
        by_name: defaultdict[str, list[int]] = defaultdict(list)
        kept = self._dispatches
        for _, name, began_ns, finished_ns in _decode_times(kept) if isinstance(kept, bytes) else kept:
            by_name[name].append(finished_ns - began_ns)
        blocks = self._blocks
        for name, began_ns, finished_ns, *_ in _decode_block_times(blocks) if isinstance(blocks, bytes) else blocks:
            by_name[name].append(finished_ns - began_ns)
        for name, began_ns, finished_ns, *_ in self._odd:
            by_name[name].append(finished_ns - began_ns)
        for span in self.spans:
            by_name[span.name].append(span.elapsed_ns)
        return by_name

    def all_spans(self, origin_ns: int) -> list[Span]:
        """Everything as frozen values, in no order."""
        dispatches = [span_of(record, origin_ns) for record in self.dispatches]
        return [*dispatches, *[block_span_of(record, origin_ns) for record in self.blocks], *self.spans]


def _encoded(records: list[Any]) -> Any:
    try:
        return _encode(records)
    except (UnicodeEncodeError, OverflowError):  # half a surrogate pair in a name, a number beyond 64 bits
        return records


def _is_plain(metadata: dict[Any, Any]) -> bool:
    return _PLAIN.issuperset(map(type, metadata.values())) and all(type(key) is str for key in metadata)


class SpanLog:
    """Takes frames of blocks as they start and records of dispatches as they end, one `append` each, and files them.

    Filing is what happens to them later, a batch at a time and whenever somebody asks: it takes about 0.1 µs for
    each, and is added up in `filing_ns`.
    """

    def __init__(self, keep: int) -> None:
        self.pending: list[Frame] = []
        self.dispatched: list[DispatchRecord] = []
        self.finished: list[Span] = []
        self.dispatches = 0
        self.blocks = 0
        self.filing_ns = 0
        self._keep = keep
        self._kept = 0
        self._running: list[Frame] = []
        self._batches: deque[_Batch] = deque()
        self._distributions: dict[str, Distribution] = {}
        self._exact = 0
        self._lock = Lock()

    def file_if_free(self) -> None:
        """Files unless another thread does so just now; a signal handler must not wait for what it interrupted."""
        if self._lock.acquire(blocking=False):
            try:
                self._file()
            finally:
                self._lock.release()

    def _file(self) -> None:
        began_ns = perf_counter_ns()
        dispatches = _take(self.dispatched)
        blocks, spans = self._take_ended(), _take(self.finished)
        if dispatches or blocks or spans:
            batch = _Batch(dispatches, blocks, spans)
            self._batches.append(batch)
            self._kept += batch.count
            self.dispatches += len(dispatches)
            self.blocks += len(blocks) + len(spans)
            while self._kept - self._batches[0].count >= self._keep:
                self._count(self._batches[0])
                self._kept -= self._batches.popleft().count
        self.filing_ns += perf_counter_ns() - began_ns

    def _take_ended(self) -> list[BlockRecord]:
        frames = self._running + _take(self.pending)
        running = [frame for frame in frames if frame.finished_ns is None]
        # What was entered and forgotten must not pile up either.
        for forgotten in running[: -self._keep]:
            forgotten.leave_open()
        self._running = running[-self._keep :]
        still = {frame.id for frame in self._running}
        return [record_of(frame) for frame in frames if frame.id not in still]

    def _count(self, batch: _Batch) -> None:
        """Puts the durations into the statistics: when somebody asks, and before the batch is given up."""
        if batch.is_counted:
            return
        batch.is_counted = True
        for name, durations_ns in batch.durations().items():
            distribution = self._distribution(name)
            self._exact -= distribution.exact_count
            distribution.extend(durations_ns)
            if self._exact > EXACT_FACTOR * self._keep and distribution.exact_count > FEW:
                distribution.condense()
            self._exact += distribution.exact_count

    def _distribution(self, name: str) -> Distribution:
        distribution = self._distributions.get(name)
        if distribution is None:
            if len(self._distributions) >= MAX_NAMES:
                name = OTHER_NAMES
            distribution = self._distributions.setdefault(name, Distribution(self._keep))
        return distribution

    def spans(self, origin_ns: int) -> list[Span]:
        """The kept spans, in the order of their starts; `origin_ns` is when the run began, by the clock."""
        with self._lock:
            self._file()
            batches = list(self._batches)
        spans = [span for batch in batches for span in batch.all_spans(origin_ns)]
        return sorted(spans, key=_id)[-self._keep :]

    def drain(self, origin_ns: int) -> list[Span]:
        """Gives up the kept spans; the statistics keep their durations."""
        spans = self.spans(origin_ns)
        self.distributions()
        with self._lock:
            self._batches.clear()
            self._kept = 0
        return spans

    def forked(self) -> None:
        """Begins anew in a forked process, where no other thread will ever release the lock."""
        self._lock = Lock()

    def running(self) -> list[Frame]:
        """The frames that have not ended, oldest first."""
        with self._lock:
            self._file()
            return list(self._running)

    def distributions(self) -> dict[str, Distribution]:
        """The durations by name, in the order in which the names were first filed."""
        with self._lock:
            self._file()
            for batch in self._batches:
                self._count(batch)
            return dict(self._distributions)

    def roll_back(self, rollback: Rollback, origin_ns: int) -> None:
        """Makes failures of the dispatches whose commits were undone; they are the newest that made any."""
        with self._lock:
            self._file()
            for index in reversed(range(len(self._batches))):
                batch = self._batches[index]
                undone = [record for record in batch.dispatches if (record[0].seq or 0) >= rollback.first_seq]
                stands = [record for record in batch.dispatches if (record[0].seq or 0) < rollback.first_seq]
                if undone:
                    failed = [rolled_back(span_of(record, origin_ns), rollback) for record in undone]
                    self._batches[index] = _Batch(stands, batch.blocks, batch.spans + failed)
                    self._batches[index].is_counted = batch.is_counted
                if any(record[0].seq for record in stands):
                    break


def span_of(record: DispatchRecord, origin_ns: int) -> Span:
    """The frozen value of a dispatch that ended well; `origin_ns` is when the run began, by the clock."""
    frame, name, began_ns, finished_ns = record
    # By position, which is twice as fast: with a journal, one is made for every dispatch.
    return Span(
        frame.id,
        frame.parent,
        name,
        "dispatch",
        began_ns - origin_ns,
        finished_ns - origin_ns,
        "ok",
        frame.metadata or _NO_METADATA,
        frame.seq,
        process_id(),
        frame.thread_id,
        frame.task,
        frame.reducer_ns,
    )


def record_of(frame: Frame) -> BlockRecord:
    """What is kept of a block that has ended, and cuts it off from the one around it."""
    parent: Any = frame.parent
    if parent is not None and type(parent) is not int:
        parent = parent.id
        if not frame.is_abandoned:  # else an inner frame still has to find its way out
            frame.parent = parent
    assert frame.finished_ns is not None
    return (
        frame.name,
        frame.began_ns,
        frame.finished_ns,
        frame.kind,
        frame.id,
        parent,
        frame.status,
        frame.metadata,
        frame.seq,
        frame.thread_id,
        frame.task,
        frame.reducer_ns,
    )


def block_span_of(record: BlockRecord, origin_ns: int) -> Span:
    """The frozen value of a block; `origin_ns` is when the run began, by the clock."""
    name, began_ns, finished_ns, kind, number, parent, status, metadata, seq, thread_id, task, reducer_ns = record
    began_ns, finished_ns = began_ns - origin_ns, finished_ns - origin_ns
    process = process_id()
    return Span(
        number, parent, name, kind, began_ns, finished_ns, status, metadata, seq, process, thread_id, task, reducer_ns
    )


def rolled_back(span: Span, rollback: Rollback) -> Span:
    """The same dispatch as a failure: what it had done was undone with its transaction."""
    metadata = {**span.metadata, "action": span.name, "error": f"rolled back with transaction {rollback.label!r}"}
    return msgspec.structs.replace(span, status=rollback.error, metadata=metadata, seq=None)


def _take(items: list[T]) -> list[T]:
    """What is in the list, which is emptied of it; other threads may append meanwhile."""
    taken = items[:]
    del items[: len(taken)]
    return taken


def _id(span: Span) -> int:
    return span.id
