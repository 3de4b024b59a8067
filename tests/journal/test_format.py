"""The file is what `journal.format` says, read here by that page alone."""

import datetime as dt
import re
import struct
import uuid
import zlib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgpack
import pytest
import zstandard

from statestore import JournalError, UnsupportedVersionError, thaw
from statestore.journal import JournalFile, codec
from statestore.journal import format as page
from statestore.journal.extensions import Code
from tests.journal.runs import record

HEAD = struct.Struct("<4sBBHIIIIQQQIII")


def read_blocks(data: bytes) -> list[tuple[int, int, list[tuple[int, object]]]]:
    """Kind, flags and records of every block, with `struct`, `zlib`, `zstandard` and `msgpack` only."""
    signature, version, zero, salt = struct.unpack("<8sHHI", data[:16])
    assert (signature, version, zero) == (b"\x89STS\r\n\x1a\n", 1, 0)
    blocks, at, number, previous, seq = [], 16, 0, 0, 0
    while at < len(data):
        head = data[at : at + 60]
        mark, kind, codec, flags, own, stored, raw, count, first, last, synced, before, body_crc, crc = HEAD.unpack(
            head
        )
        assert mark == b"\xf5STB"
        assert zlib.crc32(head[:56], salt) == crc
        assert (own, before, first) == (number, previous, seq + 1)
        assert synced <= at
        body = data[at + 60 : at + 60 + stored]
        assert zlib.crc32(body) == body_crc
        assert raw <= 16 * stored
        if codec == 1:
            body = zstandard.ZstdDecompressor().decompress(body)
        assert len(body) == raw
        unpacker = msgpack.Unpacker()
        unpacker.feed(body)
        records = [(code, bytes(record)) for code, record in unpacker]
        assert len(records) == count
        blocks.append((kind, flags, records))
        at, number, previous, seq = at + 60 + stored, number + 1, crc, last
    return blocks


def records_of(blocks: list, kind: int) -> list:
    """What the records of a kind hold, with extensions as msgpack gives them."""
    return [
        msgpack.unpackb(data, strict_map_key=False)
        for _, _, records in blocks
        for code, data in records
        if code == kind
    ]


def test_another_program_reads_the_file_by_the_page(tmp_path: Path) -> None:
    """Header, blocks, checksums and every kind of record are where and what the page says."""
    path = tmp_path / "run.history"
    states = record(path, 100)
    blocks = read_blocks(path.read_bytes())

    session, *later = records_of(blocks, 8)
    assert uuid.UUID(session["run"])
    assert (session["store"], later) == ("store", [])
    (root, *_) = records_of(blocks, 7)
    assert root == [0, {"tasks": {f"T{i}": {"title": f"task {i}", "status": "planned"} for i in range(20)}}]
    commits = records_of(blocks, 1)
    assert [commit[0] for commit in commits] == list(range(1, 101))
    assert commits[1][:4] == [
        2,
        1,
        ["backlog/status_set", {"id": "T7", "status": "complete"}, None],
        [["replace", ["tasks", "T7", "status"], "complete", "planned"]],
    ]
    assert commits[9][3] == [["add", ["tasks", "N9"], {"title": "new 9", "status": "planned"}, None]]
    assert records_of(blocks, 3)[0][:8] == [9, None, "step", "block", 9, 10, "ok", {"number": 9}]
    assert records_of(blocks, 4)[0] == ["step 9", 9, None, {}, 9, None]
    assert records_of(blocks, 6)[0] == [9, "after 9", 9, 9, {}]
    assert [kind for kind, _, _ in blocks][-2:] == [6, 7]
    state = root[1]
    for commit in commits:
        for op, path_, value, _ in commit[3]:
            assert op in ("add", "replace")
            parent = state
            for key in path_[:-1]:
                parent = parent[key]
            parent[path_[-1]] = value
    assert state["tasks"].keys() == states[-1]["tasks"].keys()
    assert all(state["tasks"][name]["status"] == task["status"] for name, task in states[-1]["tasks"].items())


def pairs(content: Any) -> dict[Any, Any]:
    """A map, or an array of keys and values in turn."""
    return content if isinstance(content, dict) else dict(zip(content[::2], content[1::2], strict=True))


def moment(cls: Any) -> Any:
    """ISO text, fold and zone."""

    def read(content: Any) -> Any:
        text, fold, zone = content
        if isinstance(zone, str):
            zone = ZoneInfo(zone)
        elif zone is not None:
            micros, name = zone if isinstance(zone, list) else (zone, None)
            offset = dt.timedelta(microseconds=micros)
            zone = dt.timezone(offset, name) if name else dt.timezone(offset)
        return cls.fromisoformat(text).replace(fold=fold, tzinfo=zone)

    return read


