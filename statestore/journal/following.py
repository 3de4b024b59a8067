"""Reading along: the values of a run that is still being written, as they reach the disk."""

from collections.abc import AsyncIterator, Iterator, Sequence
from threading import Event
from typing import Any, Final, Protocol

from statestore.journal.blocks import Block, Record
from statestore.journal.codec import read_record
from statestore.journal.format import RecordKind
from statestore.ports import Clock

_SHOWN: Final = frozenset(RecordKind) - {RecordKind.KEYFRAME, RecordKind.INDEX, RecordKind.SESSION}


class Growing(Protocol):
    """What following needs of a file."""

    @property
    def closed(self) -> bool:
        """Whether the closing mark was found."""

    @property
    def blocks(self) -> Sequence[Block]:
        """The whole blocks in their order."""

    def refresh(self) -> int:
        """Takes in new blocks."""

    def split(self, number: int) -> Sequence[Record]:
        """The records of a block."""


class Follower:
    """Commits, moves, spans, milestones, samples and snapshots in the order in which the file has them.

    Ends when the run is closed, or when `stop` is called. A writer that died does not end it: stop it after a time.
    """

    def __init__(self, file: Growing, poll: float, clock: Clock) -> None:
        self._file = file
        self._poll_ns = int(poll * 1e9)
        self._clock = clock
        self._stopped = Event()
        self._next = len(file.blocks)

    def stop(self) -> None:
        """Ends the iteration, from any thread."""
        self._stopped.set()

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield from self._news()
            if self._is_over():
                return
            self._clock.wait(self._stopped, self._poll_ns)

    async def __aiter__(self) -> AsyncIterator[Any]:
        from asyncio import sleep  # slow to load, and here alone of any use to a reader

        while True:
            for value in self._news():
                yield value
            if self._is_over():
                return
            await sleep(self._poll_ns / 1e9)

    def _news(self) -> Iterator[Any]:
        self._file.refresh()
        while self._next < len(self._file.blocks) and not self._stopped.is_set():
            number, self._next = self._next, self._next + 1
            for kind, record in self._file.split(number):
                if kind in _SHOWN:
                    yield read_record(kind, record)

    def _is_over(self) -> bool:
        return self._stopped.is_set() or (self._file.closed and self._next == len(self._file.blocks))
