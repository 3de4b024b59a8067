"""Snapshots: named states that stay."""

import pytest

from statestore import ActionError, HistoryError, Snapshot
from tests.history.boards import count, make_store, plain, put


def test_a_snapshot_keeps_the_state_under_a_name():
    """It says where it was taken and why, and restoring it brings the state back, the very object."""
    store, history = make_store()
    store.dispatch(put("a"))
    state = store.state
    taken = history.snapshot("before", reason="lunch")
    assert (taken.id, taken.name, taken.seq, taken.metadata) == (1, "before", 1, {"reason": "lunch"})
    assert history.snapshots == (taken,)
    store.dispatch(put("b"))

    assert history.restore("before") == taken
    assert store.state is state
    assert history.head.seq == 1


def test_snapshots_are_restored_by_id_too():
    """An id is a number of its own, not a seq."""
    store, history = make_store()
    for _ in range(3):
        store.dispatch(count())
    history.snapshot()
    store.dispatch(count())
    history.restore(1)
    assert store.head == 3


def test_unnamed_snapshots_get_names():
    """Their names count up, and are not used twice."""
    _, history = make_store()
    assert [history.snapshot().name, history.snapshot().name] == ["snapshot-1", "snapshot-2"]


def test_the_root_can_be_kept():
    """A snapshot before any action is one of the root."""
    store, history = make_store()
    history.snapshot("empty")
    store.dispatch(put("a"))
    history.restore("empty")
    assert history.head is None


def test_the_oldest_goes_first():
    """Beyond `max_snapshots` the oldest one is let go, and its name is free again."""
    store, history = make_store(max_snapshots=2)
    for name in ("one", "two", "three"):
        store.dispatch(put(name))
        history.snapshot(name)
    assert [snapshot.name for snapshot in history.snapshots] == ["two", "three"]
    with pytest.raises(HistoryError, match="'two' \\(id 2\\), 'three'"):
        history.restore("one")
    history.snapshot("one")


@pytest.mark.parametrize("name", ["head", "root", "head~1", "a~2", "7", "-1", "", " a", "a ", "a..b", 5])
def test_a_name_may_not_look_like_a_ref(name):
    """A name that reads like a ref, or is no text, is refused."""
    _, history = make_store()
    with pytest.raises(HistoryError):
        history.snapshot(name)
    assert history.snapshots == ()


def test_names_are_unique():
    """A second snapshot of a name is refused while the first is kept."""
    _, history = make_store()
    history.snapshot("here")
    with pytest.raises(HistoryError, match="already"):
        history.snapshot("here")


def test_a_snapshot_pins_its_state_against_the_limit():
    """The commit of a snapshot may be evicted, its state is still there, and the head can go there and on."""
    store, history = make_store(limit=3)
    store.dispatch(put("kept"))
    history.snapshot("pinned")
    for _ in range(200):
        store.dispatch(count())
    assert plain(history.state_at("pinned"))["count"] == 0

    history.restore("pinned")
    assert history.head is None
    store.dispatch(put("more"))
    assert set(store.state["tasks"]) == {"kept", "more"}
    assert history.undo()
    assert set(store.state["tasks"]) == {"kept"}


def test_two_snapshots_of_one_commit_are_kept_apart():
    """When the older one has to go, the state that both were taken of stays for the other, past the limit."""
    store, history = make_store(limit=2, max_snapshots=2)
    store.dispatch(put("a"))
    kept = plain(store.state)
    history.snapshot("one")
    history.snapshot("other")
    for number in range(400):
        store.dispatch(put(f"k{number}"))
    history.snapshot("last")
    for number in range(400):
        store.dispatch(put(f"l{number}"))

    assert [snapshot.name for snapshot in history.snapshots] == ["other", "last"]
    assert plain(history.state_at("other")) == kept
    history.restore("other")
    assert plain(store.state) == kept


def test_snapshots_are_published():
    """Whoever observes snapshots gets them."""
    store, history = make_store()
    seen = []
    store.observe(seen.append, Snapshot)
    taken = history.snapshot("here")
    assert seen == [taken]


@pytest.mark.parametrize("bound", [0, -1, True, 1.5, "5"])
def test_bounds_are_positive_whole_numbers(bound):
    """`limit` and `max_snapshots` refuse anything else, with what was found."""
    with pytest.raises(ActionError, match="max_snapshots"):
        make_store(max_snapshots=bound)
    with pytest.raises(ActionError, match="limit"):
        make_store(limit=bound)
