"""The differences between two values: identical parts are skipped, so the cost follows what differs."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from statestore.tree.equality import same
from statestore.tree.freezing import freeze, thaw
from statestore.tree.kinds import KINDS, MISSING
from statestore.tree.listdiff import opcodes
from statestore.values import Change, Patch, Path, inverse_of, patches_of

if TYPE_CHECKING:
    from deepdiff import DeepDiff


def diff(a: Any, b: Any) -> "Diff":
    """Compares two values; plain ones are frozen first.

    Costs the parts that are not shared between the two: a mapping or list on the way to a change is walked once, its
    unchanged parts are recognised by identity.
    """
    old, new = (freeze(value) if KINDS[type(value)].plain else value for value in (a, b))
    changes: list[Change] = []
    find_changes(old, new, (), changes)
    return Diff(old, new, tuple(changes))


class Diff:
    """What differs between two values: true when anything does, and printed for people."""

    def __init__(self, old: Any, new: Any, changes: tuple[Change, ...]) -> None:
        self.old = old
        self.new = new
        self.changes = changes

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What leads from the old value to the new."""
        return patches_of(self.changes)

    @property
    def inverse(self) -> tuple[Patch, ...]:
        """What leads back."""
        return inverse_of(self.changes)

    @cached_property
    def deepdiff(self) -> "DeepDiff":
        """A `deepdiff.DeepDiff` of the changed parts alone, with paths from the root; deepdiff is imported here."""
        from deepdiff import DeepDiff

        return DeepDiff(*_prune(self.old, self.new))

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        return "\n".join(map(format_change, self.changes)) or "no difference"

    def __repr__(self) -> str:
        return f"<Diff of {len(self.changes)} changes>"


def format_change(change: Change) -> str:
    """One line for people: `~ root['tasks']['T1']['status']: 'planned' -> 'done'`."""
    op, path, value, old = change
    where = "root" + "".join(f"[{key!r}]" for key in path)
    if op == "add":
        return f"+ {where}: {thaw(value)!r}"
    if op == "remove":
        return f"- {where}: {thaw(old)!r}"
    return f"~ {where}: {thaw(old)!r} -> {thaw(value)!r}"


def find_changes(old: Any, new: Any, path: Path, changes: list[Change]) -> None:
    """Appends the changes that lead from `old` to `new`, both immutable, with paths below `path`."""
    if old is new:
        return
    kind = KINDS[type(old)]
    known = len(changes)
    if type(old) is not type(new) or kind.role == "atom":
        if not same(old, new):
            changes.append(("replace", path, new, old))
    elif kind.role == "mapping":
        befores, afters = kind.unshared(old, new)
        _find_in_mapping(befores, afters, path, changes)
    elif kind.role == "sequence":
        _find_in_sequence(old, new, path, changes)
    elif kind.role == "set":
        changes.extend([("remove", (*path, member), None, member) for member in old if member not in new])
        changes.extend([("add", (*path, member), member, None) for member in new if member not in old])
    else:
        _find_in_record(old, new, path, changes, kind)
    if len(changes) == known and kind.role in ("set", "mapping") and not same(old, new):
        # Equal to Python, and yet not the same: keys or members such as 1 and True.
        changes.append(("replace", path, new, old))


def _find_in_mapping(befores: dict[Any, Any], afters: dict[Any, Any], path: Path, changes: list[Change]) -> None:
    for key, before in befores.items():
        after = afters.get(key, MISSING)
        if after is before:
            continue
        if after is MISSING:
            changes.append(("remove", (*path, key), None, before))
        else:
            find_changes(before, after, (*path, key), changes)
    changes.extend([("add", (*path, key), after, None) for key, after in afters.items() if key not in befores])


def _find_in_record(old: Any, new: Any, path: Path, changes: list[Change], kind: Any) -> None:
    fields = kind.fields(old)
    if fields != kind.fields(new):
        changes.append(("replace", path, new, old))
        return
    for name in fields:
        find_changes(getattr(old, name), getattr(new, name), (*path, name), changes)


def _find_in_sequence(old: Any, new: Any, path: Path, changes: list[Change]) -> None:
    before, after = list(old), list(new)
    shift = 0
    for _, i1, i2, j1, j2 in opcodes(before, after, _element_key):
        common = min(i2 - i1, j2 - j1)
        for offset in range(common):
            find_changes(before[i1 + offset], after[j1 + offset], (*path, i1 + shift + offset), changes)
        at = i1 + shift + common
        gone = range(i2 - 1, i1 + common - 1, -1)
        changes.extend([("remove", (*path, i + shift), None, before[i]) for i in gone])
        changes.extend([("add", (*path, at + i), after[j1 + common + i], None) for i in range(j2 - j1 - common)])
        shift += (j2 - j1) - (i2 - i1)


def _element_key(element: Any) -> Any:
    if KINDS[type(element)].role == "atom":
        try:
            hash(element)
        except TypeError:
            return id(element)
        return type(element), element
    return id(element)


def _prune(old: Any, new: Any) -> tuple[Any, Any]:
    """Plain copies of both without what they share: equal keys of a mapping go, in a list a mark stands there."""
    kind = KINDS[type(old)]
    if type(old) is not type(new) or kind.role in ("atom", "set"):
        return thaw(old), thaw(new)
    if kind.role == "sequence":
        return _prune_sequence(list(old), list(new))
    if kind.role == "record":
        olds, news = ({name: getattr(v, name) for name in kind.fields(v)} for v in (old, new))
    else:
        olds, news = dict(old.items()), dict(new.items())
    return _prune_mapping(olds, news)


def _prune_mapping(old: dict[Any, Any], new: dict[Any, Any]) -> tuple[Any, Any]:
    left = {key: thaw(value) for key, value in old.items() if key not in new}
    right = {key: thaw(value) for key, value in new.items() if key not in old}
    for key in old.keys() & new.keys():
        if not same(old[key], new[key]):
            left[key], right[key] = _prune(old[key], new[key])
    return left, right


def _prune_sequence(old: list[Any], new: list[Any]) -> tuple[Any, Any]:
    left, right = list(map(_mark, old)), list(map(_mark, new))
    for i, (before, after) in enumerate(zip(old, new, strict=False)):
        if left[i] != right[i]:
            left[i], right[i] = _prune(before, after)
    for i in range(len(new), len(old)):
        left[i] = thaw(old[i])
    for i in range(len(old), len(new)):
        right[i] = thaw(new[i])
    return left, right


def _mark(element: Any) -> Any:
    """A scalar is itself; for anything larger its identity, which a shared part has in common, is enough."""
    return element if KINDS[type(element)].role == "atom" else f"<unchanged {id(element):x}>"
