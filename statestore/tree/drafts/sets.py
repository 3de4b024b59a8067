"""Drafts of sets: the whole MutableSet interface over an immutable value."""

from collections.abc import Iterable, Iterator, MutableSet, Set
from typing import Any, ClassVar

from statestore.errors import DraftError
from statestore.tree.drafts.draft import Changes, Draft
from statestore.tree.kinds import KINDS, PlainSetKind
from statestore.values import Path


class SetDraft(Draft, MutableSet[Any]):
    """A set; `_writes` says of each member that was touched whether it is in now."""

    __slots__ = ()
    drafts: ClassVar[str] = "set"

    def __contains__(self, member: object) -> bool:
        return bool(self._writes.get(member, member in self._base))

    def __iter__(self) -> Iterator[Any]:
        for member in self._base:
            if self._writes.get(member, True):
                yield member
        yield from [member for member, there in self._writes.items() if there and member not in self._base]

    def __len__(self) -> int:
        length: int = len(self._base)
        for member, there in self._writes.items():
            length += there - (member in self._base)
        return length

    def add(self, value: Any) -> None:
        """Adds a member; members have to be hashable and immutable, as in any set."""
        if isinstance(value, Draft):
            raise DraftError("a draft cannot be a member of a set, which needs hashable members; put in its value")
        if value not in self:
            self._write(value, True)

    def discard(self, value: Any) -> None:
        """Removes a member if it is there."""
        if value in self:
            self._write(value, False)

    def clear(self) -> None:
        """Removes every member."""
        self._writes = dict.fromkeys(self._base, False)

    def copy(self) -> set[Any]:
        """A plain set of the same members."""
        return set(self)

    def update(self, *others: Iterable[Any]) -> None:
        """Adds the members of all the others."""
        for other in others:
            self |= set(other)

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Removes the members of all the others."""
        for other in others:
            self -= set(other)

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keeps the members that are in all the others."""
        for other in others:
            self &= set(other)

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keeps the members that are in one of both."""
        self ^= set(other)

    def union(self, *others: Iterable[Any]) -> set[Any]:
        """A plain set with the members of all."""
        return set(self).union(*others)

    def intersection(self, *others: Iterable[Any]) -> set[Any]:
        """A plain set of the members that are in all."""
        return set(self).intersection(*others)

    def difference(self, *others: Iterable[Any]) -> set[Any]:
        """A plain set of the members that are in none of the others."""
        return set(self).difference(*others)

    def symmetric_difference(self, other: Iterable[Any]) -> set[Any]:
        """A plain set of the members that are in one of both."""
        return set(self).symmetric_difference(other)

    def issubset(self, other: Iterable[Any]) -> bool:
        """Whether every member is in the other."""
        return set(self).issubset(other)

    def issuperset(self, other: Iterable[Any]) -> bool:
        """Whether every member of the other is in this set."""
        return set(self).issuperset(other)

    @classmethod
    def _from_iterable(cls, iterable: Iterable[Any]) -> set[Any]:
        return set(iterable)

    def __eq__(self, other: object) -> bool:
        return set(self) == set(other) if isinstance(other, Set) else NotImplemented

    def finish(self, path: Path, changes: Changes) -> Any:
        base = self._base
        touched = [(member, there) for member, there in self._writes.items() if there != (member in base)]
        if not touched:
            return base
        if changes is not None:
            for member, there in touched:
                at = (*path, member)
                changes.append(("add", at, member, None) if there else ("remove", at, None, member))
        added = [member for member, there in touched if there]
        removed = [member for member, there in touched if not there]
        return KINDS[type(base)].update(base, added, removed)


KINDS[SetDraft] = PlainSetKind()
