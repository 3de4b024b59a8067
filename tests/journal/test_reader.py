"""Reading: lazily, from several places at once, and along with the writer."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from statestore import Action, HistoryError, JournalError, Milestone, Move, Store
from statestore.journal import Journal, JournalFile, reader
from statestore.journal.codec import read_record
from statestore.journal.tracing import lineage, state_at
from statestore.testing import FakeClock
from tests.journal.runs import backlog, record, step


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A run of 2,000 steps in some 200 blocks."""
    path = tmp_path_factory.mktemp("reading") / "run.history"
    return path, record(path, 2_000)


class Counting:
    """Counts the records that are decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blocks, self.commits = 0, 0
        read_body = reader.read_body

        def counted(*arguments: Any) -> bytes:
            self.blocks += 1
            return read_body(*arguments)

        def read(kind: int, data: bytes) -> Any:
            self.commits += kind == 1
            return read_record(kind, data)

        monkeypatch.setattr(reader, "read_body", counted)
        monkeypatch.setattr("statestore.journal.series.read_record", read)


def test_a_slice_reads_only_the_blocks_it_needs(
    recorded: tuple[Path, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting reads none, the last twenty of two thousand read two or three."""
    counting = Counting(monkeypatch)
    with JournalFile(recorded[0]) as file:
        header = counting.blocks
        assert len(file.commits) == file.last_seq == 2_000
        assert counting.blocks == header
        assert [commit.seq for commit in file.commits[-20:]] == list(range(1_981, 2_001))
        assert (counting.blocks - header, counting.commits) == (2, 20)
        assert len(file.spans) == 200
        assert counting.blocks - header == 2


def test_commits_are_a_sequence(recorded: tuple[Path, list[Any]]) -> None:
    """Indexed, sliced, iterated and searched like a tuple."""
    with JournalFile(recorded[0]) as file:
        commits = file.commits
        assert (commits[0].seq, commits[-1].seq, commits[999].seq) == (1, 2_000, 1_000)
        assert [commit.seq for commit in commits[10:20:3]] == [11, 14, 17, 20]
        assert [commit.seq for commit in commits[::-500]] == [2_000, 1_500, 1_000, 500]
        assert [commit.seq for commit in commits][:3] == [1, 2, 3]
        assert commits[5] in commits
        assert commits.index(commits[5]) == 5
        assert next(iter(reversed(commits))).seq == 2_000
        assert commits[5:5] == []
        for place in (2_000, -2_001):
            with pytest.raises(IndexError, match="there are 2000"):
                _ = commits[place]
        assert repr(commits) == "<2000 records of kind commit>"


def test_a_commit_is_found_by_its_seq(recorded: tuple[Path, list[Any]]) -> None:
    """And what it was made on, without decoding it; a seq that is not there is answered with those that are."""
    with JournalFile(recorded[0]) as file:
        assert file.commit(1_234).action == step(1_233)
        assert (file.parent(1_234), file.parent(1)) == (1_233, 0)
        for seq in (0, -1, 2_001):
            with pytest.raises(HistoryError, match="it has 1 to 2000"):
                file.commit(seq)
        assert lineage(file, 20, 15) == [15, 16, 17, 18, 19, 20]


def test_any_state_is_one_keyframe_and_some_patches_away(recorded: tuple[Path, list[Any]]) -> None:
    """Exactly what the store had then."""
    path, states = recorded
    with JournalFile(path) as file:
        for seq in (0, 1, 777, 1_500, 1_999, 2_000):
            assert state_at(file, seq) == states[seq]


