"""The recorded values as JSON objects."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statestore.values import Commit


def as_record(commit: "Commit") -> dict[str, Any]:
    """The commit as one JSON object."""
    return {
        "seq": commit.seq,
        "parent": commit.parent,
        "type": commit.action.type,
        "payload": commit.action.payload,
        "meta": commit.action.meta,
        "started_ns": commit.started_ns,
        "elapsed_ns": commit.elapsed_ns,
        "group": commit.group,
        "label": commit.label,
        "patches": [{"op": p.op, "path": list(p.path), "value": p.value} for p in commit.patches],
    }


def fields(value: Any) -> dict[str, Any]:
    """Any recorded value, by the names of its fields."""
    return {name: getattr(value, name) for name in value.__struct_fields__}
