"""Disks for the tests: one that is a real file underneath and fails, lies or is slow as it is told."""

import errno
import math
import os
import random
import threading
from pathlib import Path
from typing import NamedTuple

from statestore.journal.disk import FileDisk


class FailingDisk(FileDisk):
    """Fails one call of a kind, once or from then on.

    Args:
        failing: `write`, `sync`, `truncate` or `size`, and which of these calls fails, from 0.
    """

    def __init__(
        self,
        path: Path,
        failing: str,
        call: int,
        for_ever: bool = False,
        error: int = errno.ENOSPC,
        partial: bool = False,
    ) -> None:
        self.calls = {"write": 0, "sync": 0, "truncate": 0, "size": 0}
        self._failing, self._call, self._for_ever, self._error, self._partial = failing, call, for_ever, error, partial
        self.failed = 0
        super().__init__(path)

    def _count(self, name: str) -> bool:
        number, self.calls[name] = self.calls[name], self.calls[name] + 1
        fails = name == self._failing and (number == self._call or (self._for_ever and number > self._call))
        self.failed += fails
        return fails

    def _fail(self) -> None:
        raise OSError(self._error, os.strerror(self._error))

    def write(self, data: bytes) -> None:
        if self._count("write"):
            if self._partial:
                super().write(data[: len(data) // 2])
            self._fail()
        super().write(data)

    def sync(self) -> None:
        if self._count("sync"):
            self._fail()
        super().sync()

    def truncate(self, size: int) -> None:
        if self._count("truncate"):
            self._fail()
        super().truncate(size)

    def size(self) -> int:
        if self._count("size"):
            self._fail()
        return super().size()


class VolatileDisk:
    """A disk in memory that remembers every moment at which it might lose power.

    Args:
        skips_sync: whether it says that it synced and does not; what a writer without fsync comes down to.
    """

    SECTOR = 64  # small, so that short files are torn in many places

    def __init__(self, content: bytes = b"", skips_sync: bool = False) -> None:
        self._durable = content
        self._cached = content
        self._skips_sync = skips_sync
        self._lock = threading.Lock()
        self.acknowledged = 0
        self.moments: list[Moment] = []

    def acknowledge(self, seq: int) -> None:
        """Somebody was told that commits up to this one are on disk."""
        with self._lock:
            self.acknowledged = seq
            self._remember()

    def _remember(self) -> None:
        self.moments.append(Moment(self._durable, self._cached, self.acknowledged))

    def size(self) -> int:
        return len(self._cached)

    def write(self, data: bytes) -> None:
        with self._lock:
            self._cached += data
            self._remember()

    def sync(self) -> None:
        with self._lock:
            if not self._skips_sync:
                self._durable = self._cached
            self._remember()

    def truncate(self, size: int) -> None:
        with self._lock:
            self._cached = self._cached[:size]
            self._remember()

    def close(self) -> None:
        pass


class Moment(NamedTuple):
    """What is on the platters and what only in the cache, and what was promised."""

    durable: bytes
    cached: bytes
    acknowledged: int

    def lose_power(self, chance: random.Random) -> bytes:
        """What is found when the power is back: of what was not synced some sectors, in any order, else zeros."""
        size = chance.randint(min(len(self.durable), len(self.cached)), len(self.cached))
        found = bytearray(self.durable[:size].ljust(size, b"\0"))
        likely = chance.random()
        for start in range(0, size, VolatileDisk.SECTOR):
            end = min(start + VolatileDisk.SECTOR, size)
            if chance.random() < likely:
                found[start:end] = self.cached[start:end]
        found[: len(self.durable)] = self.durable[:size]  # what was synced is not written again
        return bytes(found)


class SlowDisk(FileDisk):
    """Waits for permission before every sync."""

    def __init__(self, path: Path) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        super().__init__(path)

    def sync(self) -> None:
        self.waiting.set()
        self.gate.wait(30)
        super().sync()


class MeteredDisk(FileDisk):
    """Takes as many bytes as it was allowed to, once it is metered: slower than whoever writes, at any speed."""

    def __init__(self, path: Path) -> None:
        self._allowed: float = math.inf
        self._changed = threading.Condition()
        super().__init__(path)

    def meter(self) -> None:
        """Takes nothing more unless it is allowed to."""
        with self._changed:
            self._allowed = 0

    def allow(self, size: int) -> None:
        """Takes so many bytes more."""
        with self._changed:
            self._allowed += size
            self._changed.notify_all()

    def write(self, data: bytes) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._allowed >= len(data), 60)
            self._allowed -= len(data)
        super().write(data)
