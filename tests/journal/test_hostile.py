"""Files that an enemy made, checksums and all: bounded time, bounded memory, and no error from below."""

import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from statestore import HistoryError, HistoryFile, JournalError, PatchError
from statestore.journal import JournalFile, scan
from statestore.journal.blocks import Chain, join
from statestore.journal.format import HEAD, MARK, PREAMBLE, BlockKind, Head, RecordKind, parse_head, preamble
from statestore.journal.index import encode_index
from statestore.journal.tracing import lineage, state_at
from statestore.journal.verifying import verify

# A byte of a file may stand for 16 empty dicts of 64 bytes, and a slot for each.
BYTES_A_BYTE = 1_500
# Seven under the tracing of memory, on a slow day twice that; what grew with the square of its size would take minutes.
SECONDS = 30.0


class Forger:
    """Makes files whose checksums are all right."""

    def __init__(self, session: Any = None, root: Any = None) -> None:
        self.chain = Chain(7, PREAMBLE.size)
        self.data = preamble(7)
        facts = {"run": "r", "store": "s", "started_wall_ns": 1} if session is None else session
        header = [join(RecordKind.SESSION, [pack(facts)]), join(RecordKind.KEYFRAME, [pack([0, root])])]
        self.block(BlockKind.HEADER, b"".join(header), 2)

    def block(self, kind: int, body: bytes, records: int, commits: int = 0) -> None:
        self.data += self.chain.link(kind, body, records, commits)[1]

    def head(self, body: bytes, **claims: Any) -> None:
        """A block whose head claims what it is told to."""
        chain = self.chain
        honest = Head(
            BlockKind.HISTORY, 1, 0, chain.number, len(body), len(body), 1, chain.last + 1, chain.last, 0,
            chain.previous, zlib.crc32(body),
        )  # fmt: skip
        self.data += honest._replace(**claims).pack(7) + body

    def history(self, *records: bytes, kind: int = RecordKind.COMMIT) -> None:
        """A history block of these records."""
        self.block(BlockKind.HISTORY, join(kind, records), len(records), len(records) * (kind == RecordKind.COMMIT))


def pack(value: Any) -> bytes:
    """Msgpack of plain values and extensions."""
    return msgspec.msgpack.encode(value)


def commit(payload: bytes, seq: int = 1) -> bytes:
    """The record of a commit with that payload, which need not be msgpack."""
    return b"\x96" + pack(seq) + pack(seq - 1) + b"\x92\xa1a" + payload + b"\x90\x00\x00"


def ext(code: int, data: bytes) -> bytes:
    """An extension."""
    return msgpack.packb(msgpack.ExtType(code, data))


def nested_ext(levels: int) -> bytes:
    """Tuples in tuples, or extensions in extensions."""
    data = b"\x01"
    for _ in range(levels):
        data = ext(6, data)
    return data


def keyframe_of(state: bytes) -> Forger:
    """A file whose second block is a keyframe with that state."""
    forger = Forger()
    forger.history(commit(b"\xc0"))
    forger.block(BlockKind.KEYFRAME, join(RecordKind.KEYFRAME, [b"\x92\x01" + state]), 1)
    return forger


def payload_of(payload: bytes) -> Forger:
    """A file whose only commit has that payload."""
    forger = Forger()
    forger.history(commit(payload))
    return forger


def claiming(body: bytes, **claims: Any) -> Forger:
    """A file whose second block claims things."""
    forger = Forger()
    forger.head(body, **claims)
    return forger


def overlapping_heads() -> Forger:
    """Thousands of heads, each of which claims all that follows for its body."""
    forger = Forger()
    forger.data += b"bad"
    end = len(forger.data) + 5_000 * HEAD.size
    while len(forger.data) < end:
        forger.head(b"", stored=end - len(forger.data) - HEAD.size, number=9, synced=1 << 40)
    return forger


def lying_index(**columns: Any) -> Forger:
    """A file with an index of which some columns are others."""
    forger = Forger()
    forger.history(commit(b"\xc0"), commit(b"\xc0", 2))
    forger.block(BlockKind.OBSERVATIONS, join(RecordKind.MILESTONE, [pack(["m", 1])] * 3), 3)
    heads, at = [], PREAMBLE.size
    while (head := parse_head(forger.data[at : at + HEAD.size], 7)) is not None:
        heads.append(head)
        at += HEAD.size + head.stored
    index = msgpack.unpackb(encode_index(heads)) | columns
    forger.chain.synced = len(forger.data)
    forger.block(BlockKind.INDEX, join(RecordKind.INDEX, [pack(index)]), 1)
    forger.block(BlockKind.END, b"", 0)
    return forger


