"""Going on with a run whose process has ended: state, history and undo as they were, appending to the same file."""

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from statestore.core.reducing import initial_of
from statestore.core.store import Store
from statestore.errors import JournalError
from statestore.history.branches import Branches
from statestore.history.file import HistoryFile
from statestore.history.history import History
from statestore.history.live import Earlier
from statestore.journal.classes import Opaque, is_user_class, register
from statestore.journal.reader import JournalFile
from statestore.journal.recorder import Journal
from statestore.ports import Clock, Dispatch, Middleware, StoreLike
from statestore.tree.kinds import KINDS
from statestore.values import Move, Snapshot


def resume(
    path: str | os.PathLike[str],
    reducer: Any,
    *,
    middleware: Sequence[Middleware] = (),
    name: str | None = None,
    clock: Clock | None = None,
    allow_redacted: bool = False,
    **journal: Any,
) -> Store:
    """Makes a store that goes on where a history file ends, and appends to it.

    State, head, commits, branches, moves and snapshots are as they were, so undo and redo reach back over the end of
    the old process. Old commits stay in the file and are read from there. A torn tail is cut off, and the cut is
    recorded. Times go on from the start of the first run, by the wall clock.

    Args:
        path: the file.
        reducer: what is to be run from now on; its initial value says which classes the records in the state have.
        middleware: as for `Store`. A `Journal` for the file is added, and a `History` if there is none.
        name: how the store is called; as in the file unless given.
        clock: as for `Store`.
        allow_redacted: go on although parts were redacted: marks stand in their place, in the state too.
        journal: settings of the `Journal`.

    Raises:
        CorruptHistoryError: the file is damaged in its middle; repair it first.
        JournalError: there is no such file, another writer has it, it was redacted, or the state has records of a class
            that is not registered.
    """
    layers = list(middleware)
    if any(isinstance(layer, Journal) for layer in layers):
        raise JournalError("resume adds the journal of the file itself; leave it out of the middleware")
    register_classes(initial_of(reducer))
    histories = [layer for layer in layers if isinstance(layer, History)] or [History()]
    layers += [history for history in histories if history not in layers]
    writing = Journal.appending(path, **journal)
    earlier = _Reopening(path)
    try:
        past = earlier.past
        state = past.state_at("head")
        _check(past, state, allow_redacted)
        # All that is needed of the file is read, and so found sound, before the store has the journal append to it.
        remembered = [(history, _read_earlier(earlier)) for history in histories]
        start = _Start(past, state)
        store = Store(reducer, state, middleware=[*layers, writing, start], name=name or past.header.store, clock=clock)
    except BaseException:
        writing.close()
        earlier.close()
        raise
    for history, known in remembered:
        history.go_on(known)
    return store


class _Start:
    """The innermost layer: puts the store where the file ends before the other layers are installed."""

    def __init__(self, past: HistoryFile, state: Any) -> None:
        self._past = past
        self._state = state

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        past, started = self._past, self._past.header.started_wall_ns
        elapsed = max(store.clock.wall_ns() - started, _last_time(past))  # wall clocks may have been set back
        store.rebase(self._state, past.position, past.newest, elapsed, started)
        return next


def _last_time(past: HistoryFile) -> int:
    times = [move.at_ns for move in past.moves[-1:]]
    if past.newest:
        commit = past.commit_at(past.newest)
        times.append(commit.started_ns + commit.elapsed_ns)
    return max(times, default=0)


class _Reopening:
    """The file as it was when the run was resumed; closed with the history, and opened again if somebody asks later."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._past: HistoryFile | None = None

    @property
    def past(self) -> HistoryFile:
        if self._past is None:
            self._past = HistoryFile(JournalFile(self._path))
        return self._past

    def close(self) -> None:
        past, self._past = self._past, None
        if past is not None:
            past.close()


def _read_earlier(earlier: _Reopening) -> Earlier:
    """What a history needs to know of the past in the file; after a `clear` only what followed it."""
    past = earlier.past
    moves, snapshots = list(past.moves), list(past.snapshots)
    clears = [i for i, move in enumerate(moves) if move.kind == "clear"]
    branches = past.branches
    if clears:
        cleared = moves[clears[-1]]
        moves = moves[clears[-1] :]
        snapshots = [snapshot for snapshot in snapshots if snapshot.at_ns > cleared.at_ns]
        branches = _branches_since(past, cleared)
    return Earlier(
        branches=branches,
        frames=[seq for seq in past.file.keyframes if seq >= branches.first],
        moves=moves,
        snapshots=_latest_of_name(snapshots),
        snapshots_made=max([snapshot.id for snapshot in past.snapshots], default=0),
        commit_at=lambda seq: earlier.past.commit_at(seq),
        state_of=lambda position: earlier.past.state_of(position),
        close=earlier.close,
    )


def _branches_since(past: HistoryFile, cleared: Move) -> Branches:
    known = bisect_left(past.commits, cleared.at_ns, key=lambda commit: commit.started_ns)
    branches = Branches(cleared.to_seq, known)
    for seq in range(known + 1, past.newest + 1):
        branches.add(seq, past.parent(seq))
    return branches


def _latest_of_name(snapshots: list[Snapshot]) -> list[Snapshot]:
    by_name = {snapshot.name: snapshot for snapshot in snapshots}
    return sorted(by_name.values(), key=lambda snapshot: snapshot.id)


def _check(past: HistoryFile, state: Any, allow_redacted: bool) -> None:
    if past.redacted and not allow_redacted:
        raise JournalError(
            f"parts of {past.file.path} were redacted, and marks would stand in their place; "
            "give allow_redacted=True to go on with them"
        )
    unknown = sorted({value.record_name for value in _walk(state) if isinstance(value, Opaque)})
    if unknown:
        raise JournalError(
            f"the state in {past.file.path} has records of {', '.join(unknown)}, which nobody registered; "
            "call register(cls) for the class, or have one in the reducer's initial value"
        )


def register_classes(initial: Any) -> None:
    """Lets the records of a file be read as the classes of the program that are in an initial value."""
    for value in _walk(initial):
        if is_user_class(type(value)):
            register(type(value))


def _walk(value: Any) -> Iterator[Any]:
    """The value and all its parts."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        yield value
        kind = KINDS[type(value)]
        match kind.role:
            case "mapping":
                waiting += [part for pair in value.items() for part in pair]
            case "sequence" | "set":
                waiting += value
            case "record":
                waiting += [getattr(value, name) for name in kind.fields(value)]
