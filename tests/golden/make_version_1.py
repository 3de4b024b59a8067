"""Makes the golden file of version 1, with one of everything. Run once, when the format was fixed; kept to say how."""

import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import immutables
import numpy
from pyrsistent import CheckedPVector, freeze, pbag, pdeque, plist, pmap, pset, pvector

from statestore import Action, MemorySample, Milestone, Move, Snapshot, Span, Store
from statestore.journal import Journal, register
from statestore.testing import FakeClock
from statestore.values import Alert, GaugeSample, Rollback

FILE = Path(__file__).with_name("version_1.history")


class Point(NamedTuple):
    """A record."""

    x: int
    y: int


class Colour(enum.Enum):
    """An enum."""

    RED = "red"


class Names(CheckedPVector):
    """A checked collection."""

    __type__ = str


for _class in (Point, Colour, Names):
    register(_class, name=f"golden.{_class.__name__}")

VALUES: dict[str, Any] = {
    "nothing": None,
    "truth": [True, False],
    "integers": [0, -1, 2**63 - 1, -(2**63), 2**64 - 1, 2**64, -(2**70)],
    "floats": [0.5, -0.0, float("inf")],
    "text": ["", "grün", "\ud800"],
    "bytes": b"\x00\xff",
    "other keys": {(1, 2): "tuple", 3: "integer", None: "nothing"},
    "tuple": (1, (2, ())),
    "set": {1, 2},
    "frozenset": frozenset({"a"}),
    "map": pmap({"a": pvector([1])}),
    "vector": pvector([pmap()]),
    "persistent set": pset(["a"]),
    "list": plist([1, 2]),
    "deque": pdeque([1, 2], maxlen=3),
    "bag": pbag([1, 1]),
    "immutables": immutables.Map(a=immutables.Map()),
    "checked": Names(["ada"]),
    "enum": Colour.RED,
    "record": Point(1, 2),
    "moment": dt.datetime(2024, 5, 1, 12, 30, 15, 123, tzinfo=dt.UTC),
    "local": dt.datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Vienna"), fold=1),
    "offset": dt.time(12, 30, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")),
    "day": dt.date(2024, 5, 1),
    "span": dt.timedelta(days=-1, seconds=3, microseconds=5),
    "decimal": Decimal("1.50"),
    "uuid": UUID(int=7),
    "path": PurePosixPath("/srv/data"),
    "complex": 1 - 2j,
    "range": range(1, 10, 2),
    "fraction": Fraction(1, 3),
    "bytearray": bytearray(b"ab"),
    "numpy scalar": numpy.float64(0.5),
}
ARRAY = numpy.arange(6, dtype="<i4").reshape(2, 3)


def reduce(state: Any, action: Action) -> Any:
    """Keeps what state may hold under the action's type."""
    if action.type in ("other keys", "set", "bytearray", "unknown", "secret", "array") or isinstance(
        action.payload, list
    ):
        return state
    return state.set(action.type, action.payload)


def values() -> list[Any]:
    """One of every recorded value but commits."""
    return [
        Move("undo", 5, 4, 100),
        Snapshot(1, "before", 3, 101, {"why": "golden"}),
        Span(1, None, "phase", "block", 10, 90, "ValueError", {"worker": "w0"}, 3, 4, 5, "task", 6),
        Milestone("parsed", 102, {"files": [1, 2]}, {"by": "ada"}, 3),
        MemorySample(103, 1, 2, 3, 4, 5, 6, 7),
        GaugeSample(104, 1, 2),
        Alert("slow", "phase", 105, "It is slow.", {"p99_ns": 1}),
        Rollback("two", 6, 7, "KeyError", 106),
    ]


def main() -> None:
    """Writes the file."""
    FILE.unlink(missing_ok=True)
    clock = FakeClock()
    journal = Journal(FILE, redact=["password"], on_unknown="repr")
    store = Store(reduce, freeze({"begin": 0}), middleware=[journal], name="golden", clock=clock)
    for name, value in VALUES.items():
        clock.advance(1_000)
        store.dispatch(Action(name, value, {"golden": True}))
    store.dispatch(Action("array", ARRAY))
    store.dispatch(Action("secret", {"password": "hunter2"}))
    store.dispatch(Action("unknown", main))
    with store.transaction("two"):
        store.dispatch(Action("text", "first"))
        store.dispatch(Action("text", "second"))
    for value in values():
        store.publish(value)
    store.dispatch(Action("text", "long " * 14_000))  # outweighs the root, so that a keyframe follows
    store.close()


if __name__ == "__main__":
    main()