LIES: dict[str, dict[str, Any]] = {
    "other kinds": {"kind": [1, 4, 2]},
    "other counts": {"records": [2, 2, 1 << 60]},
    "other seqs": {"last": [0, 1, 2]},
    "seqs that go back": {"last": [5, 1, 2]},
    "negative sizes": {"stored": [-5, 1, 2]},
    "other sizes": {"stored": [9, 9, 9]},
    "huge sizes": {"stored": [1 << 60, 9, 9]},
    "other checksums": {"body_crc": [1, 2, 3]},
    "columns of other lengths": {"flags": [0]},
    "other types": {"kind": "abc", "last": None},
    "nothing": {"kind": None},
}
mersenne = (1 << 61) - 1
big_keys = [ext(3, (n * mersenne).to_bytes(12, "big", signed=True)) for n in range(5_000)]
bomb = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 26))
unsized = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1 << 20))

HOSTILE: dict[str, Callable[[], Forger]] = {
    "a frame that states 64 MiB": lambda: claiming(bomb, raw=len(bomb) * 16),
    "a frame that states 64 MiB and a head that says the same": lambda: claiming(bomb, raw=1 << 26),
    "a frame that states nothing": lambda: claiming(unsized, raw=len(unsized) * 16),
    "a body beyond the file": lambda: claiming(b"x", stored=1 << 29),
    "a body of 4 GiB": lambda: claiming(b"x", stored=(1 << 32) - 1, raw=(1 << 32) - 1),
    "2**63 commits": lambda: claiming(b"x" * 100, last=1 << 63, codec=0),
    "2**32 records": lambda: claiming(b"x" * 100, records=(1 << 32) - 1, codec=0),
    "a codec that is none": lambda: claiming(b"x" * 100, codec=9),
    "commits that are none": lambda: claiming(b"x" * 100, codec=0, last=5, records=5),
    "records beyond the body": lambda: claiming(b"\xc9\xff\xff\xff\xff\x01x", codec=0),
    "records that are no extensions": lambda: claiming(b"\xdd\xff\xff\xff\xff", codec=0),
    "an array of 2**32": lambda: payload_of(b"\xdd\xff\xff\xff\xff"),
    "a map of 2**32": lambda: payload_of(b"\xdf\xff\xff\xff\xff"),
    "a text of 2**32": lambda: payload_of(b"\xdb\xff\xff\xff\xff"),
    "bytes of 2**32": lambda: payload_of(b"\xc6\xff\xff\xff\xff"),
    "an extension of 2**32": lambda: payload_of(b"\xc9\xff\xff\xff\xff\x06"),
    "arrays of 50,000 in each other": lambda: payload_of(b"\xdd\x00\x00\xc3\x50" * 900 + b"\x00" * 60_000),
    "arrays 100,000 deep": lambda: payload_of(b"\x91" * 100_000 + b"\x01"),
    "maps 100,000 deep": lambda: payload_of(b"\x81\x01" * 100_000 + b"\x01"),
    "arrays 900 deep": lambda: payload_of(b"\x91" * 900 + b"\x01"),
    "extensions 5,000 deep": lambda: payload_of(nested_ext(5_000)),
    "states 100,000 deep": lambda: keyframe_of(b"\x91" * 100_000 + b"\x01"),
    "64 KiB of empty maps": lambda: payload_of(b"\xdd\x00\x01\x00\x00" + b"\x80" * (1 << 16)),
    "64 KiB of empty maps in a state": lambda: keyframe_of(b"\xdd\x00\x01\x00\x00" + b"\x80" * (1 << 16)),
    "60 KiB of maps in a state": lambda: keyframe_of(b"\xdd\x00\x00\x50\x00" + b"\x81\x01\x01" * 0x5000),
    "a key twice": lambda: payload_of(b"\x82\xa1a\x01\xa1a\x02"),
    "a list for a key": lambda: payload_of(b"\x81\x90\x01"),
    "an extension for a key": lambda: payload_of(b"\x81" + ext(6, b"\x90") + b"\x01"),
    "a timestamp": lambda: payload_of(b"\xd6\xff" + bytes(4)),
    "text that is no UTF-8": lambda: payload_of(b"\xa2\xff\xff"),
    "keys of one hash": lambda: payload_of(
        ext(5, b"\xdd" + (10_000).to_bytes(4, "big") + b"\x01".join(big_keys) + b"\x01")
    ),
    "members of one hash": lambda: payload_of(ext(7, b"\xdd" + (5_000).to_bytes(4, "big") + b"".join(big_keys))),
    "a bag of one hash": lambda: payload_of(ext(14, b"\xdd" + (5_000).to_bytes(4, "big") + b"".join(big_keys))),
    "a fraction of a megabyte": lambda: payload_of(
        ext(29, b"\x92" + ext(3, b"\x01" * (1 << 20)) + ext(3, b"\x03" * (1 << 20)))
    ),
    "a decimal of a megabyte": lambda: payload_of(ext(24, pack("9" * (1 << 20)))),
    "a zone that climbs": lambda: payload_of(ext(20, pack(["2024-01-01T00:00:00", 0, "../../../etc/passwd"]))),
    "an array of objects": lambda: payload_of(ext(31, pack(["|O", [1], b"\x00" * 8]))),
    "an array of huge shape": lambda: payload_of(ext(31, pack(["<i8", [1 << 40, 1 << 40], b""]))),
    "an array of huge texts": lambda: payload_of(ext(31, pack(["<U1000000000", [1], b""]))),
    "marks all over": lambda: claiming(MARK * 10_000, codec=0, body_crc=1),
    "heads that claim each other": overlapping_heads,
    **{f"an index of {name}": lambda columns=columns: lying_index(**columns) for name, columns in LIES.items()},
    "a session that is a list": lambda: Forger(session=[1, 2]),
    "a session of wrong types": lambda: Forger(session={"run": 1, "store": None, "started_wall_ns": "x"}),
    "a commit that is another": lambda: line_of((5, 4)),
    "a commit made on itself": lambda: line_of((1, 1)),
    "commits made on each other": lambda: line_of((1, 2), (2, 1)),
    "a commit made on a later one under another's seq": lambda: line_of((1, 0), (9, 2), (3, 2)),
    "a commit made on one that is not there": lambda: line_of((1, 0), (2, 1 << 40)),
    "a commit made before the root": lambda: line_of((1, 0), (2, -1)),
}


