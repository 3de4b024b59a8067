"""Patches as data for other programs: RFC 6902 JSON Patch, out and in."""

from collections.abc import Iterable, Mapping
from typing import Any

from statestore.errors import PatchError
from statestore.tree.equality import same
from statestore.tree.freezing import freeze, thaw
from statestore.tree.kinds import KINDS
from statestore.tree.patches import apply_patches
from statestore.tree.plain import to_pointer as to_pointer  # the way back stands here
from statestore.values import Patch, Path

Operation = dict[str, Any]


def to_json_patch(patches: Iterable[Patch]) -> list[Operation]:
    """The patches as JSON Patch operations, ready for `json.dumps` where their values are.

    Give `commit.patches` for the way forward, `commit.inverse` for the way back. What JSON does not have is written in
    its terms: records as objects, tuples and sets as arrays, keys as texts; a member of a set is addressed by its text.
    """
    return [_operation(patch) for patch in patches]


def _operation(patch: Patch) -> Operation:
    operation: Operation = {"op": patch.op, "path": to_pointer(patch.path)}
    if patch.op != "remove":
        operation["value"] = _as_json(patch.value)
    return operation


def _as_json(value: Any) -> Any:
    kind = KINDS[type(value)]
    match kind.role:
        case "mapping":
            return {str(key): _as_json(member) for key, member in value.items()}
        case "sequence":
            return [_as_json(member) for member in value]
        case "set":
            return sorted((_as_json(member) for member in value), key=repr)
        case "record":
            return {name: _as_json(getattr(value, name)) for name in kind.fields(value)}
    return value


def from_json_patch(operations: Iterable[Mapping[str, Any]], state: Any) -> tuple[Patch, ...]:
    """The operations as patches of that state, for `store.apply(patches)` or `apply_patches(state, patches)`.

    Pointers are read against the state: `0` is a position in a list and a key in a mapping, a key that is no text is
    found by its text, `-` is the end of a list. `test` is checked here, `move` and `copy` become what they do.

    Raises:
        PatchError: an operation is malformed, a path does not exist, or a test fails; the message says which.
    """
    patches: list[Patch] = []
    for number, operation in enumerate(operations):
        try:
            found = _read(operation, state)
            state = apply_patches(state, found)
        except PatchError as error:
            raise PatchError(f"operation {number}, {dict(operation)!r}: {error}") from None
        patches += found
    return tuple(patches)


def _read(operation: Mapping[str, Any], state: Any) -> list[Patch]:
    op = operation.get("op")
    if op not in ("add", "remove", "replace", "move", "copy", "test"):
        raise PatchError("op is one of add, remove, replace, move, copy and test")
    path = from_pointer(_field(operation, "path"), state, op in ("add", "move", "copy"))
    if op == "remove":
        return [Patch("remove", path)]
    if op in ("add", "replace"):
        return [_put(op, path, _field(operation, "value"), state)]
    if op == "test":
        if not _equal(_value_at(state, path), _field(operation, "value")):
            raise PatchError(f"the test failed: there is {thaw(_value_at(state, path))!r}")
        return []
    source = from_pointer(_field(operation, "from"), state, False)
    return _copy(state, source, path) if op == "copy" else _move(operation, state, source, path)


def _put(op: Any, path: Path, value: Any, state: Any) -> Patch:
    # In a mapping, JSON Patch adds over what is there; here that is a replacement.
    if not path:
        return Patch("replace", path, value)
    parent: Any = _value_at(state, path[:-1])
    role = KINDS[type(parent)].role
    if op == "add" and (role == "record" or (role == "mapping" and path[-1] in parent)):
        op = "replace"
    return Patch(op, path, path[-1] if role == "set" else value)


def _copy(state: Any, source: Path, path: Path) -> list[Patch]:
    return [_put("add", path, _value_at(state, source), state)]


def _move(operation: Mapping[str, Any], state: Any, source: Path, path: Path) -> list[Patch]:
    if path[: len(source)] == source and path != source:
        raise PatchError("a value cannot be moved into itself")
    removal = Patch("remove", source)
    without = apply_patches(state, [removal])
    target = from_pointer(_field(operation, "path"), without, True)
    return [removal, _put("add", target, _value_at(state, source), without)]


def _field(operation: Mapping[str, Any], name: str) -> Any:
    if name not in operation:
        raise PatchError(f"the operation has no {name!r}")
    return operation[name]


def from_pointer(pointer: Any, state: Any, may_be_new: bool = False) -> Path:
    """The path that a JSON Pointer names in a state; with `may_be_new` its last key need not be there yet."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise PatchError(f"a JSON Pointer is empty or begins with '/', found {pointer!r}")
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    path: list[Any] = []
    for i, token in enumerate(tokens):
        last = i == len(tokens) - 1
        path.append(_key(state, token, may_be_new and last))
        if not last:
            state = _value_at(state, (path[-1],))
    return tuple(path)


def _key(node: Any, text: str, may_be_new: bool) -> Any:
    kind = KINDS[type(node)]
    if kind.role == "sequence":
        if text == "-" and may_be_new:
            return len(node)
        if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
            raise PatchError(f"{text!r} is no position in a list")
        return int(text)
    if kind.role == "record":
        return text
    if kind.role not in ("mapping", "set"):
        raise PatchError(f"{text!r} leads into a {type(node).__name__}, which has no parts")
    if text in node:
        return text
    alike = [key for key in node if not isinstance(key, str) and str(key) == text]
    if len(alike) == 1:
        return alike[0]
    if may_be_new:
        return text
    raise PatchError(f"nothing is at {text!r}")


def _value_at(state: Any, path: Path) -> Any:
    for key in path:
        kind = KINDS[type(state)]
        state = key if kind.role == "set" and key in state else kind.child(state, key)
    return state


def _equal(found: Any, wanted: Any) -> bool:
    return same(freeze(_as_json(found)), freeze(wanted)) or _as_json(found) == wanted
