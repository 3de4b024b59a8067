"""States out of JSON, each sharing with the one before, and how much may come of references between them."""

from typing import Any, Final

import msgspec
from pyrsistent import PMap, PVector, pmap, pvector

from statestore.errors import ActionError, JournalError
from statestore.exporters.jsonparts import Raw, open_text, parse
from statestore.tree.diff import find_changes
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS, MISSING, REMOVED
from statestore.values import Change, Path

# References may stand for more than the file holds. So many values, and so many for each byte of the file, may come of
# them, in a state and in the comparing of all: 15 µs for comparing two make 1.5 s for a small file made to be slow.
# Without references there is one value for two bytes at most.
_WRITTEN_OUT: Final = 100_000
_WRITTEN_OUT_BY_BYTE: Final = 1


class States:
    """Freezes one state after the other, so that each shares with the one before what they have in common."""

    def __init__(self, size: int) -> None:
        self._bound = Bound(size)
        self._frozen: dict[int, Any] = {}
        self._last: _Text | None = None
        self._state: Any = MISSING

    def take(self, part: Raw) -> tuple[Any, list[Change]]:
        """The next state, and what changed."""
        changes: list[Change] = []
        try:
            if isinstance(part, msgspec.Raw):
                self._last = _Text(part, _frozen(part)) if self._last is None else self._last.go_on(part, (), changes)
                return self._last.value, changes
            before, self._state = self._state, self._freeze(self._bound.parsed(part))
            if before is not MISSING:
                self._bound.spend_on(before, self._state)
                find_changes(before, self._state, (), changes)
            return self._state, changes
        except (RecursionError, ActionError):
            raise JournalError("a state is nested too deeply") from None

    def _freeze(self, value: Any) -> Any:
        """What is referred to twice is frozen once; the document keeps it, so its id stays its own."""
        if not isinstance(value, dict | list):
            return value
        known = self._frozen.get(id(value))
        if known is None:
            if isinstance(value, dict):
                known = pmap({key: self._freeze(member) for key, member in value.items()})
            else:
                known = pvector([self._freeze(member) for member in value])
            self._frozen[id(value)] = known
        return known


class _Text:
    """A value and its text. Comparing texts costs a tenth of making values of them and comparing those."""

    __slots__ = ("looked_into", "members", "text", "value")

    def __init__(self, text: msgspec.Raw, value: Any) -> None:
        self.text = text
        self.value = value
        self.members: dict[str, msgspec.Raw] | None = None
        self.looked_into: dict[str, _Text] = {}

    def go_on(self, text: msgspec.Raw, path: Path, changes: list[Change]) -> "_Text":
        """The same place in the next state; what this one knows of its members goes over to it."""
        if text == self.text:
            return self
        befores: Any = self.members if self.members is not None else open_text(self.text)
        afters = open_text(text)
        if not isinstance(befores, dict) or not isinstance(afters, dict):
            both = isinstance(befores, list) and isinstance(afters, list)
            after = _Text(text, self._with_elements(befores, afters) if both else _frozen(text))
            find_changes(self.value, after.value, path, changes)
            return after
        members = self.looked_into
        writes: dict[str, Any] = {key: REMOVED for key in befores if key not in afters}
        for key in writes:
            members.pop(key, None)
            changes.append(("remove", (*path, key), None, self.value[key]))
        for key in [key for key, member in afters.items() if befores.get(key) != member]:
            if key in befores:
                before = members.get(key) or _Text(befores[key], self.value[key])
                members[key] = before.go_on(afters[key], (*path, key), changes)
                writes[key] = members[key].value
            else:
                writes[key] = _frozen(afters[key])
                changes.append(("add", (*path, key), writes[key], None))
        after = _Text(text, KINDS[type(self.value)].update(self.value, writes) if writes else self.value)
        after.members, after.looked_into = afters, members
        return after

    def _with_elements(self, befores: list[msgspec.Raw], afters: list[msgspec.Raw]) -> Any:
        """The list whose elements are those of the list before where their texts are."""
        known = dict(zip(map(bytes, befores), self.value, strict=True))
        found = [known.get(text, MISSING) for text in map(bytes, afters)]
        return pvector([_frozen(text) if part is MISSING else part for part, text in zip(found, afters, strict=True)])


def _frozen(text: msgspec.Raw) -> Any:
    return freeze(parse(text))


def most_values(size: int) -> int:
    """How many values may come of a file of so many bytes."""
    return _WRITTEN_OUT + _WRITTEN_OUT_BY_BYTE * size


class Bound:
    """Refuses values that hold themselves, or that references make larger than a file of this size may mean."""

    def __init__(self, size: int) -> None:
        self._most = self._left = most_values(size)
        self._sizes: dict[int, int] = {}

    def parsed(self, value: Raw) -> Any:
        """The value of a part, once it was found to be a tree of such a size; where there are no references, it is."""
        if isinstance(value, msgspec.Raw):
            return parse(value)
        try:
            size = self._size(value)
        except RecursionError:
            raise JournalError("a value is nested too deeply") from None
        if size > self._most:
            raise JournalError(f"references make {size:,} values out of this file, and {self._most:,} is the most")
        return value

    def _size(self, value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        known = self._sizes.get(id(value))
        if known is None:
            self._sizes[id(value)] = -1
            members = value.values() if isinstance(value, dict) else value
            known = self._sizes[id(value)] = 1 + sum(map(self._size, members))
        if known < 0:
            raise JournalError("a value holds itself, and a state is a tree")
        return known

    def spend_on(self, before: Any, after: Any) -> None:
        """Counts what comparing two frozen states takes, which is what they do not share."""
        waiting = [(before, after)]
        while waiting:
            before, after = waiting.pop()
            if before is after:
                continue
            self._left -= 1
            if self._left < 0:
                raise JournalError(f"references make more than the {self._most:,} values that this file may mean")
            if isinstance(before, PMap) and isinstance(after, PMap):
                waiting += [(before[key], part) for key, part in after.items() if key in before]
            elif isinstance(before, PVector) and isinstance(after, PVector):
                waiting += zip(before, after, strict=False)
