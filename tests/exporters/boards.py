"""Recorded runs for the exporters, and reading what comes out."""

import json
from typing import Any

from statestore import History, Slice, Store
from statestore.testing import FakeClock

keyed = Slice("keyed", initial={})
WALL_NS = 1_700_000_000_123_456_789
STEP_NS = 1_500_000


@keyed.on("set")
def _(draft, action) -> None:
    draft[action.payload["key"]] = action.payload["value"]


@keyed.on("drop")
def _(draft, action) -> None:
    draft.pop(action.payload, None)


@keyed.on("broken")
def _(draft, action) -> None:
    raise ValueError("told to")


def put(key: str, value: Any) -> dict[str, Any]:
    """Sets a key, in the words of the reducer in Node as well."""
    return {"type": "set", "payload": {"key": key, "value": value}}


def worked(*actions: Any, initial: Any = None, middleware: Any = (), **options: Any) -> tuple[Store, History]:
    """A store that these actions were dispatched to, 1.5 ms apart, and its history."""
    clock, history = FakeClock(wall_ns=WALL_NS), History(**options)
    store = Store(keyed, {} if initial is None else initial, middleware=[history, *middleware], clock=clock)
    for action in actions:
        clock.advance(STEP_NS)
        store.dispatch(action)
    return store, history


def parsed(chunks: Any) -> Any:
    """What a stream of JSON holds."""
    return json.loads(b"".join(chunks))
