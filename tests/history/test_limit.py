"""The limit: old commits go, what is left stays exact."""

import pytest

from statestore import HistoryError
from statestore.history import live, log
from tests.history.boards import count, make_store, put


def test_the_oldest_commits_are_evicted():
    """No more than `limit` commits are remembered, and a ref to an evicted one says so."""
    store, history = make_store(limit=3)
    for _ in range(5):
        store.dispatch(count())
    assert [commit.seq for commit in history.commits] == [3, 4, 5]
    assert len(history) == 3
    for ask in (history.state_at, history.commit, history.goto, history.lineage):
        with pytest.raises(HistoryError, match=r"commit 2 was evicted; valid are .* seqs 3 to 5"):
            ask(2)


def test_the_oldest_state_left_is_the_root():
    """As many steps as there are commits can be undone; where they end is the root."""
    store, history = make_store(limit=3)
    for _ in range(5):
        store.dispatch(count())

    assert history.undo(3)
    assert store.state["count"] == 2
    assert history.head is None
    assert history.state_at("root") == store.state
    assert history.undo() is False
    assert history.redo(3)
    assert store.state["count"] == 5


def test_every_branch_that_is_left_stays_exact():
    """Branches whose first commits are gone keep their states."""
    store, history = make_store(limit=100)
    for i in range(10):
        history.goto("root" if i else "head")
        store.dispatch(put(f"branch {i}"))
        store.dispatch(put("both"))
    for _ in range(190):
        store.dispatch(count())
    kept = {commit.seq: history.state_at(commit.seq) for commit in history.commits}
    assert len(kept) == 100
    assert all("branch 9" in state["tasks"] for state in kept.values())
    assert [state["count"] for state in kept.values()] == list(range(91, 191))


def test_memory_is_bounded():
    """What is kept of 5,000 commits with a limit of ten is a fraction of what they are without."""
    limited_store, limited = make_store(limit=10)
    free_store, free = make_store()
    for i in range(5_000):
        limited_store.dispatch(put(f"key {i % 7}", f"status {i}"))
        free_store.dispatch(put(f"key {i % 7}", f"status {i}"))
    assert limited._log.first > 4_000
    assert free._log.first == 1
    assert limited.kept[0] == 10


def test_a_limit_of_one_still_undoes_one_step():
    """The smallest limit keeps the last action reversible."""
    store, history = make_store(limit=1)
    for _ in range(300):
        store.dispatch(count())
    assert history.undo()
    assert store.state["count"] == 299
    assert history.redo()
    assert store.state["count"] == 300


def test_states_do_not_need_what_was_evicted(monkeypatch):
    """The nearest state is not looked for along a way through commits that are gone."""
    monkeypatch.setattr(live, "EVICTED_AT_ONCE", 1)
    monkeypatch.setattr(log, "SEGMENT_BYTES", 100)
    store, history = make_store(limit=6)
    for i in range(4):
        store.dispatch(put(f"left {i}"))
    history.goto(1)
    for i in range(5):
        store.dispatch(put(f"right {i}"))
    assert history.first == 4
    assert set(history.state_at(4)["tasks"]) == {f"left {i}" for i in range(4)}
    assert set(history.state_at(9)["tasks"]) == {"left 0"} | {f"right {i}" for i in range(5)}
    history.goto(4)
    assert set(history.state_at(7)["tasks"]) == {"left 0"} | {f"right {i}" for i in range(3)}
