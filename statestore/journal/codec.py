"""Recorded values to records of bytes and back: once encoded, memory, file and wire share the same bytes."""

import math
from typing import Any, Final, NamedTuple

import msgspec

from statestore import values
from statestore.errors import CorruptHistoryError
from statestore.journal.classes import Opaque
from statestore.journal.extensions import SCALARS
from statestore.journal.format import RecordKind
from statestore.journal.names import USUAL
from statestore.journal.packing import Packing, TooCostlyError, UnstorableError, encode
from statestore.journal.unpacking import build_trusted, open_plain, open_state, skim, thicken, unpack
from statestore.values import Alert, Commit, GaugeSample, MemorySample, Milestone, Move, Rollback, Snapshot, Span

_NIL: Final = 0xC0
_harmless: Final = USUAL.others
_keep: Final = msgspec.structs.force_setattr
_decode_trusted: Final = msgspec.msgpack.Decoder(Commit, ext_hook=build_trusted).decode
_decode_many: Final = msgspec.msgpack.Decoder(list[Commit]).decode


def encode_commit(commit: Commit) -> bytes:
    """The commit's record, kept in `commit.wire`; about 0.5 µs for a flat payload and one change of a scalar.

    Raises:
        UnstorableError: a value cannot be stored; the message has its path.
    """
    wire = commit.wire
    if wire is None:
        wire = _encode_flat(commit) or pack_commit(commit, Packing())
        _keep(commit, "wire", wire)
    return wire


def encode_for_memory(commit: Commit, limit: int = 64) -> bytes | None:
    """The commit's record if that is cheap and exact: at most `limit` values, none of a class of the user's."""
    wire = commit.wire
    if wire is None:
        wire = _encode_flat(commit, limit)
        if wire is None:
            try:
                wire = pack_commit(commit, Packing(budget=limit))
            except (TooCostlyError, UnstorableError):
                return None
        _keep(commit, "wire", wire)
    return wire


def _encode_flat(commit: Commit, limit: float = math.inf) -> bytes | None:
    """The quick way for commits of at most so many scalars below unsuspicious keys; None for others.

    msgspec also takes what it would not give back, hence the exact types. In every dispatch, hence the plain form.
    """
    action, changes = commit.action, commit.changes
    payload = action.payload
    if action.meta is not None or len(changes) > limit:
        return None
    try:
        if type(payload) is dict:
            if len(payload) > limit or not (_harmless.issuperset(payload) or all(map(_is_harmless, payload))):
                return None
            for value in payload.values():
                if type(value) not in SCALARS:
                    return None
        elif type(payload) not in SCALARS:
            return None
        for _, path, value, old in changes:
            if type(value) not in SCALARS or type(old) not in SCALARS:
                return None
            if not (_harmless.issuperset(path) or all(map(_is_harmless, path))):
                return None
        return encode(commit)
    except (OverflowError, UnicodeEncodeError, TypeError):
        return None


def _is_harmless(key: Any) -> bool:
    """Whether a key is a scalar that may be shown; those that are text are known from then on."""
    return type(key) in SCALARS and not USUAL.match(key)


def pack_commit(commit: Commit, packing: Packing) -> bytes:
    """The commit's record by the thorough way, which redacts too."""
    return packing.to_bytes(lambda: _packed(commit, packing))


def _packed(commit: Commit, packing: Packing) -> list[Any]:
    action = commit.action
    return [
        commit.seq,
        commit.parent,
        [packing.name(action.type), packing.plain(action.payload), packing.plain(action.meta)],
        [_packed_change(change, packing) for change in commit.changes],
        commit.started_ns,
        commit.elapsed_ns,
        commit.group,
        commit.label and packing.name(commit.label),
        None,
        True,  # plain commits end in the nil before: see `is_plain`
    ]


def is_plain(record: bytes) -> bool:
    """Whether a commit's record holds scalars only, below keys that have none of the usual sensitive names."""
    return record[-1] == _NIL


def _packed_change(change: values.Change, packing: Packing) -> list[Any]:
    op, path, value, old = change
    keys = [packing.state(key) for key in path]
    packing.trail.extend(path)
    packed = [op, keys, packing.state(value), packing.state(old)]
    del packing.trail[len(packing.trail) - len(path) :]
    return packed


def decode_commit(data: bytes) -> Commit:
    """The commit again, from bytes that `encode_commit` made in this process."""
    commit = _decode_trusted(data)
    if data[-1] != _NIL and not _are_flat(commit.changes):
        _keep(commit, "changes", tuple([_thicken_change(change) for change in commit.changes]))
    _keep(commit, "wire", data)
    return commit


