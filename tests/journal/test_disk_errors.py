"""Disks that fail: the journal stops once and loudly, the store never."""

import errno
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from statestore import JournalError, Store
from statestore.history import History, resume
from statestore.journal import Journal, JournalFile
from statestore.journal.copying import compact, cut
from statestore.journal.disk import FileDisk
from statestore.journal.repairing import repair
from statestore.journal.verifying import verify
from tests.journal.disks import FailingDisk
from tests.journal.runs import backlog, check_prefix, record, step

STEPS = 30


class Attempt:
    """A run on a disk that fails at some call."""

    def __init__(self, path: Path, **failure: Any) -> None:
        self.disks: list[FailingDisk] = []
        self.acknowledged = 0
        self.warnings: list[str] = []
        self.errors: list[JournalError] = []
        self.store: Store | None = None
        self.states: list[Any] = []

        def open_disk(path: Path) -> FailingDisk:
            self.disks.append(FailingDisk(path, **failure))
            return self.disks[0]

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                journal = Journal(path, open_disk=open_disk, interval=3_600)
                self.store = Store(backlog, middleware=[journal])
            except JournalError as error:
                self.errors.append(error)
                return
            self.run(self.store, journal)
        self.warnings = [str(warning.message) for warning in caught]

    def run(self, store: Store, journal: Journal) -> None:
        self.states = [store.state]
        for number in range(STEPS):
            store.dispatch(step(number))
            self.states.append(store.state)
            if number % 3 == 2:
                try:
                    journal.flush()
                    self.acknowledged = store.seq
                except JournalError as error:
                    self.errors.append(error)
        try:
            store.close()
        except JournalError as error:
            self.errors.append(error)


def failures() -> Iterator[dict[str, Any]]:
    """Every call of every kind, failing once and for ever, with each error."""
    for failing in ("write", "sync", "size"):
        for for_ever in (False, True):
            for error in (errno.ENOSPC, errno.EIO):
                for partial in (False, True) if failing == "write" else (False,):
                    yield {"failing": failing, "for_ever": for_ever, "error": error, "partial": partial}


@pytest.mark.parametrize("failure", list(failures()), ids=str)
def test_a_failing_disk_stops_the_journal_and_not_the_store(tmp_path: Path, failure: dict[str, Any]) -> None:
    """Whichever call fails: the state is right, what was acknowledged is there, and there is one warning."""
    call = 0
    while True:
        path = tmp_path / f"{call}.history"
        attempt = Attempt(path, call=call, **failure)
        disk = attempt.disks[0]
        if not disk.failed:
            break
        call += 1
        assert attempt.errors, "an error is never kept quiet"
        if attempt.store is None:
            assert os.strerror(failure["error"]) in str(attempt.errors[0])
            continue
        assert attempt.store.seq == STEPS
        assert len(attempt.warnings) == 1
        assert "has stopped" in attempt.warnings[0]
        assert os.strerror(failure["error"]) in attempt.warnings[0]
        assert disk.failed == 1, "nothing is tried again"
        assert len(set(map(str, attempt.errors))) == 1
        with JournalFile(path) as file:
            assert check_prefix(file, attempt.states) >= attempt.acknowledged
    assert call >= 1
    assert attempt.errors == []
    assert attempt.acknowledged == STEPS


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("failing", ["truncate", "sync", "write", "size"])
def test_a_disk_that_fails_while_a_run_is_resumed_leaves_the_file(tmp_path: Path, failing: str, for_ever: bool) -> None:
    """Whichever call fails: the error names the reason, and what was acknowledged can be gone on with afterwards."""
    path = tmp_path / "run.history"
    states = record(path, 20, close=False)
    with path.open("ab") as file:
        file.write(b"torn")
    torn, call = path.read_bytes(), 0
    while True:
        path.write_bytes(torn)
        failed, kept = go_on(path, failing=failing, call=call, for_ever=for_ever, error=errno.EIO)
        store = resume(path, backlog)
        assert store.seq >= kept
        if store.seq == 20:
            assert store.state == states[-1]
        store.close()
        assert verify(path).ok
        if not failed:
            break
        call += 1
    assert call >= 1
    assert kept == 26


def go_on(path: Path, **failure: Any) -> tuple[bool, int]:
    """Resumes on a disk that fails and dispatches six times; says whether it did, and which seq was acknowledged."""
    disks: list[FailingDisk] = []

    def open_disk(path: Path) -> FailingDisk:
        disks.append(FailingDisk(path, **failure))
        return disks[0]

    kept = 20
    with warnings.catch_warnings(), suppress(JournalError):
        warnings.simplefilter("ignore")
        store = resume(path, backlog, open_disk=open_disk)
        journal = next(layer for layer in store.middleware if isinstance(layer, Journal))
        for number in range(20, 26):
            store.dispatch(step(number))
            with suppress(JournalError):
                journal.flush()
                kept = store.seq
        assert store.seq == 26
        store.close()
    return bool(disks[0].failed), kept


