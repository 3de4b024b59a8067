"""Between plain Python data and immutable state: freezing on the way in, thawing on the way out."""

from typing import Any

from pyrsistent import pmap, pset, pvector

from statestore.errors import ActionError
from statestore.tree.kinds import KINDS, MappingKind, RecordKind, SequenceKind, SetKind


def freeze(value: Any) -> Any:
    """Gives the immutable form: dict, list and set become pyrsistent's PMap, PVector and PSet, at every depth.

    Immutable values are taken as they are, and come back as the identical object unless something plain was inside.
    Costs the size of the value.

    Raises:
        ActionError: something inside is known to be mutable, such as a bytearray or a dataclass that is not frozen, or
            the value holds itself.
    """
    try:
        return _freeze(value)
    except RecursionError:
        raise ActionError(
            "the value holds itself, or is nested too deeply: a state is a tree of finite depth"
        ) from None


def _freeze(value: Any) -> Any:
    kind = KINDS[type(value)]
    if isinstance(kind, MappingKind):
        frozen = {key: _freeze(part) for key, part in value.items()}
        if kind.plain:
            return pmap(frozen)
        changed = {key: part for key, part in frozen.items() if part is not value[key]}
        return kind.update(value, changed) if changed else value
    if isinstance(kind, SequenceKind):
        elements = [_freeze(part) for part in value]
        if kind.plain:
            return pvector(elements)
        return value if all(a is b for a, b in zip(elements, value, strict=True)) else kind.build(value, elements)
    if isinstance(kind, RecordKind):
        parts = {name: (getattr(value, name), _freeze(getattr(value, name))) for name in kind.fields(value)}
        changed = {name: after for name, (before, after) in parts.items() if after is not before}
        return kind.replace(value, changed) if changed else value
    if isinstance(kind, SetKind) and kind.plain:
        return pset(value)
    return value


def thaw(value: Any) -> Any:
    """Gives plain data: dict for mappings and records, list for sequences, set for sets, atoms as they are.

    Keys of mappings and members of sets stay as they are, since they have to be hashable. Costs the size of the value.
    """
    kind = KINDS[type(value)]
    if isinstance(kind, MappingKind):
        return {key: thaw(part) for key, part in kind.items(value).items()}
    if kind.role == "sequence":
        return [thaw(part) for part in value]
    if isinstance(kind, RecordKind):
        return {name: thaw(getattr(value, name)) for name in kind.fields(value)}
    if kind.role == "set":
        return set(value)
    return value
