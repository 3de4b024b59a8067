"""Applying patches: to go forward, to go back, and to let changes from elsewhere in."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from statestore.errors import PatchError
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS, Edit
from statestore.values import Change, Patch, Path

_BACK = {"add": "remove", "remove": "add", "replace": "replace"}
_Step = tuple[str, Path, Any]


def apply_patches(base: Any, patches: Iterable[Patch]) -> Any:
    """Gives the value that the patches lead to, in order; plain values, `base` and those in the patches, are frozen.

    Neighbouring patches of one parent are applied together, so a thousand edits of one list cost its length once.

    Raises:
        PatchError: a path does not exist, or an operation does not fit what is there; nothing is applied then.
    """
    steps: list[_Step] = []
    for patch in patches:
        if not isinstance(patch, Patch) or patch.op not in _BACK or not isinstance(patch.path, tuple):
            raise PatchError(f"expected Patch('add' | 'replace' | 'remove', path tuple, value), found {patch!r}")
        steps.append((patch.op, patch.path, freeze(patch.value)))
    return _apply(freeze(base) if KINDS[type(base)].plain else base, steps)


def apply_changes(base: Any, changes: Sequence[Change]) -> Any:
    """Goes from the old value to the new one."""
    return _apply(base, [(op, path, value) for op, path, value, _ in changes])


def revert_changes(new: Any, changes: Sequence[Change]) -> Any:
    """Goes from the new value back to the old one."""
    return _apply(new, [(_BACK[op], path, old) for op, path, _, old in reversed(changes)])


def _apply(base: Any, steps: list[_Step]) -> Any:
    for parent, group in groupby(steps, key=lambda step: step[1][:-1] if step[1] else None):
        if parent is None:
            for op, _, value in group:
                if op == "remove":
                    raise PatchError("the root cannot be removed; replace it, with None for instance")
                base = value
        else:
            base = _edit_at(base, parent, 0, [(op, path[-1], value) for op, path, value in group])
    return base


def _edit_at(node: Any, parent: Path, depth: int, edits: list[Edit]) -> Any:
    kind = KINDS[type(node)]
    try:
        if depth == len(parent):
            return kind.edit(node, edits)
        child = kind.child(node, parent[depth])
    except PatchError as error:
        raise PatchError(f"at {_spell(parent[:depth])}: {error}") from None
    changed = _edit_at(child, parent, depth + 1, edits)
    return node if changed is child else kind.edit(node, [("replace", parent[depth], changed)])


def _spell(path: Path) -> str:
    return "root" + "".join(f"[{key!r}]" for key in path)
