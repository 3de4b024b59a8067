"""The file under a journal: appended to by one process at a time, read by any number."""

import os
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from statestore.errors import JournalError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class Disk(Protocol):
    """What a writer needs of a file; errors are OSError."""

    def size(self) -> int:
        """Bytes in the file."""

    def write(self, data: bytes) -> None:
        """Appends all of it."""

    def sync(self) -> None:
        """Returns when all that was written survives a loss of power."""

    def truncate(self, size: int) -> None:
        """Cuts the file to so many bytes and goes on from there."""

    def close(self) -> None:
        """Gives the file up, and the lock with it."""


class LockedError(JournalError):
    """Another writer has the file."""


class FileDisk:
    """A file of the operating system, locked for one writer.

    Raises:
        LockedError: another writer has it.
        OSError: it cannot be opened or made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _lock(self._descriptor)
            if not os.fstat(self._descriptor).st_size:  # new, or its name may not be on disk yet
                sync_folder(path.parent)
        except BaseException:
            self.close()
            raise

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._descriptor).st_size

    def write(self, data: bytes) -> None:
        """Appends all of it; a disk that takes only a part is asked again."""
        os.lseek(self._descriptor, 0, os.SEEK_END)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        """Returns when all that was written survives a loss of power."""
        _sync(self._descriptor)
        if os.fstat(self._descriptor).st_nlink == 0:
            raise FileNotFoundError(f"{self.path} was deleted while it was written")

    def truncate(self, size: int) -> None:
        """Cuts the file to so many bytes."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Gives the file up, and the lock with it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Locks the open file, not the process: two writers in one process exclude each other too."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            # One byte far behind any content, so that readers are not locked out.
            os.lseek(descriptor, 1 << 62, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        raise LockedError("another writer has the file") from None


def is_written(path: Path) -> bool:
    """Whether some process has the file open for writing now.

    Looking takes a lock of its own for a moment, in which no writer could begin: look seldom.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        _lock(descriptor)
    except LockedError:
        return True
    finally:
        os.close(descriptor)
    return False


def _sync(descriptor: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS: fsync stops at the drive's own cache
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes the name of a new file survive a loss of power, where folders can be synced."""
    if fcntl is not None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class FileBytes:
    """A file opened for reading at any place, from any thread.

    Raises:
        JournalError: there is no such file, or it may not be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: Any = path.open("rb", buffering=0)
        except OSError as error:
            raise JournalError(f"cannot read {path}: {error.strerror or error}") from error

    def size(self) -> int:
        """Bytes in the file now."""
        return os.fstat(self._descriptor()).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Up to so many bytes from there."""
        try:
            return _read_at(self._descriptor(), size, offset)
        except OSError as error:
            raise JournalError(f"cannot read {self._file.name}: {error.strerror or error}") from error

    def _descriptor(self) -> int:
        try:
            return int(self._file.fileno())
        except ValueError:
            raise JournalError("the history file is closed: read it inside its `with` block") from None

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


_turn = Lock()


def _read_in_turn(descriptor: int, size: int, offset: int) -> bytes:
    """What `pread` does, where there is none (Windows): threads take turns at moving the position."""
    with _turn:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


_read_at = getattr(os, "pread", _read_in_turn)
