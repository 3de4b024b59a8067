"""Sorting what does not fit into memory: sorted runs in a temporary file, merged as they are read."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Final, Generic, Self, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")
Page: TypeAlias = tuple[int, int]
"""Where it is in the file, and how long."""

# So many items are held and sorted at once, or fewer if they are heavy: some 20 MB of spans.
RUN: Final = 50_000
RUN_BYTES: Final = 8_000_000
# A run is written and read by pages of so many items: a merge of twenty runs holds some ten thousand.
_PAGE: Final = 512


class Sorter(Generic[T]):
    """Takes items by group, then gives each group in order; for a `with` block. Equal ones stay as they came.

    What does not fit into one run goes to a temporary file, which takes about as much room as the items do in msgpack
    and is gone when the block is left.

    Args:
        of: the msgspec Struct that the items are.
        key: what the items of a group are sorted by.
        weigh: about how many bytes an item takes beyond its numbers.
        run: how many are sorted at once.
    """

    def __init__(self, of: type[T], key: Callable[[T], Any], weigh: Callable[[T], int], run: int = RUN) -> None:
        self._key = key
        self._weigh = weigh
        self._longest = run
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[of]).decode  # type: ignore[valid-type]
        self._run: defaultdict[Hashable, list[T]] = defaultdict(list)
        self._length = 0
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._spilled: defaultdict[Hashable, list[list[Page]]] = defaultdict(list)

    def add(self, item: T, group: Hashable = None) -> None:
        """Takes an item."""
        self._run[group].append(item)
        self._length += 1
        self._bytes += self._weigh(item)
        if self._length >= self._longest or self._bytes >= RUN_BYTES:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115  # closed by `close`
        for group, items in self._run.items():
            items.sort(key=self._key)
            self._spilled[group].append([self._write(items[at : at + _PAGE]) for at in range(0, len(items), _PAGE)])
        self._run.clear()
        self._length = self._bytes = 0

    def _write(self, items: list[T]) -> Page:
        assert self._file is not None
        return self._file.tell(), self._file.write(self._encode(items))

    def items(self, group: Hashable = None) -> Iterator[T]:
        """A group in order; add nothing more to it once this has begun."""
        rest = sorted(self._run.get(group, ()), key=self._key)
        spilled = [chain.from_iterable(map(self._read, pages)) for pages in self._spilled.get(group, ())]
        return heapq.merge(*spilled, rest, key=self._key) if spilled else iter(rest)

    def _read(self, page: Page) -> list[T]:
        assert self._file is not None
        self._file.seek(page[0])
        return self._decode(self._file.read(page[1]))

    def close(self) -> None:
        """Gives up the temporary file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
