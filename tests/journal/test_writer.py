"""Building the file: what is kept in memory of the blocks that are written."""

from pathlib import Path

import pytest

from statestore.history import resume
from statestore.journal import JournalFile, scan
from statestore.journal.format import BlockKind
from statestore.journal.verifying import verify
from tests.journal.runs import backlog, check_prefix, record, step


def test_a_file_of_too_many_blocks_goes_without_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a run of months does not fill the memory with heads; the file is closed, read and resumed as others."""
    monkeypatch.setattr("statestore.journal.writer._INDEXED_BLOCKS", 10)
    monkeypatch.setattr(scan, "_EAGER_BYTES", 0)
    path = tmp_path / "run.history"
    states = record(path, 100)
    with JournalFile(path) as file:
        assert (file.closed, file.numbers(BlockKind.INDEX)) == (True, [])
        assert check_prefix(file, states) == 100
    assert verify(path).ok

    store = resume(path, backlog)
    store.dispatch(step(100))
    store.close()
    with JournalFile(path) as file:
        assert (file.closed, len(file.commits), file.numbers(BlockKind.INDEX)) == (True, 101, [])


def test_an_index_is_written_up_to_the_last_block_that_it_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One block fewer, and it is there."""
    path = tmp_path / "run.history"
    record(path, 3, flush_every=1)
    with JournalFile(path) as file:
        blocks = len(file.blocks) - 2  # without index and end
    for allowed, indexes in ((blocks, 1), (blocks - 1, 0)):
        monkeypatch.setattr("statestore.journal.writer._INDEXED_BLOCKS", allowed)
        path = tmp_path / f"{allowed}.history"
        record(path, 3, flush_every=1)
        with JournalFile(path) as file:
            assert len(file.numbers(BlockKind.INDEX)) == indexes
