"""Encoding and decoding: what comes back is what went in, in class and content, by both ways of reading."""

import dataclasses
import datetime as dt
import enum
import math
from collections import OrderedDict
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgpack
import msgspec
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import m, pbag, pdeque, plist, pmap, pset, pvector, v

from statestore import Action, Commit, CorruptHistoryError, JournalError, MemorySample, Milestone, Move, Snapshot, Span
from statestore.journal import REDACTED, Opaque, Unstored, codec, register
from statestore.journal.codec import (
    Keyframe,
    decode_commit,
    encode_commit,
    encode_for_memory,
    encode_keyframe,
    encode_value,
    kind_of,
    pack_commit,
    read_place,
    read_record,
    read_step,
)
from statestore.journal.format import MAX_DEPTH, RecordKind
from statestore.journal.packing import Packing, UnstorableError
from statestore.values import Alert, GaugeSample, Rollback
from tests.laws import states
from tests.tree import kinds

for record in (*states.RECORDS, kinds.Point, kinds.Slotted, kinds.Derived, kinds.Private, kinds.Names, kinds.Ages):
    register(record)


class Colour(enum.Enum):
    """A plain Enum."""

    RED = 1
    GREEN = "g"


class Level(enum.IntEnum):
    """An Enum that is a number."""

    LOW = 1


for member in (Colour, Level):
    register(member)

offsets = st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23))
zones = st.one_of(
    st.none(),
    st.just(dt.UTC),
    st.sampled_from(["Europe/Vienna", "America/New_York"]).map(ZoneInfo),
    offsets.map(dt.timezone),
    st.builds(dt.timezone, offsets, st.text(max_size=5)),
)
atoms = st.one_of(
    states.scalars,
    st.integers(-(1 << 80), 1 << 80),
    st.text(st.characters(categories=["Cs", "L"]), max_size=4),
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone), st.datetimes(), zones),
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone, fold=1), st.datetimes(), zones),
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone), st.times(), offsets.map(dt.timezone)),
    st.dates(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.fractions(),
    st.complex_numbers(allow_nan=False),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 9)),
    st.sampled_from([
        Colour.RED, Colour.GREEN, Level.LOW, Path("a/b"), PurePosixPath("/x"), PureWindowsPath("c:/x"),
        bytearray(b"ab"),
        numpy.float64(1.5), numpy.int8(-3), numpy.datetime64("2024-05-01"), REDACTED, Unstored("Socket", "<socket>"),
        pbag([1, 1, 2]), pdeque([1, 2], maxlen=3), kinds.Names(["a"]), kinds.Ages({"a": 1}), kinds.Point(1),
        kinds.Slotted(name="s"), kinds.Derived("d"), kinds.Private(secret=1),
    ]),
)  # fmt: skip
keys = st.one_of(states.keys, st.floats(allow_nan=False), st.booleans(), st.binary(max_size=2), st.dates())
payloads = st.recursive(
    st.one_of(atoms, states.trees),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.sets(states.members, max_size=3),
    ),
    max_leaves=5,
)
kept = st.one_of(atoms, states.nodes)
commits = st.builds(
    lambda parent, ahead, **rest: Commit(parent + ahead, parent, **rest),
    parent=st.integers(0, 1 << 60),
    ahead=st.just(1) | st.integers(1, 1 << 60),
    action=st.builds(
        Action, st.text(max_size=9), payloads, st.none() | st.dictionaries(st.text(max_size=3), payloads, max_size=2)
    ),
    changes=st.lists(
        st.tuples(
            st.sampled_from(["add", "replace", "remove"]),
            st.lists(states.members | keys, max_size=3).map(tuple),
            kept,
            kept,
        ),
        max_size=3,
    ).map(tuple),
    started_ns=st.integers(0, 1 << 60),
    elapsed_ns=st.integers(0, 1 << 60),
    group=st.none() | st.integers(1, 1 << 60),
    label=st.none() | st.text(max_size=5),
)


def likeness(value: Any) -> Any:
    """Equal for two values when they have the same classes and contents throughout, NaN included."""
    if isinstance(value, Commit):
        return tuple(likeness(getattr(value, name)) for name in value.__struct_fields__[:-1])
    if isinstance(value, Action):
        return value.type, likeness(value.payload), likeness(value.meta)
    name = type(value).__qualname__
    if states.fields_of(value) is not None:
        return name, tuple(likeness(getattr(value, field)) for field in ("left", "right"))
    if hasattr(value, "items") and not isinstance(value, type):
        return name, frozenset((likeness(key), likeness(item)) for key, item in value.items())
    if isinstance(value, list | tuple) or name in ("PVector", "pvectorc.PVector", "PList", "_EmptyPList", "PDeque"):
        return name.removeprefix("_Empty"), getattr(value, "maxlen", None), tuple(likeness(item) for item in value)
    if isinstance(value, set | frozenset) or name == "PSet":
        return name, frozenset(likeness(item) for item in value)
    if isinstance(value, dt.datetime | dt.time):
        return name, value.isoformat(), value.fold, str(value.tzinfo)
    if isinstance(value, bytearray | complex | float):
        return name, repr(value)
    return name, value


