"""What a trace viewer shows of a span when it is clicked: ids, outcome, metadata, and the action that it dispatched."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from statestore.errors import StateStoreError
from statestore.exporters.lanes import valid
from statestore.ports import Source
from statestore.tree.plain import to_plain
from statestore.values import Span

# So much JSON of one payload or metadata is kept: a viewer shows a few hundred characters, and a trace of 10,000
# actions with 1 MB each cannot be opened.
ROOM: Final = 2_048
# Of a large mapping, so many parts are shown before the rest is counted.
_PARTS: Final = 32
# The stacks of a profiled span are for the flame graph formats: there can be thousands.
STACKS: Final = "stacks"

_HUGE: Final = re.compile(rb"[0-9]{19}")

Arguments: TypeAlias = dict[str, Any]


def describe(source: Source) -> Callable[[Span], Arguments]:
    """What tells the arguments of a span of that source: plain data, each part at most `ROOM` characters of JSON."""

    def arguments(span: Span) -> Arguments:
        about: Arguments = {"id": span.id}
        if span.parent_id is not None:
            about["parent"] = span.parent_id
        if span.status != "ok":
            about["status"] = valid(span.status)
        if span.metadata:
            about["metadata"] = shown({key: part for key, part in span.metadata.items() if key != STACKS})
            if STACKS in span.metadata:
                about[STACKS] = "attached: see the collapsed and cpuprofile formats with stacks=True"
        if span.seq is not None:
            about |= _action(source, span)
        return about

    return arguments


def _action(source: Source, span: Span) -> Arguments:
    about: Arguments = {"seq": span.seq}
    if span.reducer_ns is not None:
        about["reducer_ns"] = span.reducer_ns
    try:
        action = source.commit(span.seq).action
    except StateStoreError:  # a limit has evicted the commit, or it lay in a damaged block
        return about
    if action.payload is not None:
        about["payload"] = shown(action.payload)
    if action.meta:
        about["meta"] = shown(action.meta)
    return about


def shown(value: Any) -> Any:
    """The value as plain data; where it is long it is cut, and says so."""
    try:
        return _shortened(_plain(value))
    except Exception as error:  # noqa: BLE001  # somebody else's __str__, or nesting beyond what Python can follow
        if isinstance(value, Mapping):
            return _shortened({str(key): _shown_part(part) for key, part in value.items()})
        return _complaint(value, error)


def _shown_part(value: Any) -> Any:
    try:
        return _plain(value)
    except Exception as error:  # noqa: BLE001  # see above
        return _complaint(value, error)


def _plain(value: Any) -> Any:
    plain = to_plain(value)
    return _within_64_bits(plain) if _HUGE.search(encode(plain)) else plain


def _within_64_bits(plain: Any) -> Any:
    """Numbers beyond what readers hold as text: in place of 2**70 Perfetto shows 0."""
    if isinstance(plain, dict):
        return {key: _within_64_bits(part) for key, part in plain.items()}
    if isinstance(plain, list):
        return [_within_64_bits(part) for part in plain]
    return str(plain) if isinstance(plain, int) and not -(1 << 63) <= plain < 1 << 63 else plain


def _complaint(value: Any, error: Exception) -> str:
    return f"({type(value).__name__} that cannot be shown: {type(error).__name__})"


def _shortened(plain: Any) -> Any:
    text = encode(plain)
    if len(text) <= ROOM:
        return plain
    if not isinstance(plain, Mapping):
        return _cut(text, ROOM)
    room = ROOM // min(len(plain), _PARTS)
    parts = {key[:room]: _fit(part, room) for key, part in list(plain.items())[:_PARTS]}
    return parts if len(plain) <= _PARTS else {**parts, "...": f"and {len(plain) - _PARTS:,} more"}


def _fit(plain: Any, room: int) -> Any:
    text = encode(plain)
    return plain if len(text) <= room else _cut(text, room)


def _cut(text: bytes, room: int) -> str:
    return f"{text[:room].decode('utf-8', 'ignore')}... (cut: {len(text):,} bytes of JSON)"


def encode(plain: Any) -> bytes:
    """Plain data as JSON, without NaN, which keeps a viewer from opening the file at all."""
    try:
        return msgspec.json.encode(plain)
    except (UnicodeEncodeError, TypeError, OverflowError):
        # Half of a surrogate pair, as in names of files, or a class derived from str or int.
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
