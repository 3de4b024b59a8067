"""Every operation of dicts, lists, sets and records, done to a draft and to its mirror alike."""

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, MutableSet, Sequence, Set
from typing import Any

from hypothesis import strategies as st

from statestore import StateStoreError, current

from .states import Fields, keys, members, mirror, plain, portrait, scalars, trees

CONTAINERS = (dict, list, set)
fresh = st.one_of(scalars, plain, trees)
Draw = Callable[[st.SearchStrategy[Any]], Any]


def reveal(value: Any) -> Any:
    """The plain mirror of whatever an operation on a draft gave: a draft, a copy that holds drafts, or a value."""
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return [reveal(item) for item in value]
    if type(value) is dict:
        return {key: reveal(item) for key, item in value.items()}
    try:
        return mirror(current(value))
    except StateStoreError:
        return mirror(value)


def agree(on_draft: Callable[[], Any], on_model: Callable[[], Any]) -> None:
    """Does both and compares what came back, or the class of what was raised."""
    assert _outcome(on_draft) == _outcome(on_model)


def _outcome(act: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "returned", portrait(reveal(act()))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        return "raised", type(error).__name__


def _value(draw: Draw) -> tuple[Any, Any]:
    """A new value, plain or immutable, and its mirror."""
    value = draw(fresh)
    return value, mirror(value)


def _key(draw: Draw, model: dict[Any, Any]) -> Any:
    """A key that may well be there."""
    there = st.sampled_from(sorted(model, key=repr)) if model else keys
    return draw(st.one_of(there, keys))


def _set_item(draw: Draw, draft: Any, model: Any) -> None:
    key, (value, copy) = _key(draw, model), _value(draw)
    agree(lambda: draft.__setitem__(key, value), lambda: model.__setitem__(key, copy))


def _set_again(draw: Draw, draft: Any, model: Any) -> None:
    key = _key(draw, model)
    if key in model:
        agree(lambda: draft.__setitem__(key, draft[key]), lambda: None)


def _delete_item(draw: Draw, draft: Any, model: Any) -> None:
    key = _key(draw, model)
    agree(lambda: draft.__delitem__(key), lambda: model.__delitem__(key))


def _pop_key(draw: Draw, draft: Any, model: Any) -> None:
    key, default = _key(draw, model), draw(st.sampled_from([(), (None,), (7,)]))
    agree(lambda: draft.pop(key, *default), lambda: model.pop(key, *default))


def _pop_any_item(draw: Draw, draft: Any, model: Any) -> None:
    if not model:
        return agree(draft.popitem, model.popitem)
    key, value = draft.popitem()
    assert portrait(reveal(value)) == portrait(model.pop(key))
    return None


def _set_default(draw: Draw, draft: Any, model: Any) -> None:
    key, (value, copy) = _key(draw, model), _value(draw)
    agree(lambda: draft.setdefault(key, value), lambda: model.setdefault(key, copy))


def _update(draw: Draw, draft: Any, model: Any) -> None:
    pairs = [(_key(draw, model), *_value(draw)) for _ in range(draw(st.integers(0, 3)))]
    given, copies = {key: value for key, value, _ in pairs}, {key: copy for key, _, copy in pairs}
    how = draw(st.sampled_from(["update", "pairs", "ior", "or"]))
    if how == "update":
        agree(lambda: draft.update(given), lambda: model.update(copies))
    elif how == "pairs":
        agree(lambda: draft.update(list(given.items()), z=1), lambda: model.update(list(copies.items()), z=1))
    elif how == "ior":
        agree(lambda: draft.__ior__(given), lambda: model.__ior__(copies))
    else:
        agree(lambda: draft | given, lambda: model | copies)


def _clear(draw: Draw, draft: Any, model: Any) -> None:
    agree(draft.clear, model.clear)


def _read_mapping(draw: Draw, draft: Any, model: Any) -> None:
    key = _key(draw, model)
    agree(lambda: draft[key], lambda: model[key])
    agree(lambda: draft.get(key, 5), lambda: model.get(key, 5))
    agree(lambda: key in draft, lambda: key in model)
    agree(lambda: set(draft), lambda: set(model))
    agree(lambda: set(draft.keys()), lambda: set(model.keys()))
    agree(lambda: dict(draft.items()), lambda: dict(model.items()))
    agree(lambda: dict(zip(draft, draft.values(), strict=True)), lambda: dict(model))
    agree(draft.copy, model.copy)
    assert len(draft) == len(model)
    assert isinstance(draft, MutableMapping)
    assert isinstance(draft, Mapping)


def _index(draw: Draw, model: list[Any]) -> int:
    return draw(st.integers(-len(model) - 1, len(model)))


def _slice(draw: Draw, model: list[Any]) -> slice:
    edge = st.one_of(st.none(), st.integers(-len(model) - 1, len(model) + 1))
    return slice(draw(edge), draw(edge), draw(st.sampled_from([None, 1, 2, -1, -2])))


def _values(draw: Draw) -> tuple[list[Any], list[Any]]:
    pairs = [_value(draw) for _ in range(draw(st.integers(0, 3)))]
    return [value for value, _ in pairs], [copy for _, copy in pairs]


def _set_index(draw: Draw, draft: Any, model: Any) -> None:
    index, (value, copy) = _index(draw, model), _value(draw)
    agree(lambda: draft.__setitem__(index, value), lambda: model.__setitem__(index, copy))


def _set_slice(draw: Draw, draft: Any, model: Any) -> None:
    part, (values, copies) = _slice(draw, model), _values(draw)
    agree(lambda: draft.__setitem__(part, values), lambda: model.__setitem__(part, copies))


def _delete_index(draw: Draw, draft: Any, model: Any) -> None:
    index = draw(st.sampled_from([_index, _slice]))(draw, model)
    agree(lambda: draft.__delitem__(index), lambda: model.__delitem__(index))


def _insert(draw: Draw, draft: Any, model: Any) -> None:
    index, (value, copy) = draw(st.integers(-len(model) - 2, len(model) + 2)), _value(draw)
    agree(lambda: draft.insert(index, value), lambda: model.insert(index, copy))


def _append(draw: Draw, draft: Any, model: Any) -> None:
    value, copy = _value(draw)
    agree(lambda: draft.append(value), lambda: model.append(copy))


def _extend(draw: Draw, draft: Any, model: Any) -> None:
    values, copies = _values(draw)
    if draw(st.booleans()):
        agree(lambda: draft.extend(iter(values)), lambda: model.extend(copies))
    else:
        agree(lambda: draft.__iadd__(values), lambda: model.__iadd__(copies))


def _pop_index(draw: Draw, draft: Any, model: Any) -> None:
    at = draw(st.one_of(st.just(()), st.tuples(st.just(_index(draw, model)))))
    agree(lambda: draft.pop(*at), lambda: model.pop(*at))


def _remove(draw: Draw, draft: Any, model: Any) -> None:
    leaves = [item for item in model if not isinstance(item, CONTAINERS)]
    value = draw(st.one_of(st.sampled_from(leaves) if leaves else scalars, scalars))
    agree(lambda: draft.remove(value), lambda: model.remove(value))


def _reorder(draw: Draw, draft: Any, model: Any) -> None:
    how = draw(st.sampled_from(["reverse", "sort", "sort down", "sort by key"]))
    if how == "reverse":
        agree(draft.reverse, model.reverse)
    elif how == "sort by key" or len({type(item) for item in model}) > 1 or not _sortable(model):
        agree(lambda: draft.sort(key=_rank), lambda: model.sort(key=_rank))
    else:
        agree(lambda: draft.sort(reverse=how == "sort down"), lambda: model.sort(reverse=how == "sort down"))


def _sortable(model: list[Any]) -> bool:
    return all(isinstance(item, int | str | bytes) for item in model)


def _rank(item: Any) -> str:
    """Orders leaves by how they are written and leaves containers among themselves as they were."""
    return repr(item) if isinstance(item, int | str | bytes | float | None) else ""


def _read_sequence(draw: Draw, draft: Any, model: Any) -> None:
    index, part, wanted = _index(draw, model), _slice(draw, model), draw(scalars)
    agree(lambda: draft[index], lambda: model[index])
    agree(lambda: draft[part], lambda: model[part])
    agree(lambda: list(draft), lambda: list(model))
    agree(lambda: list(reversed(draft)), lambda: list(reversed(model)))
    agree(lambda: wanted in draft, lambda: wanted in model)
    agree(lambda: draft.count(wanted), lambda: model.count(wanted))
    agree(lambda: draft.index(wanted), lambda: model.index(wanted))
    agree(lambda: list(draft.copy()), model.copy)
    assert len(draft) == len(model)
    assert isinstance(draft, MutableSequence)
    assert isinstance(draft, Sequence)


def _member(draw: Draw, model: set[Any]) -> Any:
    there = st.sampled_from(sorted(model, key=repr)) if model else members
    return draw(st.one_of(there, members))


def _change_member(draw: Draw, draft: Any, model: Any) -> None:
    member, how = _member(draw, model), draw(st.sampled_from(["add", "discard", "remove"]))
    agree(lambda: getattr(draft, how)(member), lambda: getattr(model, how)(member))


def _pop_member(draw: Draw, draft: Any, model: Any) -> None:
    if not model:
        return agree(draft.pop, model.pop)
    model.remove(draft.pop())
    return None


def _combine_in_place(draw: Draw, draft: Any, model: Any) -> None:
    other, how = draw(st.frozensets(members, max_size=3)), draw(st.sampled_from(["ior", "iand", "isub", "ixor"]))
    agree(lambda: getattr(draft, f"__{how}__")(other), lambda: getattr(model, f"__{how}__")(other))


def _read_set(draw: Draw, draft: Any, model: Any) -> None:
    other, member = draw(st.frozensets(members, max_size=3)), _member(draw, model)
    agree(lambda: member in draft, lambda: member in model)
    agree(lambda: set(draft), lambda: set(model))
    for how in ("or", "and", "sub", "xor"):
        agree(
            lambda how=how: set(getattr(draft, f"__{how}__")(other)),
            lambda how=how: getattr(model, f"__{how}__")(other),
        )
    for how in ("le", "lt", "ge", "gt", "eq"):
        agree(lambda how=how: getattr(draft, f"__{how}__")(other), lambda how=how: getattr(model, f"__{how}__")(other))
    agree(lambda: draft.isdisjoint(other), lambda: model.isdisjoint(other))
    agree(lambda: set(draft.copy()), model.copy)
    assert len(draft) == len(model)
    assert isinstance(draft, MutableSet)
    assert isinstance(draft, Set)


def _set_field(draw: Draw, draft: Any, model: Any) -> None:
    name, (value, copy) = draw(st.sampled_from(["left", "right"])), _value(draw)
    agree(lambda: setattr(draft, name, value), lambda: model.__setitem__(name, copy))


def _read_fields(draw: Draw, draft: Any, model: Any) -> None:
    for name in ("left", "right"):
        agree(lambda name=name: getattr(draft, name), lambda name=name: model[name])


OPERATIONS: dict[type, list[Callable[[Draw, Any, Any], None]]] = {
    dict: [
        _set_item, _set_item, _set_again, _delete_item, _pop_key, _pop_any_item, _set_default, _update, _clear,
        _read_mapping,
    ],
    list: [
        _set_index, _set_slice, _delete_index, _insert, _append, _extend, _pop_index, _remove, _reorder, _clear,
        _read_sequence,
    ],
    set: [_change_member, _change_member, _pop_member, _combine_in_place, _clear, _read_set],
    Fields: [_set_field, _set_field, _read_fields],
}  # fmt: skip
