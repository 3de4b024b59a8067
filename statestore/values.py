"""The frozen values that flow from a dispatch to every reader of the past."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

Op: TypeAlias = Literal["add", "replace", "remove"]
Path: TypeAlias = tuple[Any, ...]

Change: TypeAlias = tuple[Op, Path, Any, Any]
"""A patch and its inverse in one: `(op, path, value, old)`. `value` is None for a removal, `old` for an addition."""

FAILED = "failed: "
"""How the label of a commit begins whose action raised when it was run again; it changed nothing."""

_INVERSE_OP: dict[Op, Op] = {"add": "remove", "remove": "add", "replace": "replace"}


class Action(msgspec.Struct, frozen=True, array_like=True):
    """What happened, as a plain value that can be stored: equality is by value.

    Args:
        type: the name, by convention `slice/event`.
        payload: plain data; a creator makes a dict of its parameters.
        meta: data about the action itself (who, why, trace ids), kept with it and never read by the store.

    What is of the wrong type is refused when it is dispatched.
    """

    type: str
    payload: Any = None
    meta: Mapping[str, Any] | None = None


class Patch(msgspec.Struct, frozen=True):
    """One change: `op` is `add`, `replace` or `remove`; `path` the keys from the root; `value` None for a removal.

    In a list, patches follow RFC 6902: in order, and `add` inserts before the index. In a set, the last element of
    the path is the member itself.
    """

    op: Op
    path: Path
    value: Any = None


def patches_of(changes: tuple[Change, ...]) -> tuple[Patch, ...]:
    """The patches that lead from the old value to the new one."""
    return tuple([Patch(op, path, value) for op, path, value, _ in changes])


def inverse_of(changes: tuple[Change, ...]) -> tuple[Patch, ...]:
    """The patches that lead back from the new value to the old one, in the order in which they apply."""
    return tuple([Patch(_INVERSE_OP[op], path, old) for op, path, _, old in reversed(changes)])


class Commit(msgspec.Struct, frozen=True, eq=False, array_like=True):
    """The record of one applied action.

    `seq` counts from 1; `parent` is the seq of the commit it was applied to, 0 the root. `started_ns` and `elapsed_ns`
    time the reducer alone, in nanoseconds since the run began. Commits with one `group` (the seq of its first member)
    are one step of undo.
    """

    seq: int
    parent: int
    action: Action
    changes: tuple[Change, ...]
    started_ns: int
    elapsed_ns: int
    group: int | None = None
    label: str | None = None
    # The encoded form, kept once it was made so that memory, file and wire share it; no part of the value.
    wire: bytes | None = None

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What leads from the parent's state to this commit's."""
        return patches_of(self.changes)

    @property
    def inverse(self) -> tuple[Patch, ...]:
        """What leads back to the parent's state."""
        return inverse_of(self.changes)

    def _value(self) -> tuple[Any, ...]:
        return (
            self.seq, self.parent, self.action, self.changes, self.started_ns, self.elapsed_ns, self.group, self.label,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return self._value() == other._value() if isinstance(other, Commit) else NotImplemented

    def __ne__(self, other: object) -> bool:  # msgspec's own goes by identity
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # equality is by value, and a payload may be a dict

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.__struct_fields__[:-1]]

    def __repr__(self) -> str:
        return f"Commit({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class Move(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The head went from one commit to another: `kind` is undo, redo, goto, rewrite, squash, clear or resume."""

    kind: str
    from_seq: int
    to_seq: int
    at_ns: int


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """A named, kept reference to the state at one commit."""

    id: int
    name: str
    seq: int
    at_ns: int
    metadata: Mapping[str, Any] = {}


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A named interval of time, in nanoseconds since the run began.

    `kind` is `dispatch`, `block`, `function`, `thunk`, `effect` or `measure`; `status` is `ok` or the name of the error
    that ended it; `seq` the commit that the span made, None if it made none; `parent_id` None at the root.
    """

    id: int
    parent_id: int | None
    name: str
    kind: str
    started_ns: int
    ended_ns: int
    status: str = "ok"
    metadata: Mapping[str, Any] = {}
    seq: int | None = None
    process_id: int = 0
    thread_id: int = 0
    task: str | None = None
    # Of a dispatch: the time inside the reducer; what remains is middleware, recording and listeners.
    reducer_ns: int | None = None

    @property
    def elapsed_ns(self) -> int:
        """From start to end, in nanoseconds."""
        return self.ended_ns - self.started_ns


class Milestone(msgspec.Struct, frozen=True, array_like=True):
    """A named moment: `seq` is the head's commit then, `data` whatever belongs to it.

    `span_id` is the innermost span that ran where it was reached; None if none did, or a release before this wrote it.
    """

    name: str
    at_ns: int
    data: Any = None
    metadata: Mapping[str, Any] = {}
    seq: int = 0
    span_id: int | None = None


class MemorySample(msgspec.Struct, frozen=True, array_like=True):
    """One reading of memory: `rss_bytes` is the resident size of the process, `heap_blocks` what Python allocated."""

    at_ns: int
    rss_bytes: int
    heap_blocks: int = 0
    gc_collections: int = 0
    gc_pause_ns: int = 0
    history_commits: int = 0
    history_bytes: int = 0
    traced_bytes: int | None = None


class Rollback(msgspec.Struct, frozen=True, array_like=True):
    """A transaction was undone: the commits from `first_seq` to `last_seq` were applied, and then never were."""

    label: str
    first_seq: int
    last_seq: int
    error: str
    at_ns: int


class GaugeSample(msgspec.Struct, frozen=True, array_like=True):
    """One reading of how the process runs. Sums are since the process began, the others since the reading before.

    `loop_*` tell of the asyncio event loop and are None without one: how late its timers came, the share of the time in
    which it was not waiting for anything (0 to 1), and the longest time for which something in it held it up: a delay
    without that part in which its thread only waited for a processor, other programs having them all.
    """

    at_ns: int
    cpu_ns: int
    threads: int
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    gc_pause_ns: int = 0
    gc_longest_ns: int = 0
    loop_delay_p50_ns: int | None = None
    loop_delay_p99_ns: int | None = None
    loop_delay_max_ns: int | None = None
    loop_utilisation: float | None = None
    loop_held_ns: int | None = None


class Header(msgspec.Struct, frozen=True):
    """What a run says about itself: the wall clock is UTC, every other time counts from it."""

    run: str
    store: str
    started_wall_ns: int
    process_id: int = 0
    python: str = ""
    statestore: str = ""
    platform: str = ""


class Session(msgspec.Struct, frozen=True):
    """A process that recorded a part of the run: the first is number 0, then one each time that it was resumed.

    `started_ns` is when it began, since the run began. The ids of spans are unique within a session only: of spans that
    ended from `started_ns` on, until the next one began.
    """

    number: int = 0
    started_ns: int = 0
    process_id: int = 0


class Alert(msgspec.Struct, frozen=True, array_like=True):
    """A rule was broken: which, by what (`subject`), and since when; `evidence` holds the numbers of the sentence."""

    rule: str
    subject: str
    at_ns: int
    sentence: str
    evidence: Mapping[str, Any] = {}
