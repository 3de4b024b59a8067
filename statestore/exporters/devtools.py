"""What Redux DevTools imports: its lifted state, and the short form of actions and a first state."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from statestore.errors import ActionError
from statestore.exporters.jsontext import JsonText, encode
from statestore.ports import Source
from statestore.tree.patches import revert_changes
from statestore.values import FAILED, Action, Commit

# DevTools holds every state in memory and draws every action. With 500 of them on 1,000 tasks, 58 MB, its page was
# seen to show the list after 4 s and to freeze for 1.3 s; some thousand it never showed.
STATES: Final = 500

Tell = Callable[[str], object]


def devtools(
    source: Source, *, ref: Any = "head", states: int | None = STATES, tell: Tell | None = None
) -> Iterator[bytes]:
    """The lifted state of Redux DevTools: actions, and the state after each, along one lineage.

    An action's id is the seq of its commit; id 0 is the `@@INIT` before them. Where the head was undone, what redo
    would bring back is staged too, and `currentStateIndex` is at the head. An action that failed has its error beside
    its state. JavaScript rounds integers beyond 2**53.

    Streams: the memory is that of two states, however many there are. Every state is in it whole, so its size is that
    of a state times their number: 10,000 states of 1,000 tasks are 719 MB, and take 0.2 ms each to write.

    Args:
        source: a live history or an opened file.
        ref: where the lineage ends.
        states: at most so many actions and states, the last ones up to the head, and at most half of them beyond it.
            What came before is committed, as by the `maxAge` of DevTools: the state before is where they begin. None
            takes all.
        tell: is called with a sentence on what was left out.

    Raises:
        ActionError: `states` is not a whole number of at least 1.
        HistoryError: the ref names nothing.
    """
    if states is not None and (type(states) is not int or states < 1):
        raise ActionError(f"states is a whole number of at least 1, or None for all, not {states!r}")
    staged = _stage(source, ref, states)
    if tell is not None and len(staged) < len(staged.line):
        tell(
            f"the last {len(staged):,} of {len(staged.line):,} actions are in it, and the state before them; "
            "states=None takes all"
        )
    return _write_lifted(source, ref, staged)


def devtools_actions(source: Source, *, ref: Any = "head", tell: Tell | None = None) -> Iterator[bytes]:
    """The short form: `payload`, the actions from the root to a ref, and `preloadedState`; both as JSON in a string.

    Who imports it runs the actions through a reducer of its own. Those that had failed are left out, as DevTools would
    run nothing after one that fails. Streams: the memory is that of one state.

    Args:
        source: a live history or an opened file.
        ref: where the lineage ends.
        tell: is called with a sentence on what was left out.

    Raises:
        HistoryError: the ref names nothing.
    """
    line = source.lineage(ref)
    return _write_actions(line, _state_before(source, ref, line, 0), tell)


@dataclass(frozen=True)
class _Staged:
    """Which commits of a lineage are written, and how many of them lead to the head."""

    line: Sequence[Commit]
    start: int
    stop: int
    current: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[Commit]:
        if len(self) == len(self.line):
            return iter(self.line)  # quicker than one by one
        return map(self.line.__getitem__, range(self.start, self.stop))


def _stage(source: Source, ref: Any, states: int | None) -> _Staged:
    line = source.lineage(ref)
    head = len(line)
    if ref == "head":
        redone = _end_of_redo(source)
        line = line if redone is None else source.lineage(redone)
    stop = len(line) if states is None else min(len(line), head + states // 2)
    start = 0 if states is None else max(0, stop - states)
    return _Staged(line, start, stop, head - start)


def _end_of_redo(source: Source) -> int | None:
    """The commit that was the head before the undos that led here; None where the head moved otherwise."""
    head, end = source.head, None
    at = head.seq if head is not None else None
    for move in reversed(source.moves):
        # A root may have any number; who is at one, and came by a move, came by the last.
        if move.kind != "undo" or (at is not None and move.to_seq != at):
            break
        at = end = move.from_seq
    return end


def _state_before(source: Source, ref: Any, line: Sequence[Commit], start: int) -> Any:
    if start >= len(line):
        return source.state_at(ref)
    first = line[start]
    return revert_changes(source.state_at(first.seq), first.changes)


def _write_lifted(source: Source, ref: Any, staged: _Staged) -> Iterator[bytes]:
    started_ns = source.header.started_wall_ns
    state = JsonText(_state_before(source, ref, staged.line, staged.start) if len(staged) else source.state_at(ref))
    committed = state.text
    ids = array("Q", [0])
    yield b'{"monitorState":{},"actionsById":{"0":' + _lift(Action("@@INIT"), started_ns)
    for commit in staged:
        ids.append(commit.seq)
        yield b',"%d":' % commit.seq + _lift(commit.action, started_ns + commit.started_ns)
    yield b'},"nextActionId":%d,"stagedActionIds":[0' % (ids[-1] + 1)
    for seq in ids[1:]:
        yield b",%d" % seq
    yield b'],"skippedActionIds":[],"committedState":' + committed
    yield b',"currentStateIndex":%d,"computedStates":[{"state":' % staged.current + committed + b"}"
    for commit in staged:
        state.apply(commit.changes)
        yield b',{"state":' + state.text + _error(commit) + b"}"
    yield b'],"isLocked":false,"isPaused":false}'


def _lift(action: Action, wall_ns: int) -> bytes:
    return b'{"type":"PERFORM_ACTION","action":%s,"timestamp":%d}' % (_as_json(action), wall_ns // 1_000_000)


def _as_json(action: Action) -> bytes:
    """A Flux standard action; what it does not have is not written."""
    fields = {"type": action.type, "payload": action.payload, "meta": action.meta}
    return encode({name: value for name, value in fields.items() if value is not None})


def _error(commit: Commit) -> bytes:
    if commit.label is None or not commit.label.startswith(FAILED):
        return b""
    return b',"error":' + encode(commit.label.removeprefix(FAILED))


def _write_actions(line: Sequence[Commit], root: Any, tell: Tell | None) -> Iterator[bytes]:
    yield b'{"payload":"['
    count = failed = 0
    for commit in line:
        if commit.label is not None and commit.label.startswith(FAILED):
            failed += 1
            continue
        yield (b"," if count else b"") + _escape(_as_json(commit.action))
        count += 1
    yield b']","preloadedState":"' + _escape(encode(root)) + b'"}'
    if failed and tell is not None:
        tell(f"{failed:,} actions that had failed were left out")


def _escape(text: bytes) -> bytes:
    """JSON text as it stands inside of a JSON string."""
    return msgspec.json.encode(text.decode())[1:-1]