@given(commits)
def test_a_commit_comes_back_as_it_was(commit: Commit) -> None:
    """From memory and from a file: class by class, at every depth, for every kind of value."""
    expected = likeness(commit)

    record = encode_commit(commit)

    assert likeness(decode_commit(record)) == expected
    assert likeness(read_record(RecordKind.COMMIT, record)) == expected
    assert read_place(record) == (commit.seq, commit.parent)
    assert likeness(read_step(record)) == likeness((commit.seq, commit.parent, commit.changes))


@given(commits)
def test_what_memory_takes_comes_back_as_it_was(commit: Commit) -> None:
    """The bytes that a history keeps say all that the commit said, or it keeps the commit."""
    expected = likeness(commit)

    record = encode_for_memory(commit)

    assert record is None or likeness(decode_commit(record)) == expected


@given(kept)
def test_a_keyframe_comes_back_as_it_was(state: Any) -> None:
    """For states of every kind, mixed at any depth."""
    record = encode_keyframe(Keyframe(7, state), Packing())

    assert read_record(RecordKind.KEYFRAME, record).seq == 7
    assert likeness(read_record(RecordKind.KEYFRAME, record).state) == likeness(state)


@pytest.mark.parametrize(
    "value",
    [
        Move("undo", 5, 4, 12),
        Snapshot(1, "before", 3, 4, {"why": (1, 2)}),
        Span(1, None, "step", "block", 1, 9, "ValueError", {"worker": "w0"}, 3, 4, 5, "task", 6),
        Milestone("parsed", 3, {"files": [1]}, {"by": Decimal("1.5")}, 2),
        MemorySample(1, 2, 3, 4, 5, 6, 7, 8),
        GaugeSample(1, 2, 3),
        Alert("slow", "step", 3, "It is slow.", {"p99_ns": 9}),
        Rollback("two", 3, 4, "ValueError", 9),
        Commit(1, 0, Action("a"), (), 0, 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_recorded_value_comes_back_as_it_was(value: Any) -> None:
    """Each under its own kind of record."""
    if isinstance(value, Commit):
        kind, record = RecordKind.COMMIT, encode_commit(value)
    else:
        kind, record = kind_of(value), encode_value(value, Packing())

    assert kind != RecordKind.OTHER
    assert read_record(kind, record) == value


def test_a_value_of_a_kind_to_come_is_kept_by_name() -> None:
    """A newer release's values are stored with their name and fields, and read as opaque by this one."""

    class Forecast(msgspec.Struct, frozen=True):
        rule: str
        at_ns: int

    record = encode_value(Forecast("slow", 3), Packing())

    forecast = read_record(kind_of(Forecast("slow", 3)), record)
    assert (forecast.record_name, forecast.rule, forecast.at_ns) == ("Forecast", "slow", 3)


def test_fields_that_are_missing_or_new_do_not_matter() -> None:
    """Within version 1 records may grow at their ends: old files lack fields, newer ones have more."""
    short = msgspec.msgpack.encode([1, None, "step", "block", 1, 9])
    long = msgspec.msgpack.encode(["undo", 5, 4, 12, "and more"])

    assert read_record(RecordKind.SPAN, short) == Span(1, None, "step", "block", 1, 9)
    assert read_record(RecordKind.MOVE, long) == Move("undo", 5, 4, 12)


@pytest.mark.parametrize("array", [numpy.arange(6).reshape(2, 3), numpy.zeros((0, 2)), numpy.array(["a", "bc"])])
def test_arrays_come_back_with_dtype_and_shape(array: Any) -> None:
    """Also empty ones, and those of texts."""
    commit = decode_commit(encode_commit(Commit(1, 0, Action("a", array), (), 0, 0)))

    assert commit.action.payload.dtype == array.dtype
    assert commit.action.payload.shape == array.shape
    assert (commit.action.payload == array).all()


def test_an_array_of_objects_is_not_stored() -> None:
    """It would have to be pickled, which files never are."""
    with pytest.raises(UnstorableError, match="the root"):
        encode_commit(Commit(1, 0, Action("a", numpy.array([object()])), (), 0, 0))


@pytest.mark.parametrize(
    ("given_value", "stored"),
    [(OrderedDict(a=1), {"a": 1}), (MappingProxyType({"a": 1}), {"a": 1}), (type("Text", (str,), {})("x"), "x")],
)
def test_subclasses_of_built_ins_are_stored_as_these(given_value: Any, stored: Any) -> None:
    """What equals a plain value and is nothing that is known by name becomes that plain value."""
    payload = decode_commit(encode_commit(Commit(1, 0, Action("a", given_value), (), 0, 0))).action.payload

    assert payload == stored
    assert type(payload) is type(stored)


def test_what_cannot_be_stored_is_refused_by_its_path() -> None:
    """The message says what was found, where, and what to do."""
    commit = Commit(1, 0, Action("a", {"jobs": [{"handle": math}]}), (), 0, 0)

    with pytest.raises(UnstorableError, match=r"cannot store the module at jobs/0/handle.*on_unknown"):
        encode_commit(commit)


def test_what_cannot_be_stored_becomes_its_repr_where_that_was_asked_for() -> None:
    """Type and repr are kept, also where the repr itself raises."""

    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError

    packed = pack_commit(Commit(1, 0, Action("a", [math.sin, Rude()]), (), 0, 0), Packing("repr"))
    function, rude = read_record(RecordKind.COMMIT, packed).action.payload

    assert function == Unstored("builtin_function_or_method", "<built-in function sin>")
    assert rude.text.endswith("whose repr raised RuntimeError>")


def test_nesting_has_an_end() -> None:
    """A payload deeper than a reader would follow is refused when it is written, cycles included."""
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(UnstorableError, match=rf"more than {MAX_DEPTH} levels"):
        encode_commit(Commit(1, 0, Action("a", endless), (), 0, 0))


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2])
def test_nesting_up_to_the_end_is_read(depth: int) -> None:
    """What the writer takes, the reader takes, made of extensions or not."""
    deep: Any = 1
    flat: Any = 1
    for _ in range(depth):
        deep, flat = (deep,), [flat]

    for payload in (deep, flat):
        record = encode_commit(Commit(1, 0, Action("a", payload), (), 0, 0))
        assert read_record(RecordKind.COMMIT, record).action.payload == payload


def test_encoding_happens_once() -> None:
    """The commit keeps its bytes, and memory and file get the same object."""
    commit = Commit(1, 0, Action("a", {"x": 1}), (("replace", ("x",), 1, 0),), 0, 0)

    assert encode_for_memory(commit) is encode_commit(commit) is commit.wire


@pytest.mark.parametrize(
    "commit",
    [
        Commit(1, 0, Action("a", {"x": kinds.Point(1)}), (), 0, 0),
        Commit(1, 0, Action("a", list(range(100))), (), 0, 0),
        Commit(1, 0, Action("a", {"x": math}), (), 0, 0),
        Commit(1, 0, Action("a", {"x": OrderedDict()}), (), 0, 0),
        Commit(1, 0, Action("a"), (("add", ("x",), pmap({n: n for n in range(100)}), None),), 0, 0),
    ],
)
def test_memory_does_not_take_what_is_costly_or_lossy(commit: Commit) -> None:
    """Large values, classes of the user's, and what would come back as something else stay objects."""
    assert encode_for_memory(commit) is None
    assert commit.wire is None


# Records of the user's


@dataclasses.dataclass(frozen=True)
class Job:
    """A record in its second version, which has another field than the first."""

    name: str
    owner: str = "nobody"


def stored(value: Any) -> Any:
    """What a file gives back for a value in a payload."""
    return read_record(RecordKind.COMMIT, encode_commit(Commit(1, 0, Action("a", value), (), 0, 0))).action.payload


def stored_as(name: str, version: int, fields: dict[str, Any]) -> Any:
    """What a file gives back for a record that another program wrote."""
    return stored(Opaque(name, version, fields))


def test_a_class_that_nobody_registered_is_read_as_opaque_fields() -> None:
    """By attribute and by mapping, also a field called `name`; and it can be stored again."""
    job = stored(Job("build"))

    assert isinstance(job, Opaque)
    assert (job.name, job.owner) == ("build", "nobody")
    assert job.record_name.endswith("Job")
    assert stored(job) == job
    with pytest.raises(AttributeError, match="no field 'colour'"):
        _ = job.colour


def test_patches_apply_to_opaque_records() -> None:
    """A state can be rebuilt without the classes in it."""
    from statestore.tree.patches import apply_changes

    state = pmap({"job": stored(Job("build"))})

    changed = apply_changes(state, (("replace", ("job", "owner"), "ada", "nobody"),))

    assert changed["job"].owner == "ada"


def test_an_older_version_is_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upgrade gets the stored fields and their version."""
    monkeypatch.setattr("statestore.journal.classes._by_name", {})
    monkeypatch.setattr("statestore.journal.classes._by_class", {})
    register(Job, "job", version=2, upgrade=lambda fields, version: {"name": fields["title"], "owner": f"v{version}"})

    assert stored_as("job", 1, {"title": "build"}) == Job("build", "v1")
    assert stored_as("job", 2, {"name": "build"}) == Job("build")
    assert stored(Job("x")) == Job("x")


def test_fields_that_do_not_fit_the_class_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an upgrade the error says which version has which fields, and that an upgrade helps."""
    monkeypatch.setattr("statestore.journal.classes._by_name", {})
    monkeypatch.setattr("statestore.journal.classes._by_class", {})
    register(Job, "job", version=2)

    with pytest.raises(JournalError, match=r"fields \['title'\].*version 1.*upgrade"):
        stored_as("job", 1, {"title": "build"})


def test_names_of_classes_are_not_shared() -> None:
    """Two classes under one name would read each other's values."""
    with pytest.raises(JournalError, match="taken"):
        register(Job, name=f"{states.Task.__module__}.{states.Task.__qualname__}")
    with pytest.raises(JournalError, match="record class"):
        register(int)  # type: ignore[arg-type]


def test_a_member_of_an_enum_that_is_gone_stays_readable() -> None:
    """As opaque fields, like every class that is not there."""
    gone = read_record(
        RecordKind.COMMIT,
        msgspec.msgpack.encode(
            [
                1,
                0,
                ["a", msgspec.msgpack.Ext(17, msgspec.msgpack.encode([f"{__name__}.Colour", 1, "BLUE", 9]))],
                [],
                0,
                0,
            ]
        ),
    ).action.payload

    assert (gone.name, gone.value) == ("BLUE", 9)


def test_unknown_extensions_are_kept_as_they_are() -> None:
    """Read, written and read again, they are the same: a newer release's values survive this one."""
    unknown = msgpack.ExtType(99, b"\x01\x02")
    record = msgspec.msgpack.encode([1, 0, ["a", {"x": msgspec.msgpack.Ext(99, b"\x01\x02")}], [], 0, 0])

    assert read_record(RecordKind.COMMIT, record).action.payload == {"x": unknown}
    assert stored({"x": unknown}) == {"x": unknown}


@pytest.mark.parametrize("kind", [kind for kind in RecordKind if kind is not RecordKind.OTHER])
@given(
    value=st.recursive(
        states.scalars, lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=9), inner)
    )
)
def test_records_of_wrong_types_are_refused(kind: RecordKind, value: Any) -> None:
    """Whatever is in a record, it is a value of its kind or an error that says so."""
    try:
        read = read_record(kind, Packing().to_bytes(lambda: Packing().plain(value)))
    except (CorruptHistoryError, OverflowError):
        return
    assert isinstance(read, (*codec._KINDS, Commit, Keyframe, dict))