def decode_plain_commits(records: bytes, count: int) -> list[Commit]:
    """So many commits again, from plain records that follow each other; half the cost of one by one."""
    return _decode_many(_as_array(records, count))


def decode_plain_changes(records: bytes, count: int) -> list[tuple[values.Change, ...]]:
    """What so many commits changed, likewise."""
    return [record.changes for record in _decode_many_changed(_as_array(records, count))]


class LazyCommit(msgspec.Struct, array_like=True, gc=False):
    """A plain commit whose changes are decoded when they are asked for: two thirds of the cost of the whole.

    All that a plain commit holds is scalars, so no cycle goes through it, and the garbage collector need not look.
    """

    seq: int
    parent: int
    action: values.Action
    _changes: msgspec.Raw
    started_ns: int
    elapsed_ns: int
    group: int | None = None
    label: str | None = None

    @property
    def changes(self) -> tuple[values.Change, ...]:
        """What the commit changed, decoded each time."""
        return _decode_flat_changes(self._changes)


_decode_flat_changes: Final = msgspec.msgpack.Decoder(tuple[values.Change, ...]).decode
_decode_many_lazily: Final = msgspec.msgpack.Decoder(list[LazyCommit]).decode


def decode_plain_lazily(records: bytes, count: int) -> list[LazyCommit]:
    """So many commits without what they changed, likewise."""
    return _decode_many_lazily(_as_array(records, count))


def _as_array(records: bytes, count: int) -> bytes:
    return b"\xdd" + count.to_bytes(4, "big") + records


class _Changed(msgspec.Struct, array_like=True):
    """A commit's record up to what it changed."""

    seq: int
    parent: int
    action: msgspec.Raw
    changes: tuple[values.Change, ...]


_decode_changed: Final = msgspec.msgpack.Decoder(_Changed, ext_hook=build_trusted).decode
_decode_many_changed: Final = msgspec.msgpack.Decoder(list[_Changed]).decode


def decode_changes(data: bytes) -> tuple[values.Change, ...]:
    """What a commit changed, from bytes that `encode_commit` made in this process, at a third of the commit's cost."""
    changes = _decode_changed(data).changes
    if data[-1] == _NIL or _are_flat(changes):
        return changes
    return tuple([_thicken_change(change) for change in changes])


def _are_flat(changes: tuple[values.Change, ...]) -> bool:
    return all(
        type(value) in SCALARS and type(old) in SCALARS and SCALARS.issuperset(map(type, path))
        for _, path, value, old in changes
    )


def _thicken_change(change: values.Change) -> values.Change:
    op, path, value, old = change
    return op, tuple([thicken(key) for key in path]), thicken(value), thicken(old)


class Keyframe(NamedTuple):
    """The whole state after one commit."""

    seq: int
    state: Any


_KINDS: Final[dict[type, RecordKind]] = {
    Move: RecordKind.MOVE,
    Span: RecordKind.SPAN,
    Milestone: RecordKind.MILESTONE,
    MemorySample: RecordKind.SAMPLE,
    Snapshot: RecordKind.SNAPSHOT,
    Alert: RecordKind.ALERT,
    GaugeSample: RecordKind.GAUGE,
    Rollback: RecordKind.ROLLBACK,
}
_TYPES: Final = {kind: cls for cls, kind in _KINDS.items()}
_OTHERS: Final = {
    name: cls
    for name, cls in vars(values).items()
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct) and cls.__module__ == values.__name__
}


def kind_of(value: Any) -> RecordKind:
    """Under which kind a recorded value is stored."""
    return _KINDS.get(type(value), RecordKind.OTHER)


def encode_value(value: Any, packing: Packing) -> bytes:
    """The record of any value but a commit or a keyframe."""
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    if type(value) in _KINDS:
        return packing.to_bytes(lambda: list(packing.fields(fields).values()))
    return packing.to_bytes(lambda: [type(value).__name__, packing.fields(fields)])


def encode_flat_span(span: Span) -> bytes | None:
    """The quick way for spans with no metadata, or scalars below unsuspicious keys; None for others."""
    metadata = span.metadata
    if metadata:
        if type(metadata) is not dict:
            return None
        for key, value in metadata.items():
            if type(value) not in SCALARS or (key not in _harmless and not _is_harmless(key)):
                return None
    try:
        return encode(span)
    except (OverflowError, UnicodeEncodeError, TypeError):
        return None


