"""JSON as `jsan` writes it for Redux DevTools: references to other parts, and values that JSON does not have."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any, Final

from statestore.errors import JournalError

KEY: Final = "$jsan"
CUSTOM: Final = "__serializedType__"

Parse = Callable[[str], Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = re.compile(r'\.(\w+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]')
_PLAIN: Final = {"u": None, "n": nan, "i": inf, "y": -inf}


def restore(document: Any, parse: Parse) -> Any:
    """Puts in the place of each reference what it refers to, the same object, and plain values for jsan's other marks.

    A date becomes a datetime, undefined None, a map a dict, a set a list; an error, a regular expression, a function or
    a symbol becomes its text: nothing is run. What an application has registered as a type of its own becomes its data.
    Costs the size of the text. The document is changed in place, and may hold itself afterwards.

    Args:
        document: what a JSON parser made.
        parse: makes a document of the text inside of a map or set.

    Raises:
        JournalError: a reference leads nowhere, or such a text is no JSON.
    """
    return _restore(document, parse, [])


def _restore(document: Any, parse: Parse, around: list[Any]) -> Any:
    top = [document]
    roots = [*around, top]
    waiting: list[Any] = [top]
    while waiting:
        holder = waiting.pop()
        found = []
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            whole = _unwrapped(value)
            mark = whole.get(KEY) if isinstance(whole, dict) else None
            if isinstance(mark, str):
                whole = _read(mark, roots, parse)
            elif isinstance(mark, list) and mark:
                whole[KEY] = mark[0]  # a key of that name, as it was escaped
            if whole is not value:
                holder[key] = whole
            if isinstance(whole, dict | list) and not isinstance(mark, str):
                found.append(whole)
        waiting += reversed(found)  # the first is looked at first, as references point backwards
    return top[0]


def _unwrapped(value: Any) -> Any:
    """The data of a value that was written as one of an application's own types."""
    while isinstance(value, dict) and CUSTOM in value and "data" in value:
        value = value["data"]
    return value


def _read(mark: str, roots: list[Any], parse: Parse) -> Any:
    kind, rest = mark[:1], mark[1:]
    if kind == "$":
        return _find(mark, roots)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "d":
        return _date(rest)
    if kind == "r":
        flags, _, source = rest.partition(",")
        return f"/{source}/{flags}"
    if kind in ("m", "l"):
        inside = _restore(parse(rest), parse, roots)
        return _mapping(inside) if kind == "m" else inside
    return rest


def _find(reference: str, roots: list[Any]) -> Any:
    """What a path such as `$.tasks["a b"][0]` leads to; inside of a map, in the document around it first."""
    for (root,) in roots:
        try:
            return _follow(root, reference)
        except (LookupError, TypeError, ValueError):
            continue
    raise JournalError(f"a reference {reference[:80]!r} leads nowhere")


def _follow(root: Any, reference: str) -> Any:
    at = 1
    while at < len(reference):
        step = _STEP.match(reference, at)
        if step is None:
            raise ValueError(reference)
        name, index, quoted = step.groups()
        root = root[int(index)] if index is not None and isinstance(root, list) else root[index or _name(name, quoted)]
        at = step.end()
    return root


def _name(name: str | None, quoted: str) -> str:
    return quoted.replace('\\"', '"').replace("\\\\", "\\") if name is None else name


def _date(milliseconds: str) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=float(milliseconds))
    except (ValueError, OverflowError):
        return None  # JavaScript has dates that are none


def _mapping(pairs: Any) -> Any:
    is_pairs = isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    if not is_pairs or any(isinstance(key, dict | list) for key, _ in pairs):
        return pairs
    return dict(_as_text(pairs))


def _as_text(pairs: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """Keys as JSON has them."""
    return ((key if isinstance(key, str) else str(key), value) for key, value in pairs)