@given(commits.map(encode_commit), st.data())
def test_a_changed_record_is_read_or_refused(record: bytes, data: st.DataObject) -> None:
    """Any byte of a record may be another: no error but ours comes out."""
    at = data.draw(st.integers(0, len(record) - 1))
    changed = record[:at] + data.draw(st.binary(min_size=1, max_size=3)) + record[at + 1 :]
    for read in (read_step, lambda record: read_record(RecordKind.COMMIT, record)):
        with suppress(JournalError):
            read(changed)


def test_pyrsistent_literals_are_plain_in_a_state() -> None:
    """What most states consist of takes no extension: a file is readable with msgpack alone."""
    record = encode_keyframe(Keyframe(0, m(tasks=v(m(id=1)))), Packing())

    assert msgpack.unpackb(record) == [0, {"tasks": [{"id": 1}]}]
    assert read_record(RecordKind.KEYFRAME, record).state == pmap({"tasks": pvector([pmap({"id": 1})])})


def test_the_kinds_of_pyrsistent_keep_apart() -> None:
    """A list, a set and a deque are not each other, empty or not."""
    for value in (plist(), plist([1]), pset(), pset([1]), pdeque(), pdeque([1]), pvector(), pmap(), pbag([])):
        assert likeness(stored(value)) == likeness(value)


def test_a_uuid_costs_its_16_bytes() -> None:
    """Frequent values are small."""
    with_id = encode_commit(Commit(1, 0, Action("a", UUID(int=7)), (), 0, 0))
    without = encode_commit(Commit(1, 0, Action("a", [1]), (), 0, 0))

    assert len(with_id) - len(without) <= 18


def test_rounded_decimals_and_fractions_stay_what_they_are() -> None:
    """Exactly, digits included."""
    assert stored([Decimal("1.50"), Fraction(1, 3)]) == [Decimal("1.50"), Fraction(1, 3)]
    assert str(stored(Decimal("1.50"))) == "1.50"
