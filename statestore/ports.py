"""The Protocols between layers: what each may know of the others."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import Any, Protocol, TypeAlias, TypeVar

from statestore.values import (
    Action,
    Alert,
    Change,
    Commit,
    GaugeSample,
    Header,
    MemorySample,
    Milestone,
    Move,
    Path,
    Session,
    Snapshot,
    Span,
)

T = TypeVar("T")

Reducer: TypeAlias = Callable[[Any, Action], Any]
Dispatch: TypeAlias = Callable[[Any], Any]
Unsubscribe: TypeAlias = Callable[[], None]
Sink: TypeAlias = Callable[[Any], object]
"""Takes each recorded value as it is made, in the thread that made it; one that raises is detached."""


class Clock(Protocol):
    """Where times come from: nanoseconds, and a way to wait that a test can drive."""

    @property
    def now_ns(self) -> Callable[[], int]:
        """Reads the monotonic time; a property so that a built-in function can be called without a step between."""

    @property
    def wall_ns(self) -> Callable[[], int]:
        """Reads the time since the epoch, UTC."""

    def wait(self, event: Event, timeout_ns: int) -> bool:
        """Waits until `event` is set or the time has passed; says whether it was set."""


class SystemClock:
    """The clock of this machine."""

    now_ns = staticmethod(time.perf_counter_ns)
    wall_ns = staticmethod(time.time_ns)

    def wait(self, event: Event, timeout_ns: int) -> bool:
        """Waits in real time."""
        return event.wait(timeout_ns / 1e9)


class PatchingReducer(Protocol):
    """A reducer that knows what it changed, so that nobody has to compare two states to find out."""

    def reduce(self, state: Any, action: Action, path: Path, changes: list[Change]) -> Any:
        """Gives the next state and appends to `changes` what leads there, with paths below `path`."""


class StoreLike(Protocol):
    """What middleware and recorders may know of a store."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> Any: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def origin_ns(self) -> int:
        """What the clock said when the run began; every recorded time is the clock's minus this."""

    @property
    def started_wall_ns(self) -> int:
        """When the run began, in nanoseconds since the epoch, UTC."""

    @property
    def head(self) -> int:
        """The seq of the commit whose state is the state now; 0 at the root."""

    @property
    def seq(self) -> int:
        """The seq of the newest commit; 0 before the first."""

    @property
    def published(self) -> tuple[int, Any]:
        """Head and state without waiting; inside a transaction those before, as observers hear of it at its end."""

    @property
    def here(self) -> tuple[int, Any]:
        """Head and state as they belong together."""

    @property
    def middleware(self) -> tuple[Any, ...]: ...

    def now_ns(self) -> int:
        """The time since the run began."""

    def dispatch(self, action: Any) -> Any: ...
    def subscribe(
        self, listener: Callable[..., object], *, select: Callable[[Any], Any] | None = None
    ) -> Unsubscribe: ...
    def observe(self, sink: Sink, *value_types: type) -> Unsubscribe: ...
    def publish(self, value: Any) -> None:
        """Hands a recorded value to whoever observes its type."""

    def when_observed(self, value_type: type, hook: Callable[[bool], object]) -> Unsubscribe:
        """Calls `hook(True)` once values of that type are observed, maybe now, and `hook(False)` once not."""

    def probe(self, hook: Callable[[int, int, int], object]) -> Unsubscribe:
        """Calls `hook(seq, started_ns, elapsed_ns)` of the reducer after each applied action, in its thread."""

    def at_close(self, hook: Callable[[], object]) -> Unsubscribe:
        """Calls `hook()` when the store is closed."""

    def holding(self, what: str = "change the store") -> AbstractContextManager[None]:
        """Keeps every other thread from changing the store; raises where `what` cannot be done now."""

    def exclusively(self, what: str, deed: Callable[..., T], *arguments: Any) -> T:
        """Calls `deed(*arguments)` as inside `holding(what)`, at a third of the cost."""

    def run(self, state: Any, action: Action, changes: list[Change] | None = None) -> Any:
        """What the reducer makes of any state; changes nothing."""

    def graft(
        self,
        parent: int,
        action: Action,
        changes: Sequence[Change],
        *,
        started_ns: int | None = None,
        elapsed_ns: int = 0,
        group: int | None = None,
        label: str | None = None,
    ) -> Commit:
        """Makes the next commit on any parent and publishes it; state and head stay where they are."""

    def travel(self, state: Any, move: Move) -> None:
        """Puts the head at `move.to_seq` with that state, publishes the move and notifies the listeners."""

    def rebase(self, state: Any, head: int, seq: int, elapsed_ns: int, started_wall_ns: int | None = None) -> None:
        """Begins at a recorded point, with times that go on after `elapsed_ns`; for `resume`."""

    def block(self, reason: str | None) -> None:
        """Makes dispatch and travel raise `DispatchError(reason)` until called with None."""

    def suspend(self, suspended: bool) -> None:
        """While suspended, actions are applied and listeners notified, but no commit is made."""

    def grouping(self, label: str) -> AbstractContextManager[None]:
        """Gives all commits made inside, by this thread or task and those it starts, one group."""


Middleware: TypeAlias = Callable[[Any, Dispatch], Dispatch]
"""`middleware(store, next)` gives the dispatch that stands before `next`; a recorder may have a `close()` too.

One with a true `closes_last` is closed after all others, since it keeps what they record.
"""


class Source(Protocol):
    """The reading API that a live history and an opened history file share."""

    @property
    def header(self) -> Header: ...
    @property
    def sessions(self) -> Sequence[Session]:
        """Which processes recorded what there is, oldest first: of a live run, the one that runs."""

    @property
    def commits(self) -> Sequence[Commit]: ...
    @property
    def head(self) -> Commit | None: ...
    @property
    def tips(self) -> Sequence[Commit]: ...
    @property
    def snapshots(self) -> Sequence[Snapshot]: ...
    @property
    def moves(self) -> Sequence[Move]: ...
    @property
    def spans(self) -> Sequence[Span]: ...
    @property
    def milestones(self) -> Sequence[Milestone]: ...
    @property
    def samples(self) -> Sequence[MemorySample]: ...
    @property
    def gauges(self) -> Sequence[GaugeSample]: ...
    @property
    def alerts(self) -> Sequence[Alert]: ...
    def commit(self, ref: Any) -> Commit: ...
    def lineage(self, ref: Any = "head") -> Sequence[Commit]: ...
    def state_at(self, ref: Any) -> Any: ...
    def diff(self, a: Any, b: Any) -> Any: ...
    def blame(self, path: Path, ref: Any = "head") -> Commit | None: ...
    def where(self, path: Path, ref: Any = "head") -> Sequence[Commit]: ...
    def bisect(self, predicate: Callable[[Any], bool]) -> Commit | None: ...
    def find(self, type: str | None = None, payload: Any = None, predicate: Any = None) -> Sequence[Commit]: ...
    def compare(self, other: "Source") -> Any: ...
