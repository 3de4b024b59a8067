"""The queue before the disk: bounded while the disk is slow, and empty once it has failed."""

import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statestore import Action, JournalError, Milestone, Snapshot, Span, Store
from statestore.journal import Journal, JournalFile
from tests.journal.disks import FailingDisk, MeteredDisk, SlowDisk


def add(state: int, action: Action) -> int:
    """A reducer that counts."""
    return state + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file goes."""
    return tmp_path / "run.history"


def test_a_slow_disk_holds_the_dispatcher_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the queue is full the dispatcher waits: memory is bounded, and nothing is lost."""
    monkeypatch.setattr("statestore.journal.pump._QUEUED_BYTES", 10_000)
    disks: list[SlowDisk] = []

    def slow(path: Path) -> SlowDisk:
        disks.append(SlowDisk(path))
        return disks[0]

    store = Store(add, 0, middleware=[journal := Journal(path, open_disk=slow)])
    disks[0].gate.clear()
    dispatched = []

    def work() -> None:
        for number in range(1_000):
            store.dispatch(Action("a", "x" * 100))
            dispatched.append(number)

    thread = threading.Thread(target=work)
    thread.start()
    assert disks[0].waiting.wait(30)
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        assert len(dispatched) < 1_000
        assert journal._pump._taken - journal._pump._written < 10_000 + 200  # type: ignore[union-attr]
    disks[0].gate.set()
    thread.join()
    store.close()

    with JournalFile(path) as file:
        assert len(file.commits) == 1_000


RECORDED: dict[str, Callable[[Store, int, str], object]] = {
    "actions": lambda store, number, text: store.dispatch(Action("a", text)),
    "snapshots": lambda store, number, text: store.publish(Snapshot(number, "s", 0, number, {"text": text})),
    "spans": lambda store, number, text: store.publish(Span(number, None, "s", "block", 1, 2, metadata={"text": text})),
    "secret spans": lambda store, number, text: store.publish(
        Span(number, None, "s", "block", 1, 2, metadata={"text": text, "password": text})
    ),
    "milestones": lambda store, number, text: store.publish(Milestone("m", number, text)),
}


@pytest.mark.parametrize("recorded", RECORDED)
def test_memory_is_bounded_however_slow_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch, recorded: str) -> None:
    """Whatever is recorded, and however large each value: who records waits, and everything is written in the end."""
    monkeypatch.setattr("statestore.journal.pump._QUEUED_BYTES", 1 << 20)
    disks: list[MeteredDisk] = []

    def open_disk(path: Path) -> MeteredDisk:
        disks.append(MeteredDisk(path))
        return disks[0]

    store = Store(add, 0, middleware=[Journal(path, open_disk=open_disk)])
    disks[0].meter()
    tracemalloc.start()

    def work() -> None:
        for number in range(2_000):
            RECORDED[recorded](store, number, os.urandom(5_000).hex())

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        disks[0].allow(1 << 16)
        thread.join(0.001)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    disks[0].allow(1 << 30)
    store.close()

    assert peak < 8 << 20, "of the 20 MB that were recorded"
    with JournalFile(path) as file:
        kept = {"actions": file.commits, "snapshots": file.snapshots, "milestones": file.milestones}
        assert len(kept.get(recorded, file.spans)) == 2_000


def test_a_journal_that_has_stopped_keeps_nothing(path: Path) -> None:
    """Nobody would ever write it: whatever goes on being recorded is let go of."""
    store = Store(add, 0, middleware=[journal := Journal(path, open_disk=lambda path: FailingDisk(path, "write", 1))])
    store.dispatch(Action("a"))
    with pytest.warns(RuntimeWarning, match="has stopped"), pytest.raises(JournalError):
        journal.flush()
    for number in range(100):
        for record in RECORDED.values():
            record(store, number, "text")

    pump: Any = journal._pump
    assert (len(pump._history), len(pump._observations)) == (0, 0)
    with pytest.raises(JournalError):
        store.close()
