"""Reading what Redux DevTools exports: its lifted state, or the short form of actions and a first state."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from statestore.errors import JournalError
from statestore.exporters import jsan
from statestore.exporters.jsonparts import ARRAY, OBJECT, UNREADABLE, Raw, open_text, parse, parse_text
from statestore.exporters.sharing import Bound, States, most_values
from statestore.tree.kinds import MISSING
from statestore.values import Action, Change

_MARKS: Final = (b'"' + jsan.KEY.encode() + b'"', b'"' + jsan.CUSTOM.encode() + b'"')
_NEITHER: Final = "this is no file of Redux DevTools: it is JSON, and neither an object nor a list"
# Times beyond this, in milliseconds since 1970, do not fit into nanoseconds of 64 bits: the year 2262.
_LATEST_MS: Final = 9_000_000_000_000


class Entry(NamedTuple):
    """An action that was staged; `state` is what came of it, MISSING where the file does not tell, by these changes."""

    action: Action
    at_ms: float | None
    state: Any = MISSING
    changes: Sequence[Change] = ()
    error: str | None = None


@dataclass(frozen=True)
class Lifted:
    """What an exported file tells.

    Attributes:
        root: the state before all actions, MISSING where the file does not tell.
        started_ms: when that was, in milliseconds since the epoch; None where the file does not tell.
        current: how many of the entries lead to the current state.
        skipped: how many actions were left out, as they were toggled off.
        has_states: whether each entry has its state.
        entries: the actions in their order, each read when it is asked for; to be gone through once.
        most_values: how many values may be made of the changes between the states, where references could make more
            than the file holds; None where there are none.
    """

    root: Any
    started_ms: float | None
    current: int
    skipped: int
    has_states: bool
    entries: Iterator[Entry]
    most_values: int | None = None


def read_lifted(data: bytes) -> Lifted:
    """Reads an exported file: lifted state, `{payload, preloadedState}`, or a bare list of actions.

    Takes the memory of the text and of two states, unless there are references in it (jsan's), which take that of all
    that is parsed. Entries are read as they are asked for, and errors in them raised then. What one state has in common
    with the one before is the same object.

    Raises:
        JournalError: it is no such file; the message says what was found.
    """
    top = _parse_top(data)
    if isinstance(top, list):
        return _read_actions(top, MISSING, len(data))
    if "payload" in top:
        return _read_short(top)
    if "actionsById" not in top:
        raise JournalError(
            f"this is no file of Redux DevTools: it has neither actionsById nor payload, but {_some(top)}"
        )
    return _LiftedReader(top, len(data)).read()


def _parse_top(data: bytes) -> Any:
    """The outermost level in parts; parsed to its end where there are references."""
    if not any(mark in data for mark in _MARKS):
        try:
            first = data.lstrip(b" \t\r\n\xef\xbb\xbf")[:1]
            return (ARRAY if first == b"[" else OBJECT).decode(data.removeprefix(b"\xef\xbb\xbf"))
        except msgspec.ValidationError:
            raise JournalError(
                "this is no file of Redux DevTools: it is JSON, and neither an object nor a list"
            ) from None
        except (*UNREADABLE, RecursionError):
            pass  # maybe half of a surrogate pair, which JavaScript writes and json reads; else that says what is wrong
    document = jsan.restore(parse_text(data), parse_text)
    if not isinstance(document, dict | list):
        raise JournalError(_NEITHER)
    return document


def _some(keys: Mapping[str, Any]) -> str:
    shown = [repr(key[:40]) for key in list(keys)[:5]]
    return ", ".join(shown) + (" and more" if len(keys) > len(shown) else "") if shown else "nothing"


# The short form


def _read_short(top: Mapping[str, Raw]) -> Lifted:
    payload, data = _unquoted(top, "payload")
    root = MISSING
    if parse(top.get("preloadedState")) is not None:
        preloaded, text = _unquoted(top, "preloadedState")
        root = MISSING if preloaded is None else States(len(text)).take(preloaded)[0]
    if isinstance(payload, list):
        return _read_actions(payload, root, len(data))
    if isinstance(payload, dict) and "actionsById" in payload:
        return _LiftedReader(payload, len(data)).read()
    raise JournalError("the payload is neither a list of actions nor a lifted state")


def _unquoted(top: Mapping[str, Raw], name: str) -> tuple[Any, bytes]:
    """What is in a JSON string, or stands there unquoted, as people write it, in parts; and its text."""
    value = parse(top[name])
    text = value.encode(errors="surrogatepass") if isinstance(value, str) else bytes(_text_of(top[name]))
    if name == "payload":
        return _parse_top(text), text
    return jsan.restore(parse_text(text), parse_text), text


def _text_of(part: Raw) -> bytes:
    return part if isinstance(part, msgspec.Raw) else json.dumps(part).encode()


def _read_actions(actions: Sequence[Raw], root: Any, size: int) -> Lifted:
    def entries() -> Iterator[Entry]:
        bound = Bound(size)
        for number, part in enumerate(actions, 1):
            yield Entry(_as_action(bound.parsed(part), number), None)

    return Lifted(root, None, len(actions), 0, False, entries())


# The lifted state


class _LiftedReader:
    """A lifted state in parts."""

    def __init__(self, top: Mapping[str, Raw], size: int) -> None:
        self._size = size
        self._top = top
        self._actions = self._parts("actionsById", dict)
        self._staged = parse(self._part("stagedActionIds"))
        self._computed = self._parts("computedStates", list) if "computedStates" in top else []
        skipped = parse(top.get("skippedActionIds"))
        self._skipped = set(filter(_is_id, skipped)) if isinstance(skipped, list) else set()

    def _part(self, name: str) -> Raw:
        if name not in self._top:
            raise JournalError(f"the lifted state has no {name}, but {_some(self._top)}")
        return self._top[name]

    def _parts(self, name: str, wanted: type) -> Any:
        part = self._part(name)
        if isinstance(part, msgspec.Raw):
            part = open_text(part)
        if not isinstance(part, wanted):
            raise JournalError(f"{name} is not {'an object' if wanted is dict else 'a list'}")
        return part

    def read(self) -> Lifted:
        staged, computed = self._staged, self._computed
        if not isinstance(staged, list) or not all(map(_is_id, staged)):
            raise JournalError("stagedActionIds is not a list of numbers")
        if not staged:
            raise JournalError("stagedActionIds is empty: not even the first state, of id 0, is staged")
        if computed and len(computed) != len(staged):
            raise JournalError(f"there are {len(staged):,} stagedActionIds and {len(computed):,} computedStates")
        for number in staged:
            if str(number) not in self._actions:
                raise JournalError(f"stagedActionIds names {number}, which actionsById does not have")
        states = States(self._size)
        root = self._root(states)
        _, started_ms = _lifted_action(parse(self._actions[str(staged[0])]), staged[0])
        kept = [place for place, number in enumerate(staged) if place and number not in self._skipped]
        current = bisect_right(kept, self._current())
        return Lifted(
            root,
            started_ms,
            current,
            skipped=len(staged) - 1 - len(kept),
            has_states=bool(computed),
            entries=self._entries(kept, states, root),
            most_values=None if isinstance(self._top["actionsById"], msgspec.Raw) else most_values(self._size),
        )

    def _current(self) -> int:
        index = parse(self._top.get("currentStateIndex", len(self._staged) - 1))
        if not _is_id(index) or not 0 <= index < len(self._staged):
            raise JournalError(f"currentStateIndex is {str(index)[:40]}, and not one of 0 to {len(self._staged) - 1}")
        return int(index)

    def _root(self, states: "States") -> Any:
        first = _part_of(self._computed[0], 0)[0] if self._computed else MISSING
        if first is not MISSING:
            return states.take(first)[0]
        # Undefined, so null or absent here, where the application gave no first state.
        committed = self._top.get("committedState")
        return MISSING if parse(committed) is None else states.take(committed)[0]

    def _entries(self, kept: list[int], states: "States", state: Any) -> Iterator[Entry]:
        bound = Bound(self._size)
        for place in kept:
            number = self._staged[place]
            lifted, at_ms = _lifted_action(bound.parsed(self._actions[str(number)]), number)
            action = _as_action(lifted, number)
            if not self._computed:
                yield Entry(action, at_ms)
                continue
            part, error = _part_of(self._computed[place], place)
            changes: Sequence[Change] = ()
            if error is None and part is not MISSING:
                state, changes = states.take(part)
            yield Entry(action, at_ms, state, changes, error)


def _is_id(value: Any) -> bool:
    return type(value) is int


def _part_of(computed: Raw, place: int) -> tuple[Raw, str | None]:
    """The state of an entry of computedStates, MISSING where it was undefined, and its error."""
    entry = open_text(computed) if isinstance(computed, msgspec.Raw) else computed
    if not isinstance(entry, dict):
        raise JournalError(f"computedStates has no object at {place}")
    error = parse(entry.get("error"))
    return entry.get("state", MISSING), None if error is None else str(error)


def _lifted_action(lifted: Any, id: int) -> tuple[Any, float | None]:
    """The plain action inside of a lifted one, and when it was performed."""
    if not isinstance(lifted, dict) or "action" not in lifted:
        raise JournalError(f"actionsById has no action at {id}")
    at_ms = lifted.get("timestamp")
    is_time = isinstance(at_ms, int | float) and 0 <= at_ms < _LATEST_MS
    return lifted["action"], at_ms if is_time else None


def _as_action(value: Any, id: int) -> Action:
    """Takes an action as it is if it is a Flux standard one; else what stands beside its type is its payload."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise JournalError(f"action {id} has no text as its type")
    fields = {name: field for name, field in value.items() if name != "type"}
    meta = fields.get("meta")
    if fields.keys() <= {"payload", "meta"} and (meta is None or isinstance(meta, dict)):
        return Action(value["type"], fields.get("payload"), meta)
    return Action(value["type"], fields)
