"""What runs now: the frame of each span from its start to its end, and which one is the current one."""

import os
from _thread import get_ident
from asyncio import _get_running_loop, current_task
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import Any, ClassVar, TypeAlias

import msgspec

LEFT_OPEN = "left_open"
"""The status of a span that was still running when its recorder was closed."""

# An error's text goes into every reader's table and into the file: a page of it tells what there is to tell.
_MAX_ERROR_TEXT = 1_000

# Records are filed this many at a time: few enough that it takes about a tenth of a millisecond of whatever span is
# running then, enough that the lock and the calls around it cost nothing per record.
BATCH = 1_000

CURRENT: ContextVar[Any] = ContextVar("statestore_current_frame", default=None)
"""The innermost frame of this thread or task; one for all recorders, so that a closed one leaves no variable behind."""

get_current: Callable[[], "AnyFrame | None"] = CURRENT.get
set_current = CURRENT.set
reset_current = CURRENT.reset
new_id = count(1).__next__

_process_id = os.getpid()


class DispatchFrame(msgspec.Struct, array_like=True, eq=False, gc=False):
    """A dispatch that runs. One is made for every dispatch, and is kept, encoded, as part of its record.

    Its defaults are C functions, which the constructor calls without a step through Python, and the garbage collector
    does not walk it, as no cycle goes through it (see the benchmark `Timing on a dispatch`).
    """

    # The frame around this one; its id, once this one has ended.
    parent: Any = msgspec.field(default_factory=get_current)
    id: int = msgspec.field(default_factory=new_id)
    thread_id: int = msgspec.field(default_factory=get_ident)
    # The event loop that runs here; the name of its task, once this one has ended.
    task: Any = msgspec.field(default_factory=_get_running_loop)
    seq: int | None = None
    reducer_ns: int | None = None
    # What was attached while it ran, if anything was: log lines.
    metadata: dict[str, Any] | None = None

    is_abandoned: ClassVar[bool] = False


class Frame(msgspec.Struct, eq=False):
    """A block, function, thunk or effect that runs; afterwards its record, with the fields of a `Span`."""

    recorder: Any
    name: str
    kind: str
    metadata: dict[str, Any]
    # The frame around this one; its id, once this one has been filed.
    parent: Any = msgspec.field(default_factory=get_current)
    id: int = msgspec.field(default_factory=new_id)
    thread_id: int = msgspec.field(default_factory=get_ident)
    # The event loop that runs here; the name of its task, once this one has ended.
    task: Any = msgspec.field(default_factory=_get_running_loop)
    # By the clock, not since the run began.
    began_ns: int = 0
    finished_ns: int | None = None
    status: str = "ok"
    seq: int | None = None
    reducer_ns: int | None = None
    # Ended while an inner one of its context still ran: that one must not make it the current one again.
    is_abandoned: bool = False

    @property
    def started_ns(self) -> int:
        """When it started, since the run began."""
        return int(self.began_ns - self.recorder.origin_ns)

    @property
    def ended_ns(self) -> int | None:
        """When it ended, since the run began; None while it runs."""
        return None if self.finished_ns is None else int(self.finished_ns - self.recorder.origin_ns)

    @property
    def elapsed_ns(self) -> int:
        """From start to end, or until now while it runs."""
        return int((self.recorder.clock_ns() if self.finished_ns is None else self.finished_ns) - self.began_ns)

    @property
    def parent_id(self) -> int | None:
        """The id of the span around this one."""
        return id_of(self.parent)

    @property
    def process_id(self) -> int:
        """The process that it runs in."""
        return process_id()

    def visible(self) -> "AnyFrame | None":
        """What is the current frame while this one runs."""
        return self

    def __enter__(self) -> "Frame":
        recorder = self.recorder
        append = recorder.append
        append(self)
        set_current(self)
        clock_ns = recorder.clock_ns
        self.began_ns = clock_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        recorder, parent = self.recorder, self.parent
        clock_ns = recorder.clock_ns
        finished_ns = clock_ns()
        if get_current() is not self:
            self.is_abandoned = True
        elif parent is None or not parent.is_abandoned:
            set_current(parent)
        else:
            set_current(standing(parent))
        if self.finished_ns is None:  # else its recorder was closed meanwhile
            if error is not None or self.seq is not None or self.task is not None:
                self._settle(error)
            self.finished_ns = finished_ns
            if len(recorder.pending) >= BATCH or recorder.publisher is not None:
                recorder.has_ended(self)

    async def __aenter__(self) -> "Frame":
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self.__exit__(kind, error, trace)

    def begin(self) -> None:
        """Starts without becoming the current one."""
        self.recorder.append(self)
        self.began_ns = self.recorder.clock_ns()

    def finish(self, error: BaseException | None = None) -> None:
        """Ends, unless it has, whatever the current one is."""
        if self.finished_ns is None:
            finished_ns = self.recorder.clock_ns()
            self._settle(error)
            self.finished_ns = finished_ns
            self.recorder.has_ended(self)

    def _settle(self, error: BaseException | None) -> None:
        if error is not None:
            self.status, self.metadata = failure(error, **self.metadata)
        if self.seq is not None and self.parent is not None:
            # An inner middleware opened this one around the rest of the chain: the commit is the dispatch's.
            self.parent.seq, self.parent.reducer_ns = self.seq, self.reducer_ns
        if self.task is not None:
            self.task = name_of_task()

    def leave_open(self) -> None:
        """Ends because its recorder is closed; its block may go on, and is not to be in the way then."""
        self.status = LEFT_OPEN
        self.is_abandoned = True
        self.task = None
        self.finished_ns = self.recorder.clock_ns()

    def __repr__(self) -> str:
        state = "running" if self.finished_ns is None else self.status
        return f"<Frame {self.id} {self.name!r} {state} {self.elapsed_ns} ns>"