def test_a_file_that_is_deleted_stops_the_journal(tmp_path: Path) -> None:
    """Otherwise everything would go on into nowhere."""
    path = tmp_path / "run.history"
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    path.unlink()
    store.dispatch(step(0))
    with pytest.warns(RuntimeWarning, match="was deleted"), pytest.raises(JournalError, match="was deleted"):
        journal.flush()
    store.dispatch(step(1))
    assert store.seq == 2
    with pytest.raises(JournalError):
        store.close()


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    """The error has path and reason."""
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="Permission denied"):
        Journal(tmp_path / "run.history")


def test_a_full_device_is_reported(tmp_path: Path) -> None:
    """The real thing, where the system has one."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(JournalError, match="No space left"):
        Store(backlog, middleware=[Journal("/dev/full")])


def test_a_dead_writing_thread_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ended it: who waits for the disk is told, and not left waiting."""
    store = Store(backlog, middleware=[journal := Journal(tmp_path / "run.history", interval=3_600)])

    def die() -> None:
        raise SystemExit

    monkeypatch.setattr(journal._pump, "_drain", die)
    with pytest.warns(RuntimeWarning, match="has stopped"), pytest.raises(JournalError, match="has stopped"):
        journal.flush()
    with pytest.raises(JournalError):
        store.close()


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EMFILE])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, error: int) -> None:
    """With the reason, whichever it is."""

    def open_disk(path: Path) -> FileDisk:
        raise OSError(error, os.strerror(error))

    with pytest.raises(JournalError, match=f"run.history for writing: {os.strerror(error)}"):
        Journal(tmp_path / "run.history", open_disk=open_disk)


TOOLS: dict[str, Callable[[Path, Path], object]] = {
    "compact": compact,
    "repair": repair,
    "cut": lambda path, out: cut(path, out, 5, 9),
}


class Failing:
    """Makes one call of a method fail, or that and all later ones, for as long as the `with` block lasts."""

    def __init__(self, owner: type, name: str, call: int, for_ever: bool) -> None:
        self._owner, self._name, self._call, self._for_ever = owner, name, call, for_ever
        self._kept = getattr(owner, name)
        self.calls = self.failed = 0

    def __enter__(self) -> "Failing":
        def called(*arguments: Any, **options: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            if number == self._call or (self._for_ever and number > self._call):
                self.failed += 1
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return self._kept(*arguments, **options)

        setattr(self._owner, self._name, called)
        return self

    def __exit__(self, *_: object) -> None:
        setattr(self._owner, self._name, self._kept)


def message_of(deed: Callable[[], object]) -> str:
    """What a deed's error says; nothing if it went well."""
    try:
        deed()
    except JournalError as error:
        return str(error)
    return ""


CALLS: dict[str, tuple[type, str]] = {
    "write": (FileDisk, "write"),
    "sync": (FileDisk, "sync"),
    "open": (FileDisk, "__init__"),
    "open to read": (Path, "open"),
    "rename": (Path, "replace"),
}


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("failing", CALLS)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_whose_disk_fails_leaves_nothing_half(tmp_path: Path, tool: str, failing: str, for_ever: bool) -> None:
    """Whichever call it is: the error is ours, the source is untouched, and the target is not there."""
    path, out = tmp_path / "run.history", tmp_path / "out.history"
    record(path, 20)
    before, call = path.read_bytes(), 0
    while True:
        with Failing(*CALLS[failing], call, for_ever) as disk:
            message = message_of(lambda: TOOLS[tool](path, out))
        assert path.read_bytes() == before
        assert ("Input/output error" in message) == bool(disk.failed)
        if not disk.failed:
            break
        call += 1
        assert [file.name for file in tmp_path.iterdir()] == ["run.history"]
    assert call >= 1
    assert verify(out).ok


@pytest.mark.parametrize("for_ever", [False, True])
@pytest.mark.parametrize("failing", ["write", "sync", "open", "rename"])
def test_an_export_whose_disk_fails_leaves_what_was_there(tmp_path: Path, failing: str, for_ever: bool) -> None:
    """The file that it would have replaced, whole, and nothing beside it."""
    out = tmp_path / "out.history"
    history, call = History(), 0
    with Store(backlog, middleware=[history]) as store:
        for number in range(20):
            store.dispatch(step(number))
        while True:
            out.write_text("precious")
            with Failing(*CALLS[failing], call, for_ever) as disk, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                message = message_of(lambda: history.export(out))
            assert ("Input/output error" in message) == bool(disk.failed)
            if not disk.failed:
                break
            call += 1
            assert out.read_text() == "precious"
            assert list(tmp_path.iterdir()) == [out]
    assert call >= 1
    assert verify(out).commits == 20
