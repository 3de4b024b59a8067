r"""The history file, format version 1: this page is enough to read one with a msgpack and a zstd library.

Conventions: integers of the fixed parts are unsigned and little-endian. Times are nanoseconds since the run began,
wall times nanoseconds since 1970 in UTC. Checksums are CRC-32 (the one of zlib, PNG and Ethernet). Nothing is aligned
or padded, save the bodies named below. The file only ever grows; nothing in it is written twice.

File
    signature (16 bytes), then blocks until the end of the file.
    signature = 89 53 54 53 0D 0A 1A 0A ("\x89STS\r\n\x1a\n", broken by a transfer in text mode),
                u16 version (1), u16 zero, u32 salt: a random number that keeps blocks of other files apart.

Block
    head (60 bytes), then `stored` bytes of body. The head is
        4s  mark       F5 53 54 42 ("\xf5STB"): what to look for behind damage
        u8  kind       1 header, 2 history, 3 spans, 4 observations, 5 keyframe, 6 index, 7 end; others: skip it
        u8  codec      0 the body as it is, 1 one zstd frame that states its content size, then zero bytes
        u16 flags      bit 0: something in the body was redacted; other bits 0
        u32 number     0 for the first block, then one more for each
        u32 stored     length of the body in the file
        u32 raw        length of the body decompressed; at most 16 times `stored` (the writer pads with zeros, so
                       that what a reader needs in memory is bounded by what the file holds) and at most 2**30
        u32 records    how many are in the body
        u64 first      seq of the first commit in the body; without commits, of the next one to come
        u64 last       seq of the last commit in the body; without commits, `first` - 1
        u64 synced     so many bytes from the start were known to be on disk when this was written
        u32 previous   `head_crc` of the block before; 0 in the first
        u32 body_crc   CRC of the body as stored
        u32 head_crc   CRC of the 56 bytes before it, started from the file's salt
    Seqs count from 1 without gaps, so `first` is one more than `last` of the block before. The chain of `number` and
    `previous` makes a block that was dropped, doubled or moved show.

    Where a block is bad, look for the next mark whose head checks out. If a block behind says in `synced` that the bad
    place had been on disk, the file was damaged; otherwise it is torn there: a crash took what was being written.

Body
    A sequence of msgpack extension objects: the type is the record's kind, the data one msgpack value, the record. All
    but sessions and indexes are arrays: fields may be added at their ends, missing ones have defaults, unknown kinds
    are skipped.
        1  commit     [seq, parent, [type, payload, meta], changes, started_ns, elapsed_ns, group, label, nil, deep]
                      changes: array of [op, path, value, old]; op "add", "replace" or "remove"; path an array of keys
                      from the root; value nil for a removal, old nil for an addition. A list takes them in order, as
                      RFC 6902 does. payload and meta are plain values; keys, value and old are state values (below).
                      deep is true where more than scalars may be in these, and not there otherwise.
        2  move       [kind, from_seq, to_seq, at_ns]: the head went there
        3  span       [id, parent_id, name, kind, started_ns, ended_ns, status, metadata, seq, process_id, thread_id,
                      task, reducer_ns]
        4  milestone  [name, at_ns, data, metadata, seq, span_id]
        5  sample     [at_ns, rss_bytes, heap_blocks, gc_collections, gc_pause_ns, history_commits, history_bytes,
                      traced_bytes]
        6  snapshot   [id, name, seq, at_ns, metadata]
        7  keyframe   [seq, state]: the whole state after that commit, seq 0 being the root; the head was there then
        8  session    a map: what wrote from here on. The first has "run" (a UUID as text), "store",
                      "started_wall_ns", "process_id", "python", "statestore" and "platform"; later ones "wall_ns"
                      and the last four, and "cut_at" and "cut_bytes" where a torn tail was cut off before
        9  index      a map of columns, each with one entry for every block before: the fields of the head except
                      mark, number, first and previous, which follow from the order, by their names above. A hint:
                      what the blocks themselves say is what counts
        10 alert      [rule, subject, at_ns, sentence, evidence]
        11 gauge      [at_ns, cpu_ns, threads, voluntary_switches, involuntary_switches, gc_pause_ns, gc_longest_ns,
                      loop_delay_p50_ns, loop_delay_p99_ns, loop_delay_max_ns, loop_utilisation, loop_held_ns]
        12 rollback   [label, first_seq, last_seq, error, at_ns]: seqs that were given, and then given to others
        15 other      [name, map of fields]: a recorded value of a kind that this version does not list

    The header block holds the first session and the keyframe of seq 0; history blocks commits, moves, snapshots and
    later sessions in their order; span blocks spans alone; observation blocks the other values. Keyframe and index
    blocks hold one record, end blocks none; a keyframe's seq is `last` of its block. A clean close appends an index
    block, unless the blocks are too many for one, and an end block, in whose head `synced` is where the index begins.
    A run that is resumed goes on behind them, so only an end block that is last says that the file is closed. The head
    after a keyframe is its seq; a commit whose parent is the head moves it there, and a move to where it says.

Values
    Plain values: nil, booleans, integers, floats, text, bytes, arrays (lists) and maps (dicts) are msgpack's own; a key
    of a map is nil, a boolean, a number, text or bytes. State values: the same, but a map is a persistent map and an
    array a persistent vector, at any depth. Everything else is an extension; what is inside one is plain again. Data
    is msgpack unless said otherwise.
        0  redacted             no data
        1  not storable         [type's name, its repr]
        2  record               [registered name, version, map of fields]
        3  large integer        big-endian two's complement, as bytes
        4  text with surrogates UTF-8 with the surrogates encoded, as bytes
        5  dict with other keys array: key, value, key, value, ...
        6  tuple                array
        7  set                  array
        8  frozenset            array
        9  persistent map       map, or array of keys and values as in 5
        10 persistent vector    array
        11 persistent set       array
        12 persistent list      array
        13 persistent deque     [greatest length or nil, array]
        14 persistent bag       array
        15 immutables.Map       map, or array of keys and values as in 5
        16 checked container    [registered name, version, array or map as in 5]
        17 enum member          [registered name, version, member's name, its value]
        20 datetime             [ISO 8601 text without offset, fold, zone]; zone nil, offset in microseconds, an
                                IANA name, or [offset in microseconds, name]
        21 date                 ISO 8601 text
        22 time                 as 20
        23 timedelta            [days, seconds, microseconds]
        24 decimal              text
        25 UUID                 16 bytes, as they are
        26 path                 [flavour: "posix" or "windows", whether it is pure, text]
        27 complex              [real, imaginary]
        28 range                [start, stop, step]
        29 fraction             [numerator, denominator]
        30 bytearray            the bytes
        31 numpy array          [dtype, shape, bytes in C order]; the dtype as numpy's array interface has it: "<f8"
        32 numpy scalar         [dtype, bytes]
    Other types are kept as they are. Nesting ends at 100 levels; an extension and the array or map in it are one.
"""

