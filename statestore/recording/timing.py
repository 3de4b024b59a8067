"""Timing: the recorder of where the time went, as spans, marks and statistics by name."""

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, TypeVar, overload

from msgspec.structs import replace

from statestore.errors import ActionError, DispatchError
from statestore.ports import Clock, Dispatch, StoreLike
from statestore.recording.axis import Axis
from statestore.recording.dispatching import note_reduced, record_dispatches, sample_dispatches
from statestore.recording.frames import BATCH, Frame, UnsampledFrame, get_current, set_current, standing
from statestore.recording.instrument import carry, instrument, name_of
from statestore.recording.marks import Marks
from statestore.recording.processes import (
    RECORDERS,
    Recorded,
    Remote,
    Submission,
    adopt,
    is_process_pool,
    submission,
    submit,
    twin,
)
from statestore.recording.publishing import SpanPublisher
from statestore.recording.sieve import Sieve
from statestore.recording.spanlog import MAX_NAMES, SpanLog, block_span_of, record_of
from statestore.recording.spantree import SpanNode, build_tree, format_tree
from statestore.recording.stats import Distribution, Stats
from statestore.values import Rollback, Span

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Timing:
    """Records a span for every dispatch and for every block, function and thunk that it is asked to.

    Args:
        keep: how many spans are kept, the newest, and up to how many durations a name has exact percentiles; beyond
            that they lie within 1 %. A kept span takes about 80 bytes, and what its metadata
            take.
        sample: the share of spans that is recorded, per name: 0.1 records the first of every ten. What was left out
            is still counted, see `Stats.count` and `Stats.measured`, and what fails is always recorded.
        clock: where times come from; the store's clock if None.

    Times are nanoseconds since the run began, or since this object was made while it is in no store. Any thread may
    record and ask.
    """

    def __init__(self, keep: int = 100_000, sample: float = 1.0, clock: Clock | None = None) -> None:
        if not isinstance(keep, int) or keep < 1:
            raise ActionError(f"Timing(keep=...) takes a number of spans, 1 or more, not {keep!r}")
        if not isinstance(sample, int | float) or not 0 < sample <= 1:
            raise ActionError(f"Timing(sample=...) takes a share above 0 and up to 1, not {sample!r}")
        self._axis = Axis(clock)
        self.clock_ns = self._axis.clock.now_ns
        self._store: StoreLike | None = None
        self._release: list[Callable[[], object]] = []
        self.log = SpanLog(keep)
        self._marks = Marks()
        # For the frames:
        self.pending = self.log.pending
        self.append = self.pending.append
        self.publisher: SpanPublisher | None = None
        self.sieve = Sieve(round(1 / sample), MAX_NAMES)
        self.takes = self.sieve.takes if self.sieve.every > 1 else None
        RECORDERS.add(self)

    @property
    def origin_ns(self) -> int:
        """When the run began, by the clock."""
        return self._axis.origin_ns

    def now_ns(self) -> int:
        """The time since the run began."""
        return self._axis.now_ns()

    # In the chain

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Takes its place in the chain of a store.

        Raises:
            DispatchError: it is in a store already.
        """
        if self._store is not None:
            raise DispatchError(f"this Timing records the store {self._store.name!r} already: make one for each store")
        self._store = store
        self._axis.follow(store)
        self.clock_ns = self._axis.clock.now_ns
        self._release += [
            store.probe(note_reduced),
            store.observe(self._roll_back, Rollback),
            store.when_observed(Span, self._publish_spans),
        ]
        return (record_dispatches if self.takes is None else sample_dispatches)(self, next)

    def has_ended(self, frame: Frame) -> None:
        """Hears from a frame that it has ended, when there is something to be done about it."""
        if len(self.pending) >= BATCH:
            self.log.file_if_free()
        if self.publisher is not None:
            self.publisher.publish(block_span_of(record_of(frame), self.origin_ns))

    def add(self, span: Span) -> None:
        """Records a span that was made elsewhere."""
        self.log.finished.append(span)
        if len(self.log.finished) >= BATCH:
            self.log.file_if_free()
        if self.publisher is not None:
            self.publisher.publish(span)

    def _roll_back(self, rollback: Rollback) -> None:
        self.log.roll_back(rollback, self.origin_ns)

    def _publish_spans(self, is_observed: bool) -> None:
        assert self._store is not None
        if is_observed:
            self.publisher = SpanPublisher(self._store)
        elif self.publisher is not None:
            publisher, self.publisher = self.publisher, None
            publisher.close()

    # By hand

    def span(self, name: str, /, **metadata: Any) -> Frame:
        """A block that is a span, for `with` and `async with`; an error that leaves it becomes its status, and goes on.

        What it gives has the fields of `Span`; `elapsed_ns` runs until the block ends.
        """
        if name.__class__ is not str:
            raise ActionError(f"a span is named by a string, as in span('parse'), not by {name!r}")
        if self.takes is None or self.takes(name):
            return Frame(self, name, "block", metadata)
        return UnsampledFrame(self, name, "block", metadata)

    def block(self, name: str, kind: str) -> Frame:
        """A span of any kind, for `with`: what thunks, effects and timed functions run in."""
        return (Frame if self.takes is None or self.takes(name) else UnsampledFrame)(self, name, kind, {})

    @overload
    def timed(self, fn: F, /) -> F: ...
    @overload
    def timed(self, fn: None = None, /, *, name: str | None = None, kind: str = "function") -> Callable[[F], F]: ...
    def timed(self, fn: Any = None, /, *, name: str | None = None, kind: str = "function") -> Any:
        """Makes each call of a function, coroutine or generator of either kind a span: `@timed`, `@timed(name=...)`.

        A generator's span lasts from its first item to its end and is not the current one while it is suspended.
        """
        if fn is None:
            return lambda fn: self._instrument(fn, name, kind)
        return self._instrument(fn, name, kind)

    def _instrument(self, fn: Any, name: str | None, kind: str) -> Any:
        if not callable(fn):
            raise ActionError(f"timed takes a function, as in @timing.timed, not {fn!r}")
        return instrument(fn, partial(self.block, name or name_of(fn), kind))

    def bind(self, fn: F) -> F:
        """A function like `fn` that runs inside the span that is current now, whatever thread or task calls it."""
        if not callable(fn):
            raise ActionError(f"bind takes a function, as in submit(timing.bind(work)), not {fn!r}")
        return carry(fn)  # type: ignore[return-value]

    def submit(self, executor: Executor, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Like `executor.submit`: the call is a span under the one that is current now, and what it records is inside.

        In a pool of processes, the spans that the worker records come back with the result, on the time axis of this
        process: those of every Timing there, be it a global of the function's module or an argument. It costs about
        0.1 ms a call.
        In the other pools it is `submit(bind(timed(fn)), ...)`.
        """
        if not is_process_pool(executor):
            return executor.submit(self.bind(self.timed(fn)), *args, **kwargs)
        take = partial(self.receive, submission=self.submission())
        return submit(executor, take, self.remote(fn), *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # Sent to a worker, as an argument or in a partial, it records there, and `submit` brings the spans back.
        return twin, (type(self), os.getpid(), id(self))

    def remote(self, fn: Callable[..., Any]) -> Remote:
        """A function like `fn` for the other processes of a pool that `submit` does not know; see `receive`."""
        return Remote(fn, type(self))

    def submission(self) -> Submission:
        """Here and now, for `receive`."""
        return submission(self.clock_ns())

    def receive(self, recorded: Recorded, submission: Submission) -> Any:
        """Takes over the spans of another process and gives the result.

        `recorded` is what `remote(fn)` returned there, `submission` what `submission()` gave here before.
        """
        for span in adopt(recorded, submission, self.origin_ns, self._axis.is_system):
            self.add(span)
        return recorded.result

    def drain(self) -> list[Span]:
        """Gives up the kept spans; their times are the clock's, not since the run began."""
        origin_ns = self.origin_ns
        return [
            replace(span, started_ns=span.started_ns + origin_ns, ended_ns=span.ended_ns + origin_ns)
            for span in self.log.drain(origin_ns)
        ]

    def mark(self, name: str) -> int:
        """Remembers this moment under a name, for `measure`; gives it, in nanoseconds since the run began."""
        return self._marks.set(name, self.now_ns())

    def measure(self, name: str, from_mark: str, to_mark: str | None = None) -> Span:
        """Records the time between two marks as a span of kind `measure`; until now if `to_mark` is None.

        Raises:
            LookupError: there is no such mark; the message names those that there are.
            ValueError: the second mark came before the first.
        """
        span = self._marks.span(name, from_mark, to_mark, self.now_ns())
        self.add(span)
        return span

    # Asking

    @property
    def spans(self) -> list[Span]:
        """The kept spans that have ended, in the order of their starts; costs about 1 µs for each."""
        return self.log.spans(self.origin_ns)

    def stats(self, name: str) -> Stats | None:
        """The statistics of one name, None if no such span has ended."""
        distribution = self.log.distributions().get(name)
        return distribution.stats(self.sieve.left_out(name)) if distribution is not None else None

    def all_stats(self) -> dict[str, Stats]:
        """The statistics by name, in the order in which the names were first seen to end."""
        found = {name: self.stats(name) for name in self.log.distributions()}
        return {name: stats for name, stats in found.items() if stats is not None}

    @property
    def distributions(self) -> dict[str, Distribution]:
        """What the statistics are made from, by name; see `merge_distributions` for those of several runs."""
        return self.log.distributions()

    def tree(self) -> list[SpanNode]:
        """The spans that ran in no other, each with its `children`; only what has ended is in it."""
        return build_tree(self.spans)

    def format_tree(self) -> str:
        """The tree as text, one line a span."""
        return format_tree(self.tree())

    def close(self) -> None:
        """Ends what still runs, marking it `left_open`, and lets go of the store; what was recorded stays readable."""
        for frame in self.log.running():
            frame.leave_open()
            self.has_ended(frame)
        set_current(standing(get_current()))
        while self._release:
            self._release.pop()()
