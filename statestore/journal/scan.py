"""Finds the blocks of a file by their heads, and tells a torn end from damage."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from statestore.errors import CorruptHistoryError, JournalError
from statestore.journal.blocks import Block, Chain, decompress, split
from statestore.journal.disk import FileBytes
from statestore.journal.format import HEAD, MARK, PREAMBLE, BlockKind, parse_head, parse_preamble
from statestore.journal.index import read_index

# Files up to this size are verified whole when they are opened, which takes some milliseconds. In larger ones a block
# is verified when it is read, save the last ones, which a crash may have torn; and an index at their end is believed
# about where the blocks are.
_EAGER_BYTES: Final = 4 << 20
_CHUNK: Final = 1 << 20
# Behind damage, heads may claim any bodies: so many times the file's size is looked at to find out which are whole.
_PATIENCE: Final = 8


class Gap(NamedTuple):
    """A bad stretch: bytes from `start` to `end`, and the seqs of the commits lost with it (none if last < first)."""

    start: int
    end: int
    first: int
    last: int

    def __str__(self) -> str:
        lost = f"commits {self.first} to {self.last} are lost" if self.last >= self.first else "no commits are lost"
        return f"bytes {self.start} to {self.end} are damaged: {lost}"


class Scan(NamedTuple):
    """What a file holds: whole blocks in order, where they end, and the bad stretches between them."""

    salt: int
    blocks: list[Block]
    end: int
    torn: bool
    gaps: list[Gap]

    @property
    def closed(self) -> bool:
        """Whether the closing mark is the last thing there."""
        return not self.torn and bool(self.blocks) and self.blocks[-1].head.kind == BlockKind.END

    def chain(self) -> Chain:
        """Where a writer goes on."""
        chain = Chain(self.salt, PREAMBLE.size)
        for block in self.blocks[-1:]:
            chain.continue_after(block)
        chain.synced = self.end
        return chain


def scan(source: FileBytes, salvage: bool = False) -> Scan:
    """Finds the blocks of a file; with `salvage` it goes on behind damage, and verifies everything.

    Raises:
        CorruptHistoryError: there is damage, and `salvage` is not set.
        JournalError: it is no history file, or was cut inside its header.
    """
    size = source.size()
    salt = parse_preamble(source.read(0, PREAMBLE.size))
    if not salvage and size > _EAGER_BYTES and (indexed := _read_index(source, salt, size)):
        return Scan(salt, indexed, size, False, [])
    blocks = _walk(source, Chain(salt, PREAMBLE.size), size)
    bad = _first_bad(source, salt, blocks, size, salvage)
    if bad is not None:
        del blocks[bad:]
    end = blocks[-1].end if blocks else PREAMBLE.size
    found = Scan(salt, blocks, end, end != size, [])
    if found.torn:
        behind = list(_find_behind(source, salt, end, size))
        damaged = any(block.head.synced > end for block in behind)
        if damaged or salvage:
            found = _salvage(salt, blocks + behind, size)
        if damaged and not salvage:
            gaps = "; ".join(map(str, found.gaps))
            raise CorruptHistoryError(f"the history file is damaged: {gaps}. Open it with salvage=True for the rest")
    if not found.blocks:
        raise JournalError("this history file was cut inside its header: nothing of it can be read")
    return found


def extend(source: FileBytes, found: Scan) -> Scan:
    """Takes in the whole blocks that were appended since a scan; a block that is still being written waits."""
    chain, size = found.chain(), source.size()
    if size < found.end:
        raise CorruptHistoryError(f"the history file was cut to {size} bytes while it was read")
    blocks = _walk(source, chain, size)
    bad = _first_bad(source, found.salt, blocks, size, thorough=True)
    blocks = found.blocks + (blocks if bad is None else blocks[:bad])
    end = blocks[-1].end
    return Scan(found.salt, blocks, end, end != size, found.gaps)


def _walk(source: FileBytes, chain: Chain, size: int) -> list[Block]:
    """The blocks from the beginning as far as each follows the one before; their bodies are not looked at.

    Opening a file of a million commits is this loop, some thousand times, hence its plain form.
    """
    blocks = []
    read, salt, offset = source.read, chain.salt, chain.offset
    number, previous, last = chain.number, chain.previous, chain.last
    while (head := parse_head(read(offset, HEAD.size), salt)) is not None:
        _, _, _, own_number, stored, _, _, first, own_last, synced, own_previous, _, crc = head
        end = offset + HEAD.size + stored
        if own_number != number or own_previous != previous or first != last + 1 or synced > offset or end > size:
            break
        blocks.append(Block(offset, head))
        number, previous, last, offset = number + 1, crc, own_last, end
    return blocks


def _read_index(source: FileBytes, salt: int, size: int) -> list[Block] | None:
    """The blocks by the index at the end, if there is one that fits the file."""
    end = _block_at(source, salt, size - HEAD.size)
    index = _block_at(source, salt, end.head.synced) if end is not None else None
    if end is None or index is None or (index.end, index.head.head_crc) != (end.offset, end.head.previous):
        return None
    try:
        ((_, record),) = split(read_body(source, salt, index), 1)
    except CorruptHistoryError:
        return None
    blocks = read_index(record, salt)
    if not blocks or (blocks[-1].end, blocks[-1].head.head_crc) != (index.offset, index.head.previous):
        return None
    return [*blocks, index, end] if (end.head.kind, index.head.kind) == (BlockKind.END, BlockKind.INDEX) else None


def _first_bad(source: FileBytes, salt: int, blocks: list[Block], size: int, thorough: bool) -> int | None:
    """The first block whose body is not what its head says, among those that are looked at."""
    synced = 0 if thorough or size <= _EAGER_BYTES else (blocks[-1].head.synced if blocks else 0)
    for index, block in enumerate(blocks):
        if block.offset >= synced and not _is_whole(source, salt, block):
            return index
    return None


def _is_whole(source: FileBytes, salt: int, block: Block) -> bool:
    try:
        read_body(source, salt, block)
    except CorruptHistoryError:
        return False
    return True


def read_body(source: FileBytes, salt: int, block: Block) -> bytes:
    """The records' bytes of a block.

    Raises:
        CorruptHistoryError: it is damaged, which may be so although an index knows it; the message names the commits.
    """
    data = source.read(block.offset, HEAD.size + block.head.stored)
    try:
        if parse_head(data[: HEAD.size], salt) != block.head:
            raise CorruptHistoryError("the head of a block is damaged")
        return decompress(block.head, data[HEAD.size :])
    except CorruptHistoryError as error:
        gap = Gap(block.offset, block.end, block.head.first, block.head.last)
        raise CorruptHistoryError(f"{error}: {gap}") from None


def _find_behind(source: FileBytes, salt: int, start: int, size: int) -> Iterator[Block]:
    """The whole blocks behind a bad place, however they follow each other."""
    patience, at = _PATIENCE * size, start
    while patience > 0 and (block := _next_block(source, salt, at, size)) is not None:
        if _is_whole(source, salt, block):
            yield block
            at = block.end
        else:
            patience -= block.head.stored
            at = block.offset + 1


def _next_block(source: FileBytes, salt: int, start: int, size: int) -> Block | None:
    """The next place from `start` on where a head checks out and its body would fit."""
    at = start
    while at + HEAD.size <= size:
        chunk = source.read(at, _CHUNK)
        place = chunk.find(MARK)
        while place >= 0:
            if (block := _block_at(source, salt, at + place)) is not None and block.end <= size:
                return block
            place = chunk.find(MARK, place + 1)
        # A mark may lie across the chunks.
        at += max(len(chunk) - len(MARK) + 1, 1)
    return None


def _block_at(source: FileBytes, salt: int, offset: int) -> Block | None:
    head = parse_head(source.read(offset, HEAD.size), salt) if offset >= 0 else None
    return None if head is None else Block(offset, head)


def _salvage(salt: int, candidates: list[Block], size: int) -> Scan:
    """The blocks in the order in which they were written, wherever they are now, and what is missing between them."""
    blocks: list[Block] = []
    gaps = []
    end, last, number, previous = PREAMBLE.size, 0, 0, 0
    for block in sorted(candidates, key=lambda block: block.head.number):
        offset, head = block
        if head.number < number or head.first <= last:
            continue  # the same block again
        if (offset, head.number, head.previous, head.first) != (end, number, previous, last + 1):
            gaps.append(Gap(min(end, offset), max(end, offset), last + 1, head.first - 1))
        blocks.append(block)
        end, last, number, previous = block.end, head.last, head.number + 1, head.head_crc
    end = max([block.end for block in candidates], default=PREAMBLE.size)
    return Scan(salt, blocks, end, end != size, gaps)
