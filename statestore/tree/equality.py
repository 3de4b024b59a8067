"""The equality that decides whether anything changed: strict on type, so 1 and True differ, and NaN equals itself."""

from collections.abc import Iterable
from typing import Any

from statestore.errors import ActionError
from statestore.tree.kinds import KINDS

# The types by far the most common in state, whose own equality is all there is to ask.
PLAINLY_EQUAL = frozenset({str, int, bool, bytes})


def same(a: Any, b: Any) -> bool:
    """Whether putting `b` where `a` is would change nothing. Costs at most their size, nothing for shared parts."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if type(a) in PLAINLY_EQUAL:
        return bool(a == b)
    try:
        kind = KINDS[type(a)]
    except ActionError:  # no state holds such a value, but what a selector gives may be of any type
        return _same_atom(a, b)
    if kind.role == "atom":
        return _same_atom(a, b)
    if kind.role == "record":
        fields = kind.fields(a)
        return fields == kind.fields(b) and all(same(getattr(a, f), getattr(b, f)) for f in fields)
    if len(a) != len(b):
        return False
    if kind.role == "sequence":
        return all(map(same, a, b))
    if kind.role == "set":
        return _typed(a) == _typed(b)
    before, after = kind.unshared(a, b)
    return _typed(before) == _typed(after) and all(same(value, after[key]) for key, value in before.items())


def _same_atom(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) or bool(a != a and b != b)  # NaN alone differs from itself
    except (ValueError, TypeError):
        return False  # arrays answer with arrays: such values are the same only when they are identical


def _typed(keys: Iterable[Any]) -> set[Any]:
    """Keys or members such that those differ which a dict takes for one, 1 and True for instance, at any depth."""
    return {(type(key), _inside(key)) for key in keys}


def _inside(key: Any) -> Any:
    if type(key) is tuple:
        return tuple([(type(part), _inside(part)) for part in key])
    return frozenset(_typed(key)) if isinstance(key, frozenset) else key