def encode_keyframe(keyframe: Keyframe, packing: Packing) -> bytes:
    """The record of a keyframe."""
    return packing.to_bytes(lambda: [keyframe.seq, packing.state(keyframe.state)])


def read_record(kind: int, data: bytes) -> Any:
    """The recorded value in a record out of a file; a dict for sessions, `Opaque` for kinds this version does not list.

    Raises:
        CorruptHistoryError: the record is not what its kind should be.
    """
    record = unpack(data)
    match kind:
        case RecordKind.COMMIT:
            return _read_commit(record)
        case RecordKind.KEYFRAME:
            return _read_keyframe(record)
        case RecordKind.SESSION | RecordKind.INDEX:
            return _expect(dict, open_plain(record))
        case RecordKind.OTHER:
            return _read_other(_expect(list, open_plain(record)))
    return _convert(open_plain(_expect(list, record)), _TYPES[kind])  # type: ignore[index]


class _Place(msgspec.Struct, array_like=True):
    seq: int
    parent: int


_decode_place: Final = msgspec.msgpack.Decoder(_Place).decode


def read_place(data: bytes) -> tuple[int, int]:
    """Seq and parent of a commit's record, without the rest: 20 times as fast as reading it.

    Raises:
        CorruptHistoryError: it has none, or the parent is no earlier commit, so that ways to the root have an end.
    """
    try:
        place = _decode_place(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CorruptHistoryError(f"a commit's record has no seq and parent: {error}") from None
    check_parent(place.seq, place.parent)
    return place.seq, place.parent


def check_parent(seq: int, parent: int) -> None:
    """Refuses a commit that was made on itself or a later one."""
    if not 0 <= parent < seq:
        raise CorruptHistoryError(f"commit {seq} says that it was made on {parent}")


_decode_changed_flat: Final = msgspec.msgpack.Decoder(_Changed).decode


def read_step(data: bytes) -> tuple[int, int, tuple[values.Change, ...]]:
    """Seq, parent and changes of a commit's record in a file; where scalars changed at a fifth of the commit's cost."""
    step: Any = None
    if is_plain(data):
        try:
            skim(data)  # after this every length in it is known to be true
            step = _decode_changed_flat(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise CorruptHistoryError(f"a commit's record has not the fields of a commit: {error}") from None
        for _, path, value, old in step.changes:
            if type(value) not in SCALARS or type(old) not in SCALARS or not SCALARS.issuperset(map(type, path)):
                step = None
                break
    step = step or read_record(RecordKind.COMMIT, data)
    check_parent(step.seq, step.parent)
    return step.seq, step.parent, step.changes


def _read_commit(record: Any) -> Commit:
    match record:
        case [seq, parent, [type_, *rest], list(changes), *times] if len(rest) <= 2:
            opened = [_open_change(change) for change in changes]
            action = [type_, *[value if type(value) in SCALARS else open_plain(value) for value in rest]]
            commit: Commit = _convert([seq, parent, action, opened, *times[:4]], Commit)
            return commit
    raise CorruptHistoryError("a commit's record has not the fields of a commit")


def _open_change(change: Any) -> list[Any]:
    match change:
        case [op, list(path), value, old]:
            keys = tuple([key if type(key) in SCALARS else open_state(key) for key in path])
            return [op, keys, open_state(value), open_state(old)]
    raise CorruptHistoryError("a commit's record has a change that is none")


def _read_keyframe(record: Any) -> Keyframe:
    match record:
        case [int(seq), state, *_]:
            return Keyframe(seq, open_state(state))
    raise CorruptHistoryError("a keyframe's record has not the fields of a keyframe")


def _read_other(record: list[Any]) -> Any:
    match record:
        case [str(name), dict(fields), *_] if name in _OTHERS:
            known = {field: value for field, value in fields.items() if field in _OTHERS[name].__struct_fields__}
            try:
                return _OTHERS[name](**known)
            except (TypeError, ValueError) as error:
                raise CorruptHistoryError(f"the record of a {name} has not its fields: {error}") from None
        case [str(name), dict(fields), *_]:
            return Opaque(name, 1, fields)
    raise CorruptHistoryError("a record of another kind has no name and fields")


def _expect(cls: type, value: Any) -> Any:
    if type(value) is not cls:
        raise CorruptHistoryError(f"a record is a {type(value).__name__}, and should be a {cls.__name__}")
    return value


def _convert(record: list[Any], cls: Any) -> Any:
    try:
        return msgspec.convert(record, cls)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise CorruptHistoryError(f"the record of a {cls.__name__} has a wrong field: {error}") from None
