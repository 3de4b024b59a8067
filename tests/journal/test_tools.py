"""The tools that make files of files: pack one tightly, or take a piece out of it."""

from pathlib import Path
from typing import Any

import pytest

from statestore import CorruptHistoryError, HistoryError, JournalError, MemorySample, Milestone, Move, Span, Store
from statestore.journal import Journal, JournalFile, is_redacted
from statestore.journal.copying import compact, cut
from statestore.journal.tracing import state_at
from statestore.journal.verifying import verify
from statestore.testing import FakeClock
from statestore.values import Alert, GaugeSample
from tests.journal.runs import backlog, check_prefix, record, step


def everything_in(path: Path) -> list[Any]:
    """All recorded values of a file."""
    with JournalFile(path) as file:
        return [list(series) for series in (file.commits, file.moves, file.snapshots, file.spans, file.milestones)]


@pytest.mark.parametrize("close", [True, False])
def test_compacting_changes_nothing_but_the_size(tmp_path: Path, close: bool) -> None:
    """A file of a thousand blocks becomes one of a few, with the same content, states and end."""
    path, out = tmp_path / "run.history", tmp_path / "compact.history"
    states = record(path, 300, flush_every=1, close=close)
    compact(path, out)

    assert everything_in(out) == everything_in(path)
    assert verify(out).ok
    with JournalFile(out) as file, JournalFile(path) as source:
        assert check_prefix(file, states) == 300
        assert (file.closed, file.header.run) == (close, source.header.run)
        assert file.sessions[0]["made_by"] == "compact"
        assert len(file.blocks) * 10 < len(source.blocks)
    assert out.stat().st_size * 3 < path.stat().st_size


def test_compacting_keeps_redactions_and_their_mark(tmp_path: Path) -> None:
    """The file still says that it was redacted."""
    path, out = tmp_path / "run.history", tmp_path / "compact.history"
    store = Store(backlog, middleware=[Journal(path)])
    store.publish(Span(1, None, "s", "block", 1, 2, metadata={"password": "x"}))
    store.close()
    compact(path, out)

    with JournalFile(out) as file:
        assert file.redacted
        assert is_redacted(file.spans[0].metadata)


def test_a_cut_is_a_run_of_its_own(tmp_path: Path) -> None:
    """Numbered anew from the state before it, with what belongs to its time, and it says where it came from."""
    path, out = tmp_path / "run.history", tmp_path / "cut.history"
    states = record(path, 500)
    cut(path, out, 101, 150)

    assert verify(out).ok
    with JournalFile(out) as file:
        assert [commit.seq for commit in file.commits] == list(range(1, 51))
        assert [commit.parent for commit in file.commits] == list(range(50))
        assert [commit.action for commit in file.commits] == [step(number) for number in range(100, 150)]
        assert [state_at(file, seq) for seq in (0, 1, 50)] == [states[100], states[101], states[150]]
        session = file.sessions[0]
        assert (session["made_by"], session["first"], session["last"]) == ("cut", 101, 150)
        assert file.closed


def test_a_cut_follows_the_line_and_leaves_branches_out(tmp_path: Path) -> None:
    """Between two commits lies what leads from one to the other."""
    path, out = tmp_path / "run.history", tmp_path / "cut.history"
    store = Store(backlog, middleware=[Journal(path)])
    states = [store.state]
    for number in range(4):
        store.dispatch(step(number))
        states.append(store.state)
    store.travel(states[2], Move("undo", 4, 2, store.now_ns()))
    with store.transaction("two"):
        store.dispatch(step(6))
        store.dispatch(step(7))
    final = store.state
    store.close()
    cut(path, out, 2, 6)

    with JournalFile(out) as file:
        assert [commit.action for commit in file.commits] == [step(1), step(6), step(7)]
        assert [commit.group for commit in file.commits] == [None, 2, 2]
        assert (state_at(file, 0), state_at(file, 3)) == (states[1], final)
        assert file.moves[:] == []


def test_spans_of_the_time_come_along_with_their_seqs(tmp_path: Path) -> None:
    """Numbered like the commits; what is about a commit that was left out is about the root."""
    path, out = tmp_path / "run.history", tmp_path / "cut.history"
    store = Store(backlog, middleware=[Journal(path)])
    for number in range(6):
        began = store.now_ns()
        store.dispatch(step(number))
        store.publish(Span(number + 1, None, "dispatch", "dispatch", began, store.now_ns(), seq=number + 1))
    store.publish(Span(99, None, "all of it", "block", 0, store.now_ns()))
    store.close()
    cut(path, out, 3, 4)

    with JournalFile(out) as file:
        assert [(span.id, span.seq) for span in file.spans] == [(3, 1), (4, 2), (99, None)]


def test_what_was_observed_at_the_time_comes_along(tmp_path: Path) -> None:
    """Milestones, samples, gauges and alerts from the first commit of the piece to its last."""
    path, out = tmp_path / "run.history", tmp_path / "cut.history"
    clock = FakeClock()
    store = Store(backlog, middleware=[Journal(path)], clock=clock)
    for number in range(3):
        clock.advance(1_000)
        store.dispatch(step(number))
        now = store.now_ns()
        store.publish(Milestone("m", now))
        store.publish(MemorySample(now, 1))
        store.publish(GaugeSample(now, 1, 1))
        store.publish(Alert("slow", "s", now, "Slow.", {}))
    store.close()
    cut(path, out, 2, 2)

    with JournalFile(out) as file:
        observed = [list(series) for series in (file.milestones, file.samples, file.gauges, file.alerts)]
        assert [[value.at_ns for value in values] for values in observed] == [[2_000]] * 4


def test_what_cannot_be_cut_is_refused(tmp_path: Path) -> None:
    """Unknown commits, a first one that does not lead to the last, a damaged file, a target that is taken."""
    path, out = tmp_path / "run.history", tmp_path / "cut.history"
    store = Store(backlog, middleware=[Journal(path)])
    states = [store.state]
    for number in range(3):
        store.dispatch(step(number))
        states.append(store.state)
    store.travel(states[1], Move("undo", 3, 1, 1))
    store.dispatch(step(8))
    store.close()

    for first, last in ((0, 2), (2, 9), (3, 2), (3, 4)):
        with pytest.raises(HistoryError):
            cut(path, out, first, last)
        assert not out.exists()
    out.write_text("taken")
    with pytest.raises(JournalError, match="has content"):
        cut(path, out, 1, 2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptHistoryError):
        compact(path, tmp_path / "new")
