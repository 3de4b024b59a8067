"""Making a history file of what Redux DevTools exported."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from statestore.core.reducing import PATCHED, initial_of, run_reducer
from statestore.core.store import Store
from statestore.errors import JournalError
from statestore.exporters.lifted import Entry, Lifted, read_lifted
from statestore.journal.format import MAX_DEPTH
from statestore.journal.recorder import Journal
from statestore.ports import SystemClock
from statestore.tree.equality import same
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS, MISSING
from statestore.tree.plain import to_plain
from statestore.values import FAILED, Action, Change, Move
from statestore.values import Path as Keys

NS_IN_MS: Final = 1_000_000
# What an action's payload and a change are wrapped in takes the rest of the levels that a record may have.
DEEPEST: Final = MAX_DEPTH - 10


class Imported(NamedTuple):
    """What became of an imported file: `actions` are commits now, of which `failed` changed nothing, as there.

    `skipped` were toggled off and are left out. `current` is how many of the actions lead to the head.
    """

    actions: int
    failed: int
    skipped: int
    current: int


def import_devtools(
    text_or_path: str | bytes | os.PathLike[str],
    out: str | os.PathLike[str],
    reducer: Any = None,
    *,
    name: str = "devtools",
    **journal: Any,
) -> Imported:
    """Makes a history file of a file that Redux DevTools exported: lifted state, or actions with a preloaded state.

    Where the file tells the state after each action, what each changed is found by comparing neighbours, and no reducer
    is needed. With a reducer, what it makes of the actions counts. Timestamps become the times. An action that failed
    changes nothing, and its label tells the error; one that was toggled off is left out. Of an action that is no Flux
    standard one, what stands beside its type becomes its payload. The head is where DevTools had its current state.

    Costs about 10 ms for each MB of large states, and 50 µs for each action; takes the memory of the text.

    Args:
        text_or_path: the JSON itself, which begins with a brace or bracket, or where it is.
        out: the history file to make; there must be none. It is never half a file.
        reducer: runs the actions; needed where the file does not tell the states.
        name: how the store is called in the file.
        journal: settings of the `Journal`, such as `redact`.

    Raises:
        JournalError: what was given is no such file, needs a reducer, or `out` exists.
    """
    data = _read(text_or_path)
    target = Path(out)
    if target.exists() and target.stat().st_size:
        raise JournalError(f"{target} has content; give the path of a new file")
    lifted = read_lifted(data)
    run = _Replay(lifted, reducer)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        result = run.write(Journal(part, **journal), name)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return result


def _read(text_or_path: str | bytes | os.PathLike[str]) -> bytes:
    if isinstance(text_or_path, bytes):
        return text_or_path
    if isinstance(text_or_path, str) and text_or_path.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return text_or_path.encode(errors="surrogatepass")
    try:
        return Path(text_or_path).read_bytes()
    except (OSError, ValueError) as error:
        raise JournalError(
            f"cannot read {str(text_or_path)[:200]!r}: {getattr(error, 'strerror', None) or error}"
        ) from None


class _Outcome(NamedTuple):
    state: Any
    changes: Sequence[Change]
    error: str | None


class _Replay:
    """Puts the actions of a file through a store, which is what a journal records."""

    def __init__(self, lifted: Lifted, reducer: Any) -> None:
        if reducer is None and not lifted.has_states:
            raise JournalError("the file tells actions and not the states after them; give the reducer that runs them")
        self._lifted = lifted
        self._reducer = reducer
        self._root = _root(lifted, reducer)
        self._outcome = _Outcome(self._root, [], None)
        self._left = lifted.most_values
        _count(self._root, 0)
        self._clock = _GivenClock(time.time_ns() if lifted.started_ms is None else int(lifted.started_ms * NS_IN_MS))

    def write(self, journal: Journal, name: str) -> Imported:
        """Makes the file."""
        actions = failed = 0
        try:
            with Store(self, self._root, middleware=[journal], name=name, clock=self._clock) as store:
                current = store.here
                for entry in self._lifted.entries:
                    self._put(store, entry)
                    actions, failed = actions + 1, failed + (self._outcome.error is not None)
                    if actions == self._lifted.current:
                        current = store.here
                if current[0] != store.head:
                    # As an undo, so that redo, and DevTools when it is exported again, know the way on.
                    store.travel(current[1], Move("undo", store.head, current[0], store.now_ns()))
                journal.flush()
        finally:
            journal.close()
        return Imported(actions, failed, self._lifted.skipped, self._lifted.current)

    def _put(self, store: Store, entry: Entry) -> None:
        if entry.at_ms is not None:
            self._clock.go_to(int(entry.at_ms * NS_IN_MS))
        outcome = self._outcome = self._find_outcome(store.state, entry)
        self._measure(entry.action, outcome.changes)
        if outcome.error is None and entry.action.type != PATCHED:
            store.dispatch(entry.action)
            return
        # A dispatch has no label to tell an error by, and patches would be applied by the store itself.
        label = None if outcome.error is None else FAILED + outcome.error
        commit = store.graft(store.head, entry.action, outcome.changes, label=label)
        store.travel(outcome.state, Move("rewrite", commit.parent, commit.seq, store.now_ns()))

    def _find_outcome(self, state: Any, entry: Entry) -> _Outcome:
        if self._reducer is None:
            return _Outcome(entry.state, entry.changes, entry.error)
        changes: list[Change] = []
        try:
            new = run_reducer(self._reducer, state, entry.action, changes)
        except Exception as error:  # noqa: BLE001  a failing action is a part of the history, not the end of it
            return _Outcome(state, [], f"{type(error).__name__}: {error}")
        return _Outcome(new, changes, None)

    def _measure(self, action: Action, changes: Sequence[Change]) -> None:
        """Refuses what a history file cannot hold, before the journal meets it."""
        count = _count((action.payload, action.meta), 0)
        count += sum([_count(value, len(path)) for _, path, value, _ in changes])
        if self._left is not None:
            self._left -= count
            if self._left < 0:
                raise JournalError("references make more values out of this file than a file of its size may mean")

    # What the store calls

    def reduce(self, state: Any, action: Action, path: Keys, changes: list[Change] | None) -> Any:
        """Gives what was found out about the action that is dispatched."""
        if changes is not None:
            changes.extend(self._outcome.changes)
        return self._outcome.state


def _root(lifted: Lifted, reducer: Any) -> Any:
    initial = MISSING if reducer is None else initial_of(reducer)
    if initial is MISSING:
        if lifted.root is MISSING:
            raise JournalError("the file does not tell the first state, and the reducer has none of its own")
        return lifted.root
    # Of the reducer's own, if they look alike: its records and sets are no longer that in JSON.
    alike = lifted.root is MISSING or same(freeze(to_plain(initial)), lifted.root)
    return freeze(initial) if alike else lifted.root


def _count(value: Any, level: int) -> int:
    """How many values there are in a value, which stands so many levels below the root."""
    count, waiting = 0, [(value, level)]
    while waiting:
        value, level = waiting.pop()
        count += 1
        if level > DEEPEST:
            raise JournalError(f"a value is nested too deeply: a history file holds {DEEPEST} levels")
        role = KINDS[type(value)].role
        if role == "mapping":
            waiting += [(part, level + 1) for part in value.values()]
        elif role == "sequence":
            waiting += [(part, level + 1) for part in value]
    return count


class _GivenClock(SystemClock):
    """Shows the time that it is told, which never runs backwards; waiting is real."""

    def __init__(self, wall_ns: int) -> None:
        self._started_ns = self._wall_ns = wall_ns

    def go_to(self, wall_ns: int) -> None:
        self._wall_ns = max(self._wall_ns, wall_ns)

    def now_ns(self) -> int:
        return self._wall_ns - self._started_ns

    def wall_ns(self) -> int:
        return self._wall_ns
