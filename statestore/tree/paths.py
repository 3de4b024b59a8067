"""Paths as a person types them: `tasks.T1.status`, `tasks['a.b'][0]`, or the JSON Pointer `/tasks/T1/status`."""

import re
from typing import Any, Final

from statestore.errors import PatchError
from statestore.tree.kinds import KINDS
from statestore.values import Path

# One step of a dotted path: a word, or a key in brackets, which may hold texts in quotes and tuples.
_WORD: Final = re.compile(r"[^.\[\]]+")
_BRACKET: Final = re.compile(r"""\[((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\]"'])+)\]""", re.DOTALL)
_PLAIN: Final = re.compile(r"[^\W\d][\w-]*")


class _Loose(str):
    """A word whose kind the state decides: `0` is a position in a list and a text in a mapping."""

    __slots__ = ()


def parse_path(text: str, state: Any) -> Path:
    """The path that a text names in a state.

    A word is the key of that text where there is one, else the key that reads like it (the number 7, say), in a list
    the position, counted from the end where it is negative. What stands in brackets is taken as Python writes it. It
    may begin with `root`, as differences are printed; an empty text, and `.`, are the whole state. A path need not be
    there.

    Raises:
        PatchError: it cannot be read; the message shows the forms.
    """
    if text.startswith("root[") and not _has_root(state):
        text = text.removeprefix("root")
    path: list[Any] = []
    for step in _steps(text):
        key = _find_key(state, step)
        state = _child(state, key)
        path.append(key)
    return tuple(path)


def format_path(path: Path) -> str:
    """The text that `parse_path` reads as this path: words where that is enough, brackets elsewhere."""
    parts = [f".{key}" if type(key) is str and _PLAIN.fullmatch(key) else f"[{key!r}]" for key in path]
    return "".join(parts).removeprefix(".") or "."


def _has_root(state: Any) -> bool:
    return _child(state, "root") is not None


def check_path(path: Path, state: Any) -> None:
    """Makes sure that something is at a path.

    Raises:
        PatchError: nothing is; the message names what there is instead.
    """
    for key in path:
        kind = KINDS[type(state)]
        state = key if kind.role == "set" and key in state else kind.child(state, key)


def _steps(text: str) -> list[Any]:
    if text.startswith("/"):
        return [_Loose(token.replace("~1", "/").replace("~0", "~")) for token in text[1:].split("/")]
    steps: list[Any] = []
    at = 0 if text != "." else 1
    while at < len(text):
        dot = text[at] == "." and at > 0
        found = _WORD.match(text, at + dot) if dot or at == 0 else None
        if found is not None:
            steps.append(_Loose(found[0]))
        elif not dot and (found := _BRACKET.match(text, at)):
            steps.append(_literal(found[1], text))
        else:
            raise _unreadable(text, f"at {text[at:]!r}")
        at = found.end()
    return steps


def _literal(source: str, text: str) -> Any:
    from ast import literal_eval

    try:
        key = literal_eval(source.strip())
        hash(key)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise _unreadable(text, f"[{source}] holds no key; a text stands in quotes") from None
    return key


def _unreadable(text: str, why: str) -> PatchError:
    return PatchError(
        f"cannot read the path {text!r} ({why}): write tasks.T1.status, tasks['a.b'][0].status or /tasks/T1/status"
    )


def _find_key(node: Any, step: Any) -> Any:
    kind = KINDS[type(node)]
    if kind.role == "sequence":
        return _position(node, step)
    if not isinstance(step, _Loose):
        return step
    if kind.role in ("mapping", "set") and step not in node:
        alike = [key for key in node if not isinstance(key, str) and str(key) == step]
        if len(alike) == 1:
            return alike[0]
    return str(step)


def _position(node: Any, step: Any) -> Any:
    if isinstance(step, _Loose):
        if not re.fullmatch(r"-?[0-9]{1,18}", step):
            return str(step)
        step = int(step)
    is_from_end = type(step) is int and -len(node) <= step < 0
    return step + len(node) if is_from_end else step


def _child(node: Any, key: Any) -> Any:
    """What is there; None where nothing is."""
    kind = KINDS[type(node)]
    try:
        return key if kind.role == "set" else kind.child(node, key)
    except PatchError:
        return None