AS_BYTES: dict[int, Any] = {
    0: lambda data: "redacted", 3: lambda data: int.from_bytes(data, "big", signed=True),
    4: lambda data: data.decode("utf-8", "surrogatepass"), 25: lambda data: uuid.UUID(bytes=data), 30: bytearray,
}  # fmt: skip
AS_MSGPACK: dict[int, Any] = {
    1: tuple, 2: lambda content: content[2], 5: pairs, 6: tuple, 7: set, 8: frozenset, 9: pairs, 10: list, 11: set,
    12: list, 13: lambda content: content[1], 14: list, 15: pairs, 16: lambda content: content[2],
    17: lambda content: content[3], 20: moment(dt.datetime), 21: dt.date.fromisoformat, 22: moment(dt.time),
    23: lambda content: dt.timedelta(*content), 24: Decimal, 26: lambda content: content[2],
    27: lambda content: complex(*content), 28: lambda content: range(*content),
    29: lambda content: Fraction(*content), 31: tuple, 32: lambda content: ({"<f8": "<d"}[content[0]], content[1]),
}  # fmt: skip


def open_by_the_page(value: Any, seen: set[int]) -> Any:
    """What extensions stand for, with the standard library for every kind that the page lists."""
    match value:
        case msgpack.ExtType(code, data):
            seen.add(code)
            if code in AS_BYTES:
                return AS_BYTES[code](data)
            return AS_MSGPACK[code](open_by_the_page(msgpack.unpackb(data, strict_map_key=False), seen))
        case dict():
            return {open_by_the_page(key, seen): open_by_the_page(member, seen) for key, member in value.items()}
        case list():
            return [open_by_the_page(member, seen) for member in value]
    return value


def test_another_program_reads_every_kind_of_record_and_value_by_the_page() -> None:
    """The golden file, which has one of each, with `zstandard`, `msgpack` and the standard library only."""
    from tests.golden.make_version_1 import ARRAY, FILE, VALUES, values

    seen: set[int] = set()
    blocks = read_blocks(FILE.read_bytes())
    commits = [open_by_the_page(commit, seen) for commit in records_of(blocks, 1)]
    payloads = {type_: payload for _, _, (type_, payload, _), *_ in reversed(commits)}
    as_read = {
        "bag": [1, 1],
        "checked": ["ada"],
        "enum": "red",
        "record": {"x": 1, "y": 2},
        "path": "/srv/data",
        "numpy scalar": ("<d", struct.pack("<d", 0.5)),
    }
    for name, value in VALUES.items():
        assert payloads[name] == as_read.get(name, value) or payloads[name] == thaw(value), name
    assert payloads["array"] == ("<i4", [2, 3], ARRAY.tobytes())
    assert payloads["secret"] == {"password": "redacted"}
    assert payloads["unknown"][0] == "function"
    assert seen == set(Code)
    for value in values():
        (fields,) = records_of(blocks, codec._KINDS[type(value)])
        assert fields == [getattr(value, name) for name in value.__struct_fields__][: len(fields)]
    assert {code for _, _, records in blocks for code, _ in records} == set(page.RecordKind) - {page.RecordKind.OTHER}


def test_the_index_repeats_the_heads(tmp_path: Path) -> None:
    """As the page says: a column for each field of the head that does not follow from the order."""
    path = tmp_path / "run.history"
    record(path, 50)
    data = path.read_bytes()
    blocks = read_blocks(data)
    (index,) = records_of(blocks, 9)

    names = ["kind", "codec", "flags", "stored", "raw", "records", "last", "synced", "body_crc", "head_crc"]
    assert list(index) == names
    assert {len(column) for column in index.values()} == {len(blocks) - 2}
    at = 16
    for kind, how, flags, stored, raw, count, last, synced, body_crc, crc in zip(*index.values(), strict=True):
        head = HEAD.unpack(data[at : at + 60])
        assert (kind, how, flags) == head[1:4]
        assert (stored, raw, count, last, synced, body_crc, crc) == (*head[5:8], *head[9:11], *head[12:])
        at += 60 + stored
    assert HEAD.unpack(data[at : at + 60])[10] == at


@pytest.mark.parametrize("cls", codec._KINDS, ids=lambda cls: cls.__name__)
def test_the_page_lists_the_fields_of_every_kind(cls: type) -> None:
    """In their order, which must not change within version 1: what is new goes to the end."""
    kind = codec._KINDS[cls]
    (listed,) = re.findall(rf"^ +{kind.value} +{kind.name.lower()} +\[([^\]]*)\]", page.__doc__ or "", re.MULTILINE)

    assert tuple(re.split(r",\s+", listed)) == cls.__struct_fields__  # type: ignore[attr-defined]


def test_the_page_lists_every_extension() -> None:
    """Each code that is written has its line."""
    values = (page.__doc__ or "").split("Values\n")[1]
    listed = {int(code) for code in re.findall(r"^        (\d+) +[a-zA-Z]", values, re.MULTILINE)}

    assert listed == set(Code)


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    """The message names both versions."""
    path = tmp_path / "run.history"
    record(path, 5)
    data = bytearray(path.read_bytes())
    data[8] = 2
    path.write_bytes(data)

    with pytest.raises(UnsupportedVersionError, match=r"version 2.*version 1"):
        JournalFile(path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" * 10, b"\x89STS", b"\x89STS\r\n\x1a\n\x01\0\0\0abcd"])
def test_what_is_no_history_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty files, files of other kinds, and files that were cut inside their header."""
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(JournalError, match=r"no history file|inside its header"):
        JournalFile(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error has the path and the reason."""
    with pytest.raises(JournalError, match=r"none\.history.*No such file"):
        JournalFile(tmp_path / "none.history")