def line_of(*places: tuple[int, int]) -> Forger:
    """Commits with these seqs and parents, which need not be where they are."""
    forger = Forger(root={"a": 0})
    forger.history(*[pack([*place, ["a"], [["replace", ["a"], 1, 0]], 0, 0]) for place in places])
    return forger


def read_everything(path: Path, salvage: bool) -> None:
    """Asks for all that there is; what is refused is refused by an error of ours."""
    with JournalFile(path, salvage=salvage) as file:
        past = HistoryFile(file)
        for read in (
            lambda: list(file.commits),
            lambda: [file.commits[place] for place in range(len(file.commits))],
            lambda: [
                list(series) for series in (file.moves, file.spans, file.milestones, file.samples, file.snapshots)
            ],
            lambda: (file.milestones[-1:], len(file.milestones)),
            lambda: [file.nearest_keyframe(seq) for seq in file.keyframes],
            lambda: (file.head_seq, file.sessions, file.header),
            lambda: [state_at(file, seq) for seq in range(file.last_seq, file.last_seq - 20, -1)],
            lambda: lineage(file, file.last_seq, 0),
            lambda: (past.tips, past.head, past.commit("head~1"), past.blame(("a",))),
            lambda: past.state_at("head"),
            lambda: list(past.lineage(past.newest)),
            lambda: past.find("b"),
        ):
            try:
                read()
            except (JournalError, HistoryError, PatchError):
                continue


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_no_more_than_its_size(name: str, tmp_path: Path) -> None:
    """Opened, salvaged, read through and verified: in seconds, and in memory in proportion to the file."""
    path = tmp_path / "hostile.history"
    path.write_bytes(HOSTILE[name]().data)
    began = time.process_time()  # what other programs do meanwhile does not count
    tracemalloc.start()
    try:
        for salvage in (False, True):
            with suppress(JournalError):
                read_everything(path, salvage)
        with suppress(JournalError):
            verify(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert time.process_time() - began < SECONDS
    assert peak < path.stat().st_size * BYTES_A_BYTE + (8 << 20)


@pytest.mark.parametrize("lie", LIES)
def test_an_index_that_lies_changes_nothing(lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked in large files only, and then believed only where its checksums are those of blocks."""
    monkeypatch.setattr(scan, "_EAGER_BYTES", 0)
    path = tmp_path / "lying.history"
    path.write_bytes(lying_index(**LIES[lie]).data)

    with JournalFile(path) as file:
        assert [commit.seq for commit in file.commits] == [1, 2]
        assert [milestone.name for milestone in file.milestones] == ["m", "m", "m"]
    assert any("index" in problem for problem in verify(path).problems)


def test_an_honest_index_saves_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In large files nothing but header, index and what is asked for is read."""
    monkeypatch.setattr(scan, "_EAGER_BYTES", 0)
    monkeypatch.setattr(scan, "_walk", lambda *_: pytest.fail("walked"))
    path = tmp_path / "honest.history"
    path.write_bytes(lying_index().data)

    with JournalFile(path) as file:
        assert [commit.seq for commit in file.commits] == [1, 2]
        assert file.closed


def bodies() -> st.SearchStrategy[bytes]:
    """Bodies made of records of every kind, of values of every type in every place."""
    scalars = (
        st.none() | st.booleans() | st.integers(-5, 1 << 63) | st.text(max_size=3) | st.binary(max_size=3) | st.floats()
    )
    extensions = st.builds(
        lambda code, data: msgspec.msgpack.Ext(code, data),
        st.integers(0, 40),
        st.binary(max_size=6) | scalars.map(pack),
    )
    values = st.recursive(
        scalars | extensions,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2) | st.integers(0, 3), inner, max_size=3)
        ),
        max_leaves=12,
    )
    shaped = st.one_of(
        values,
        st.tuples(
            st.just(1), st.just(0), st.tuples(st.just("a"), values, values), st.lists(st.lists(values)), values, values
        ),
        st.tuples(st.just(1), values),
        st.lists(values, min_size=4, max_size=13),
    )
    return st.lists(st.tuples(st.sampled_from([*RecordKind, 99]), shaped), max_size=4).map(
        lambda records: [(kind, pack(value)) for kind, value in records]  # type: ignore[arg-type, return-value]
    )


