"""Going on with a file: as if the run had never stopped."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import CorruptHistoryError, JournalError, Store
from statestore.history import History, resume
from statestore.journal import Journal, JournalFile, scan
from statestore.journal.format import BlockKind
from statestore.journal.tracing import state_at
from statestore.journal.verifying import verify
from tests.journal.runs import backlog, record, step

deeds = st.lists(st.sampled_from(["dispatch", "dispatch", "dispatch", "undo", "redo", "goto", "snapshot"]), max_size=25)


def act(store: Store, history: History, deed: str, number: int) -> None:
    """Does one thing to a run."""
    match deed:
        case "dispatch":
            store.dispatch(step(number))
        case "undo":
            history.undo()
        case "redo":
            history.redo()
        case "goto":
            history.goto(number % (store.seq + 1))
        case "snapshot":
            history.snapshot(f"at {number}", number=number)


def told(path: Path) -> Any:
    """What a file says of the run, times and processes aside."""
    with JournalFile(path) as file:
        commits = [(c.seq, c.parent, c.action, c.changes, c.group) for c in file.commits]
        moves = [(m.kind, m.from_seq, m.to_seq) for m in file.moves if m.kind != "resume"]
        snapshots = [(s.name, s.seq, s.metadata) for s in file.snapshots]
        return commits, moves, snapshots, file.head_seq, state_at(file, file.head_seq)


@given(deeds, st.lists(st.integers(0, 25), max_size=3), st.booleans())
def test_resuming_at_any_point_equals_never_having_stopped(
    tmp_path_factory: pytest.TempPathFactory, done: list[str], stops: list[int], close: bool
) -> None:
    """The same commits, moves, snapshots, head and state, however often and wherever the run was interrupted."""
    folder = tmp_path_factory.mktemp("resume")
    files = []
    for name, interruptions in (("whole", []), ("resumed", stops)):
        path = folder / name
        history = History()
        store = Store(backlog, middleware=[history, Journal(path)])
        for number, deed in enumerate(done):
            if number in interruptions:
                stop(store, close)
                history = History()
                store = resume(path, backlog, middleware=[history])
            act(store, history, deed, number)
        store.close()
        assert verify(path).ok
        files.append(told(path))

    assert files[0] == files[1]


def stop(store: Store, close: bool) -> None:
    """Ends a run, in order or as a crash would."""
    if close:
        store.close()
        return
    journal = next(layer for layer in store.middleware if isinstance(layer, Journal))
    journal.flush()
    with journal.path.open("ab") as file:
        file.write(b"\xf5STBtorn")
    journal._pump.abandon()  # type: ignore[union-attr]
    for layer in store.middleware:
        if isinstance(layer, History):
            layer.close()


def test_a_file_goes_on_behind_its_closing_mark(tmp_path: Path) -> None:
    """Nothing that was written is changed: the old file is the beginning of the new one."""
    path = tmp_path / "run.history"
    record(path, 10)
    before = path.read_bytes()
    for number in range(10, 13):
        store = resume(path, backlog)
        store.dispatch(step(number))
        store.close()
        assert path.read_bytes().startswith(before)
        before = path.read_bytes()

    with JournalFile(path) as file:
        assert [commit.action for commit in file.commits] == [step(number) for number in range(13)]
        assert [session["process_id"] for session in file.sessions] == [os.getpid()] * 4
        assert len(file.numbers(BlockKind.END)) == 4
        assert file.closed
    assert verify(path).ok


def test_a_torn_tail_is_cut_and_the_cut_recorded(tmp_path: Path) -> None:
    """With its place and size."""
    path = tmp_path / "run.history"
    record(path, 10, close=False)
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"half a block")
    resume(path, backlog).close()

    with JournalFile(path) as file:
        assert (file.sessions[1]["cut_at"], file.sessions[1]["cut_bytes"]) == (size, 12)
        assert not file.torn


def test_a_damaged_file_is_not_gone_on_with(tmp_path: Path) -> None:
    """It has to be repaired first; nothing is cut."""
    path = tmp_path / "run.history"
    record(path, 60)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptHistoryError, match="are lost"):
        resume(path, backlog)

    assert path.read_bytes() == data


def test_a_large_damaged_file_is_not_gone_on_with_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although opening it does not look at every commit: nothing is appended, and the lock is given back."""
    monkeypatch.setattr(scan, "_EAGER_BYTES", 0)
    path = tmp_path / "run.history"
    record(path, 1_500, flush_every=10_000)
    data = bytearray(path.read_bytes())
    with JournalFile(path) as file:
        assert len(file.keyframes) > 1
        data[file.blocks[file.numbers(BlockKind.HISTORY)[0]].end - 1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptHistoryError, match="are lost"):
        resume(path, backlog)

    assert path.read_bytes() == data
    Journal.appending(path).close()


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Resuming is no way to begin."""
    with pytest.raises(JournalError, match="there is no file"):
        Journal.appending(tmp_path / "none.history")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_appends_and_is_not_used_changes_nothing(tmp_path: Path) -> None:
    """It holds the lock, and gives it back."""
    path = tmp_path / "run.history"
    record(path, 5, close=False)
    before = path.read_bytes()
    journal = Journal.appending(path)
    with pytest.raises(JournalError, match="being written"):
        Journal.appending(path)
    journal.close()

    assert path.read_bytes() == before
    Journal.appending(path).close()
