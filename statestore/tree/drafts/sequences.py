"""Drafts of sequences: the whole list interface over an immutable value, with patches that stay as small as the edits.

While elements are only replaced and appended, the edits alone are kept, and finishing costs O(log n) for each in a
PVector. The first edit that moves other elements (an insert or a removal) copies the sequence into a list, and every
step from then on is logged as the patch that it is; the steps of a sort or the like end as one patch.
"""

from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from itertools import compress, count
from operator import index as as_index
from typing import Any, ClassVar

from statestore.tree.drafts.draft import NOTHING, SCALARS, Changes, Draft, Scope
from statestore.tree.equality import same
from statestore.tree.kinds import KINDS, MISSING, ListKind
from statestore.tree.listdiff import opcodes
from statestore.values import Path

# So few steps are always kept, since they tell people which element changed.
_ALWAYS_LOGGED = 16


class _Placed:
    """A draft that was put into the list, unlike one that was read there: its edits belong to the patch that put it."""

    __slots__ = ("draft",)

    def __init__(self, draft: Draft) -> None:
        self.draft = draft


class SequenceDraft(Draft, MutableSequence[Any]):
    """A list. `_items` is None until elements move; then it holds all of them, and `_log` the steps taken."""

    __slots__ = ("_items", "_log", "_tail")
    drafts: ClassVar[str] = "sequence"

    def __init__(self, base: Any, scope: Scope, parent: Draft | None) -> None:
        super().__init__(base, scope, parent)
        # A linked structure is walked from its end for every element that is read, so it is laid out at once.
        self._items: list[Any] | None = list(base) if self._kind.linked else None
        self._log: list[tuple[str, int, Any, Any]] = []
        self._tail: list[Any] = []

    # Reading

    def __len__(self) -> int:
        return len(self._base) + len(self._tail) if self._items is None else len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._read(i) for i in range(*index.indices(len(self)))]
        return self._read(self._index(index))

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while index < len(self):
            yield self._read(index)
            index += 1

    def _index(self, index: Any) -> int:
        position, length = as_index(index), len(self)
        if position < 0:
            position += length
        if not 0 <= position < length:
            raise IndexError(f"index {index} is out of range: the draft has {length} elements")
        return position

    def _read(self, index: int) -> Any:
        entry = _seen(self._entry(index))
        child = None if isinstance(entry, Draft) else self._child(entry)
        if child is None:
            return entry
        if self._items is not None:
            self._items[index] = child
        else:
            self._keep_child(index, child)
        return child

    def _entry(self, index: int) -> Any:
        if self._items is not None:
            return self._items[index]
        if index >= len(self._base):
            return self._tail[index - len(self._base)]
        entry = self._writes.get(index, MISSING)
        if entry is MISSING:
            entry = self._children.get(index, MISSING)
        return self._base[index] if entry is MISSING else entry

    # Editing

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._assign_slice(index, value)
            return
        position = self._index(index)
        if isinstance(value, Draft) and value is _seen(self._entry(position)):
            return  # `draft[i] += [1]` puts back what it edited in place
        entry = self._take(value)
        if self._items is not None:
            self._step("replace", position, entry)
        elif position >= len(self._base):
            self._tail[position - len(self._base)] = entry
        else:
            self._write(position, entry)

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            for position in sorted(range(*index.indices(len(self))), reverse=True):
                self._delete(position)
        else:
            self._delete(self._index(index))

    def insert(self, index: int, value: Any) -> None:
        """Inserts before the index, clipped to the ends as for a list."""
        position, length = as_index(index), len(self)
        position = max(0, position + length) if position < 0 else min(position, length)
        entry = self._take(value)
        if self._items is None and position == length:
            self._tail.append(entry)
            return
        self._spread()
        self._step("add", position, entry)

    def append(self, value: Any) -> None:
        """Adds to the end: O(log n) in a PVector, however long it is."""
        self.insert(len(self), value)

    def extend(self, values: Iterable[Any]) -> None:
        """Appends each."""
        for value in list(values):
            self.append(value)

    def pop(self, index: int = -1) -> Any:
        """Removes and gives back; a part that has parts comes back as its draft, fit to be put in elsewhere."""
        position = self._index(index)
        value = self._read(position)
        self._delete(position)
        return value

    def clear(self) -> None:
        """Removes every element."""
        self._replace_all([])

    def reverse(self) -> None:
        """Reverses in place."""
        self._replace_all(self._entries()[::-1])

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Sorts in place, stable; the key function sees drafts of elements that have parts."""
        values = [self._read(i) for i in range(len(self))]
        order = sorted(range(len(self)), key=lambda i: values[i] if key is None else key(values[i]), reverse=reverse)
        entries = self._entries()
        self._replace_all([entries[i] for i in order])

    def copy(self) -> list[Any]:
        """A plain list of the same parts; nested ones are drafts still, and editing those edits the tree."""
        return list(self)

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Iterable[Any]) -> list[Any]:
        return [*other, *self]

    def __iadd__(self, other: Iterable[Any]) -> "SequenceDraft":
        self.extend(other)
        return self

    def __mul__(self, times: int) -> list[Any]:
        return list(self) * times

    __rmul__ = __mul__

    def __imul__(self, times: int) -> "SequenceDraft":
        self._replace_all([self._keep(entry) for entry in self._entries() * times])
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    # How the edits are kept

    def _take(self, value: Any) -> Any:
        if type(value) in SCALARS:
            return value
        value = self._adopt(value)
        # Drafted at once, so that an element that was put in is never taken for one that was in its place before.
        child = None if isinstance(value, Draft) else self._child(value)
        return self._keep(value if child is None else child)

    def _keep(self, entry: Any) -> Any:
        return _Placed(entry) if isinstance(entry, Draft) else entry

    def _entries(self) -> list[Any]:
        return [self._entry(i) for i in range(len(self))]

    def _delete(self, position: int) -> None:
        if self._items is None and self._tail and position == len(self) - 1:
            self._tail.pop()
            return
        self._spread()
        self._step("remove", position, None)

    def _spread(self) -> None:
        """Copies the elements into a list, so that they can move; what was edited so far becomes the first steps."""
        if self._items is not None:
            return
        writes, tail = self._writes, self._tail
        self._items = list(self._base)
        for index, child in self._children.items():
            self._items[index] = child
        self._writes, self._children, self._tail = NOTHING, NOTHING, []
        for index, entry in writes.items():
            self._step("replace", index, entry)
        for entry in tail:
            self._step("add", len(self._items), entry)

    def _step(self, op: str, index: int, entry: Any) -> None:
        assert self._items is not None
        if op == "add":
            self._items.insert(index, entry)
            self._log.append((op, index, entry, None))
            return
        old = self._items[index]
        if op == "remove":
            del self._items[index]
        else:
            self._items[index] = entry
        self._log.append((op, index, entry, old))

    def _replace_all(self, entries: list[Any]) -> None:
        """Turns the elements into those given, in the few steps that it takes."""
        self._spread()
        assert self._items is not None
        for _, i1, i2, j1, j2 in reversed(opcodes(self._items, entries, _entry_key)):
            common = min(i2 - i1, j2 - j1)
            for position in range(i2 - 1, i1 + common - 1, -1):
                self._step("remove", position, None)
            for offset in range(common):
                self._step("replace", i1 + offset, self._keep(entries[j1 + offset]))
            for offset in range(common, j2 - j1):
                self._step("add", i1 + offset, self._keep(entries[j1 + offset]))

    def _assign_slice(self, where: slice, values: Iterable[Any]) -> None:
        entries = self._entries()
        entries[where] = [self._take(value) for value in values]
        self._replace_all(entries)

    def _start_with(self, plain: Iterable[Any]) -> None:
        self._items = [self._adopt(value) for value in plain]

    # Finishing

    def finish(self, path: Path, changes: Changes) -> Any:
        return self._finish_edits(path, changes) if self._items is None else self._finish_steps(path, changes)

    def _finish_edits(self, path: Path, changes: Changes) -> Any:
        base = self._base
        final: dict[int, Any] = {}
        for index, child in self._children.items():
            value = child.finish_in_place((*path, index), changes)
            if value is not child._base:
                final[index] = value
        for index, entry in self._writes.items():
            value, old = _value_of(entry), base[index]
            if not same(old, value):
                final[index] = value
                if changes is not None:
                    changes.append(("replace", (*path, index), value, old))
        tail = [_value_of(entry) for entry in self._tail]
        if changes is not None:
            changes.extend([("add", (*path, len(base) + i), value, None) for i, value in enumerate(tail)])
        return self._kind.assign(base, final, tail) if final or tail else base

    def _finish_steps(self, path: Path, changes: Changes) -> Any:
        assert self._items is not None
        base, items = self._base, self._items
        start = 0 if changes is None else len(changes)
        self._trim_to_greatest_length()
        if changes is not None:
            for op, index, entry, old in self._log:
                changes.append((op, (*path, index), _value_of(entry), _value_before(old)))  # type: ignore[arg-type]
        values, held = list(items), {_Placed, *Draft.by_form.values()}
        # Found in C: looking at each of a thousand elements is what an insertion would cost most.
        for index in compress(count(), map(held.__contains__, map(type, items))):
            entry = items[index]
            in_place = type(entry) is not _Placed
            values[index] = entry.finish_in_place((*path, index), changes) if in_place else _value_of(entry)
        if len(values) == len(base) and all(map(same, base, values)):
            # The steps led back to where they started, as an append and a pop do.
            if changes is not None:
                del changes[start:]
            return base
        value = self._kind.build(base, values)
        # A step is a path and a value: after a sort, or a clear, they say more than the two lists do.
        if changes is not None and len(self._log) > _ALWAYS_LOGGED and 2 * len(self._log) >= len(base) + len(values):
            changes[start:] = [("replace", path, value, base)]
        return value

    @property
    def _kind(self) -> Any:
        return KINDS[type(self._base)]

    def _trim_to_greatest_length(self) -> None:
        """A deque that has a greatest length loses elements from its left."""
        assert self._items is not None
        greatest = getattr(self._base, "maxlen", None)
        while greatest is not None and len(self._items) > greatest:
            self._step("remove", 0, None)


def _seen(entry: Any) -> Any:
    """An element as whoever reads it sees it."""
    return entry.draft if type(entry) is _Placed else entry


def _value_of(entry: Any) -> Any:
    return entry.draft.settle() if type(entry) is _Placed else entry


def _value_before(entry: Any) -> Any:
    """What an element was when the steps were taken: the edits of one that stood in its place come after the steps."""
    return entry._base if isinstance(entry, Draft) else _value_of(entry)


def _entry_key(entry: Any) -> Any:
    return (type(entry), entry) if type(entry) in SCALARS else id(entry)


KINDS[SequenceDraft] = ListKind()