import struct
import zlib
from enum import IntEnum
from typing import Final, NamedTuple

from statestore.errors import JournalError, UnsupportedVersionError

SIGNATURE: Final = b"\x89STS\r\n\x1a\n"
VERSION: Final = 1
PREAMBLE: Final = struct.Struct("<8sHHI")

MARK: Final = b"\xf5STB"
HEAD: Final = struct.Struct("<4sBBHIIIIQQQIII")
_CHECKED: Final = HEAD.size - 4
_CRC: Final = struct.Struct("<I")

# A body may be this many times its stored size. Blocks of the backlog workload are 4 to 6 times smaller than their
# content; what compresses better is padded, which costs at most 6 % of the content.
MAX_EXPANSION: Final = 16
# One record is one msgpack value in memory on both sides; more than this is no state to be journalled.
MAX_BODY: Final = 1 << 30
# Deep enough for any tree that a person reads; walking a level takes up to five frames of the interpreter's 1,000.
MAX_DEPTH: Final = 100

REDACTED_FLAG: Final = 1
CODEC_RAW: Final = 0
CODEC_ZSTD: Final = 1


class BlockKind(IntEnum):
    """What a block holds."""

    HEADER = 1
    HISTORY = 2
    SPANS = 3
    OBSERVATIONS = 4
    KEYFRAME = 5
    INDEX = 6
    END = 7


class RecordKind(IntEnum):
    """What a record is."""

    COMMIT = 1
    MOVE = 2
    SPAN = 3
    MILESTONE = 4
    SAMPLE = 5
    SNAPSHOT = 6
    KEYFRAME = 7
    SESSION = 8
    INDEX = 9
    ALERT = 10
    GAUGE = 11
    ROLLBACK = 12
    OTHER = 15


class Head(NamedTuple):
    """The fixed part of a block; the fields are told in the module's docstring."""

    kind: int
    codec: int
    flags: int
    number: int
    stored: int
    raw: int
    records: int
    first: int
    last: int
    synced: int
    previous: int
    body_crc: int
    head_crc: int = 0

    def pack(self, salt: int) -> bytes:
        """The 60 bytes, with their checksum made anew."""
        head = HEAD.pack(MARK, *self[:-1], 0)[:_CHECKED]
        return head + _CRC.pack(zlib.crc32(head, salt))


def parse_head(data: bytes, salt: int) -> Head | None:
    """The head that these bytes begin with; None where they do not, or its checksum or limits are wrong."""
    if len(data) < HEAD.size:
        return None
    fields = HEAD.unpack_from(data)
    if fields[0] != MARK or zlib.crc32(data[:_CHECKED], salt) != fields[-1]:
        return None
    head = Head._make(fields[1:])
    return head if _fits(head) else None


def is_right(head: Head, salt: int) -> bool:
    """Whether a head that was not parsed has the checksum and the limits of one that was."""
    try:
        packed = HEAD.pack(MARK, *head)
    except struct.error:  # a number that has no place in a head
        return False
    return zlib.crc32(packed[:_CHECKED], salt) == head.head_crc and _fits(head)


def _fits(head: Head) -> bool:
    _, _, _, _, stored, raw, records, first, last, *_ = head
    # A body is bounded by what is stored of it; and each commit is a record and each record takes bytes, so no head can
    # claim more commits than its body can hold.
    if raw > stored * MAX_EXPANSION or stored > MAX_BODY or raw > MAX_BODY:
        return False
    return -1 <= last - first < max(records, 1) and records <= raw


def preamble(salt: int) -> bytes:
    """The first bytes of a file."""
    return PREAMBLE.pack(SIGNATURE, VERSION, 0, salt)


def parse_preamble(data: bytes) -> int:
    """The salt of the file that begins like this.

    Raises:
        JournalError: these are not the first bytes of a history file.
        UnsupportedVersionError: a newer release wrote it.
    """
    if len(data) < PREAMBLE.size or not data.startswith(SIGNATURE):
        found = "it is empty" if not data else f"it begins with {data[:8]!r}"
        raise JournalError(f"this is no history file, or it was cut inside its header: {found}")
    _, version, _, salt = PREAMBLE.unpack_from(data)
    if version != VERSION:
        raise UnsupportedVersionError(
            f"the file has format version {version}, and this release reads version {VERSION}: use a newer statestore"
        )
    return int(salt)