def test_several_readers_do_not_disturb_each_other(recorded: tuple[Path, list[Any]]) -> None:
    """Eight threads on one opened file, each reading its own places."""
    path, _ = recorded
    wrong: list[Any] = []
    with JournalFile(path) as file:

        def read(start: int) -> None:
            wrong.extend(place for place in range(start, 2_000, 37) if file.commits[place].action != step(place))

        threads = [threading.Thread(target=read, args=(start,)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_closed_file_says_so(recorded: tuple[Path, list[Any]]) -> None:
    """Reading what was not read yet raises an error that says what to do."""
    file = JournalFile(recorded[0])
    file.close()
    file.close()
    with pytest.raises(JournalError, match="closed"):
        _ = file.commits[1_000]


def test_the_head_follows_commits_and_moves(tmp_path: Path) -> None:
    """To each commit made on it, and wherever a move goes; the commits of an unfinished rewrite do not move it."""
    store = Store(backlog, middleware=[journal := Journal(tmp_path / "run.history")])
    states = [store.state]
    for number in range(4):
        store.dispatch(step(number))
        states.append(store.state)

    def head() -> int:
        journal.flush()
        with JournalFile(journal.path) as file:
            return file.head_seq

    assert head() == 4
    store.travel(states[2], Move("undo", 4, 2, 1))
    assert head() == 2
    store.dispatch(step(7))
    assert head() == 5
    store.graft(1, Action("again"), ())
    store.graft(6, Action("again"), ())
    assert head() == 5
    store.travel(states[1], Move("rewrite", 5, 7, 2))
    assert head() == 7
    store.close()
    with JournalFile(journal.path) as file:
        assert [(commit.seq, commit.parent) for commit in file.commits][3:] == [(4, 3), (5, 2), (6, 1), (7, 6)]
        assert [move.kind for move in file.moves] == ["undo", "rewrite"]


# Following


def test_a_follower_gets_what_is_written_from_then_on(tmp_path: Path) -> None:
    """Commits and other values as they reach the disk, until the run is closed; the sequences grow along."""
    path = tmp_path / "run.history"
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    store.dispatch(step(0))
    journal.flush()

    with JournalFile(path) as file:
        news = iter(file.follow(poll=0.001))
        store.dispatch(step(1))
        store.publish(Milestone("m", 1))
        journal.flush()
        assert next(news).seq == 2
        assert next(news).name == "m"
        assert [commit.seq for commit in file.commits] == [1, 2]
        assert len(file.milestones) == 1
        store.dispatch(step(2))
        store.close()
        assert [value.seq for value in news] == [3]
        assert file.closed


def test_a_follower_waits_by_the_clock_and_can_be_stopped(tmp_path: Path) -> None:
    """Nothing new is no end; `stop` is, from any thread."""
    path = tmp_path / "run.history"
    clock = FakeClock()
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    got: list[Any] = []
    with JournalFile(path) as file:
        follower = file.follow(poll=1.0, clock=clock)
        thread = threading.Thread(target=lambda: got.extend(follower))
        thread.start()
        clock.advance(1_000_000_000)
        assert got == []
        store.dispatch(step(0))
        journal.flush()
        clock.advance(1_000_000_000)
        assert [commit.seq for commit in got] == [1]
        follower.stop()
        thread.join()
    store.close()


def test_a_follower_in_asyncio(tmp_path: Path) -> None:
    """`async for` gives the same, and lets the loop go on in between."""
    path = tmp_path / "run.history"
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])

    async def follow() -> list[int]:
        with JournalFile(path) as file:
            writing = asyncio.create_task(write())
            seqs = [commit.seq async for commit in file.follow(poll=0.001)]
            await writing
            return seqs

    async def write() -> None:
        for number in range(10):
            store.dispatch(step(number))
            journal.flush()
            await asyncio.sleep(0)
        store.close()

    assert asyncio.run(follow()) == list(range(1, 11))


def test_a_block_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    """Byte by byte: nothing is given before it is whole, and nothing twice."""
    whole, path = tmp_path / "whole.history", tmp_path / "growing.history"
    record(whole, 12)
    data = whole.read_bytes()
    with JournalFile(whole) as file:
        begin, expected = file.blocks[0].end, [commit.seq for commit in file.commits]
    path.write_bytes(data[:begin])
    got: list[int] = []
    with JournalFile(path) as file, path.open("ab", buffering=0) as growing:
        follower = file.follow()
        for place in range(begin, len(data)):
            growing.write(data[place : place + 1])
            got += [value.seq for value in follower._news() if hasattr(value, "action")]
        assert got == expected
        assert file.closed