@given(bodies(), st.sampled_from([*BlockKind, 77]))
@settings(max_examples=settings.default.max_examples * 3 if settings.default else 120)
def test_whatever_is_in_a_body_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, bytes]], kind: int
) -> None:
    """Records of any kind with values of any type in blocks of any kind: no error but ours comes out."""
    path = tmp_path_factory.mktemp("any") / "any.history"
    forger = Forger()
    body = b"".join(join(code, [record]) for code, record in records)
    forger.block(kind, body, len(records), sum(code == RecordKind.COMMIT for code, _ in records))
    path.write_bytes(forger.data)

    try:
        read_everything(path, False)
        verify(path)
    except JournalError:
        return


def mutants(data: bytes) -> Iterator[bytes]:
    """Every head field of every block changed to telling values, with its checksum made right again."""
    at, salt = PREAMBLE.size, int.from_bytes(data[12:16], "little")
    while (head := parse_head(data[at : at + HEAD.size], salt)) is not None:
        for field in head._fields[:-1]:
            top = {"kind": 0xFF, "codec": 0xFF, "flags": 0xFFFF, "first": 1 << 63, "last": 1 << 63, "synced": 1 << 63}
            for value in (0, 1, getattr(head, field) + 1, top.get(field, 0xFFFFFFFF)):
                yield data[:at] + head._replace(**{field: value}).pack(salt) + data[at + HEAD.size :]
        at += HEAD.size + head.stored


def test_heads_that_lie_are_noticed(tmp_path: Path) -> None:
    """Whatever a head claims with a right checksum: the chain to its neighbours or its body shows that it is not so."""
    from tests.journal.runs import check_prefix, record

    states = record(tmp_path / "run.history", 30)
    path, count = tmp_path / "mutant.history", 0
    for mutant in mutants((tmp_path / "run.history").read_bytes()):
        path.write_bytes(mutant)
        count += 1
        try:
            with JournalFile(path) as file:
                assert file.torn or check_prefix(file, states) == 30
        except JournalError:
            pass
        with suppress(JournalError):
            verify(path)
    assert count > 300
