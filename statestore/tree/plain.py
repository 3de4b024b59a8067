"""Any state as what JSON knows: for the command line and for other tools, which know no more."""

from math import isfinite
from typing import Any

from statestore.tree.kinds import KINDS, RecordKind
from statestore.values import Path


def to_plain(value: Any) -> Any:
    """Gives dicts with text keys, lists, text, numbers, booleans and None; whatever else there is becomes its text.

    So do NaN and the infinities, which JSON has no form for. Costs the size of the value.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    kind = KINDS[type(value)]
    if kind.role == "mapping":
        return {key if isinstance(key, str) else str(key): to_plain(part) for key, part in value.items()}
    if isinstance(kind, RecordKind):
        return {name: to_plain(getattr(value, name)) for name in kind.fields(value)}
    if kind.role == "sequence":
        return [to_plain(part) for part in value]
    if kind.role == "set":
        return sorted(map(to_plain, value), key=str)  # the same text for the same set
    return str(value)


def to_pointer(path: Path) -> str:
    """The path as an RFC 6901 JSON Pointer."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
