"""Drafts of mappings: the whole MutableMapping interface over an immutable value."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, ClassVar

from statestore.tree.drafts.draft import DRAFT_TYPES, NOTHING, SCALARS, Changes, Draft
from statestore.tree.equality import PLAINLY_EQUAL, same
from statestore.tree.kinds import KINDS, MISSING, REMOVED, DictKind
from statestore.values import Change, Path


class MappingDraft(Draft, MutableMapping[Any, Any]):
    """Reading a part that has parts gives its draft; everything else about it is a dict."""

    __slots__ = ()
    drafts: ClassVar[str] = "mapping"

    def __getitem__(self, key: Any) -> Any:
        child = self._children.get(key)
        if child is not None:
            return child
        if self._writes and (value := self._writes.get(key, MISSING)) is not MISSING:
            if value is REMOVED:
                raise KeyError(key)
            if not isinstance(value, Draft) and (child := self._child(value)) is not None:
                value = self._writes[key] = child
            return value
        value = self._base[key]
        make = DRAFT_TYPES[type(value)]
        if make is None:
            return value
        child = make(value, self._scope, self)
        if self._children:
            self._children[key] = child
        else:
            self._children = {key: child}
        return child

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) not in SCALARS:
            value = self._adopt(value)
            if value is self._children.get(key, MISSING):
                return
        self._write(key, value)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._write(key, REMOVED)

    def __contains__(self, key: object) -> bool:
        value = self._writes.get(key, MISSING)
        return key in self._base if value is MISSING else value is not REMOVED

    def __iter__(self) -> Iterator[Any]:
        for key in self._base:
            if self._writes.get(key, MISSING) is not REMOVED:
                yield key
        yield from [key for key, value in self._writes.items() if value is not REMOVED and key not in self._base]

    def __len__(self) -> int:
        length = len(self._base)
        for key, value in self._writes.items():
            length += (value is not REMOVED) - (key in self._base)
        return length

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As for a dict, and what was put in comes back as its draft, so that it can be edited further."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Removes every key."""
        self._writes = dict.fromkeys(self._base, REMOVED)
        self._children = NOTHING

    def copy(self) -> dict[Any, Any]:
        """A plain dict of the same parts; nested ones are drafts still, and editing those edits the tree."""
        return dict(self.items())

    def __or__(self, other: Mapping[Any, Any]) -> dict[Any, Any]:
        return {**self, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[Any, Any]) -> dict[Any, Any]:
        return {**other, **self} if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> "MappingDraft":  # type: ignore[misc]
        self.update(other)
        return self

    def __reversed__(self) -> Iterator[Any]:
        return iter(list(self)[::-1])

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == dict(other.items()) if isinstance(other, Mapping) else NotImplemented

    def _start_with(self, plain: Mapping[Any, Any]) -> None:
        self._writes = {key: self._adopt(value) for key, value in plain.items()}

    def finish(self, path: Path, changes: Changes) -> Any:
        base = self._base
        final: dict[Any, Any] = {}
        for key, child in self._children.items():
            if child._final is MISSING:
                value = child.finish(path + (key,), changes)  # noqa: RUF005  (*path, key) takes twice as long
            else:
                value = child.finish_in_place((*path, key), changes)
            if value is not child._base:
                final[key] = value
        for key, value in self._writes.items():
            old = base.get(key, MISSING)
            # The first case is what most writes are; asking in this order halves the cost of finishing them.
            if type(value) is type(old) and type(value) in PLAINLY_EQUAL:
                if value == old:
                    continue
                change: Change = ("replace", path + (key,), value, old)  # noqa: RUF005  as above
            else:
                if isinstance(value, Draft):
                    value = value.settle()
                if old is MISSING:
                    if value is REMOVED:
                        continue
                    change = ("add", (*path, key), value, None)
                elif value is REMOVED:
                    change = ("remove", (*path, key), None, old)
                elif same(old, value):
                    continue
                else:
                    change = ("replace", (*path, key), value, old)
            final[key] = value
            if changes is not None:
                changes.append(change)
        if not final:
            return base
        if len(final) > 1:
            return KINDS[type(base)].update(base, final)
        key, value = final.popitem()
        return KINDS[type(base)].set(base, key, value)


KINDS[MappingDraft] = DictKind()  # so that freeze and thaw take a draft for what it looks like
