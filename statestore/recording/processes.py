"""Spans of worker processes: recorded there, brought back with the result, put under the span that submitted it."""

import os
import pickle
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakSet

import msgspec

from statestore.recording.frames import get_current, new_id, set_current
from statestore.values import Span

# Where the monotonic clock is the machine's (Linux, macOS), two processes read the same one, and what they find between
# it and the wall clock differs only by the time of two readings. A step of the wall clock is rarely smaller than this.
_SAME_CLOCK_NS = 5_000_000
# The attribute that carries the spans of a call that failed.
_CARRIED = "__statestore_recorded__"

RECORDERS: "WeakSet[Any]" = WeakSet()
"""Every Timing of this process: in a worker, the copies and namesakes of those that its functions use."""


_TWINS: dict[tuple[int, int], Any] = {}
"""In a worker: the recorders that stand for those of the process which sent them."""


def twin(kind: type, home: int, key: int) -> Any:
    """What a Timing is on the other side of a pickle: itself at home, in another process one that stands for it."""
    if home == os.getpid():
        for recorder in list(RECORDERS):
            if id(recorder) == key:
                return recorder
    return _TWINS.setdefault((home, key), kind())


class Recorded(msgspec.Struct, frozen=True):
    """What a call in another process gave: its result, and the spans of that process by its own clock.

    `wall_offset_ns` is what its wall clock was ahead of its monotonic one.
    """

    result: Any
    spans: list[Span]
    wall_offset_ns: int


class Submission(msgspec.Struct, frozen=True):
    """Where and when work was submitted."""

    parent_id: int | None
    at_ns: int
    wall_offset_ns: int


class Remote:
    """A function that takes its spans back with it: what it returns is a `Recorded`. Pickled as `fn` is.

    `kind` is the recorder of that process, Timing; this module cannot name it, being what it is built on.
    """

    def __init__(self, fn: Callable[..., Any], kind: type) -> None:
        self._fn = fn
        self._kind = kind
        self._home = os.getpid()

    def __call__(self, *args: Any, **kwargs: Any) -> Recorded:
        if os.getpid() == self._home:
            return Recorded(self._fn(*args, **kwargs), [], wall_offset_ns())
        set_current(None)  # a forked process begins with the current span of its parent
        _drain()
        timing = self._kind()
        try:
            result = timing.timed(self._fn)(*args, **kwargs)
        except BaseException as error:
            setattr(error, _CARRIED, Recorded(None, _drain(), wall_offset_ns()))
            raise
        return Recorded(result, _drain(), wall_offset_ns())


def _drain() -> list[Span]:
    """All spans that this process has recorded since last time, by the clock."""
    spans = [_portable(span) for recorder in list(RECORDERS) for span in recorder.drain()]
    return sorted(spans, key=lambda span: span.id)


def _portable(span: Span) -> Span:
    """The span with metadata that can be sent: a result must not be lost for what was only said about it."""
    try:
        if span.metadata:
            pickle.dumps(span.metadata)
    except Exception:  # noqa: BLE001  # whatever keeps somebody's object from being pickled
        return msgspec.structs.replace(span, metadata={key: repr(value) for key, value in span.metadata.items()})
    return span


def wall_offset_ns() -> int:
    """How far the wall clock is ahead of the monotonic one, to tell whether two processes share the latter."""
    return time.time_ns() - time.perf_counter_ns()


def adopt(recorded: Recorded, submission: Submission, origin_ns: int, is_system_clock: bool) -> list[Span]:
    """The spans as part of this process's tree and on its time axis."""
    ids = {span.id: new_id() for span in recorded.spans}
    shift_ns = _shift_ns(recorded, submission, is_system_clock) - origin_ns
    return [
        msgspec.structs.replace(
            span,
            id=ids[span.id],
            parent_id=submission.parent_id if span.parent_id is None else ids.get(span.parent_id, submission.parent_id),
            started_ns=span.started_ns + shift_ns,
            ended_ns=span.ended_ns + shift_ns,
            seq=None,  # of a store in that process, if any
        )
        for span in recorded.spans
    ]


def _shift_ns(recorded: Recorded, submission: Submission, is_system_clock: bool) -> int:
    """What to add to times of the other process to get those of this one's clock."""
    if not is_system_clock:  # no other process knows this clock: let the work begin when it was submitted
        return submission.at_ns - min((span.started_ns for span in recorded.spans), default=0)
    shift_ns = recorded.wall_offset_ns - submission.wall_offset_ns
    return shift_ns if abs(shift_ns) > _SAME_CLOCK_NS else 0


class _Relay(Future[Any]):
    """The future of the result alone, behind that of the result with its spans."""

    def __init__(self, inner: "Future[Any]") -> None:
        super().__init__()
        self._inner = inner

    def cancel(self) -> bool:
        return self._inner.cancel()

    def running(self) -> bool:
        return self._inner.running()

    def relay(self, take: Callable[[Recorded], Any], inner: "Future[Any]") -> None:
        if inner.cancelled():
            super().cancel()
            self.set_running_or_notify_cancel()
        elif (error := inner.exception()) is not None:
            recorded = getattr(error, _CARRIED, None)
            if recorded is not None:
                delattr(error, _CARRIED)
                take(recorded)
            self.set_exception(error)
        else:
            self.set_result(take(inner.result()))


def submit(
    executor: Executor, take: Callable[[Recorded], Any], remote: Remote, /, *args: Any, **kwargs: Any
) -> "Future[Any]":
    """Submits a call to a pool of processes; `take` gets what comes back, and gives the result."""
    inner = executor.submit(remote, *args, **kwargs)
    relay = _Relay(inner)
    inner.add_done_callback(partial(relay.relay, take))
    return relay


def is_process_pool(executor: Executor) -> bool:
    """Whether work submitted to it runs in other processes."""
    return isinstance(executor, ProcessPoolExecutor)


def submission(at_ns: int) -> Submission:
    """Here and now."""
    parent = get_current()
    return Submission(parent.id if parent is not None else None, at_ns, wall_offset_ns())


def _after_fork() -> None:
    """A forked process starts with no lock held by a thread that it does not have."""
    for recorder in list(RECORDERS):
        recorder.log.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