class UnsampledFrame(Frame, eq=False):
    """A block that its recorder leaves out unless it fails; spans inside belong to what is around it."""

    def visible(self) -> "AnyFrame | None":
        """What is around it."""
        around: AnyFrame | None = self.parent
        return around

    def __enter__(self) -> Frame:
        self.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self.finish(error)

    def begin(self) -> None:
        """Starts."""
        self.began_ns = self.recorder.clock_ns()

    def finish(self, error: BaseException | None = None) -> None:
        """Ends, and is recorded only if it failed."""
        if error is not None:
            self.recorder.append(self)
            super().finish(error)
        elif self.finished_ns is None:
            self.finished_ns = self.recorder.clock_ns()
            self.recorder.sieve.leave_out(self.name)


AnyFrame: TypeAlias = DispatchFrame | Frame


def standing(frame: AnyFrame | None) -> AnyFrame | None:
    """The frame itself, or the nearest one around it that was not abandoned."""
    while frame is not None and frame.is_abandoned:
        frame = frame.parent
    return frame


def id_of(parent: Any) -> int | None:
    """The id of a frame; what is one already stays as it is."""
    return parent if parent is None or isinstance(parent, int) else int(parent.id)


def process_id() -> int:
    """This process, without asking the system each time."""
    return _process_id


def _know_process() -> None:
    global _process_id
    _process_id = os.getpid()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_know_process)


def name_of_task() -> str | None:
    """The name of the asyncio task that runs here; None in a callback of the loop and outside of it."""
    if _get_running_loop() is None:
        return None
    task = current_task()
    return task.get_name() if task is not None else None


def failure(error: BaseException, **metadata: Any) -> tuple[str, dict[str, Any]]:
    """The status and the metadata of a span that an error has ended."""
    try:
        text = str(error)[:_MAX_ERROR_TEXT]
    except Exception as worse:  # noqa: BLE001  # somebody else's __str__, on the way of an error that matters more
        text = f"({type(error).__name__}, whose text raised {type(worse).__name__})"
    return type(error).__name__, {**metadata, "error": text}
