"""Pause, lock, clear, close, and what happens to a history that belongs to no store."""

import threading
from contextlib import nullcontext, suppress

import pytest

from statestore import ActionError, Commit, DispatchError, History, HistoryError, Store
from tests.history.boards import make_reducer, make_store, plain, put
from tests.history.model import BrokenError


def test_while_paused_actions_are_applied_and_not_recorded():
    """The state changes, the history does not, and nobody else gets commits either."""
    store, history = make_store()
    seen = []
    store.observe(seen.append, Commit)
    store.dispatch(put("a"))
    history.pause()
    history.pause()
    store.dispatch(put("b"))

    assert set(store.state["tasks"]) == {"a", "b"}
    assert len(history) == 1
    assert len(seen) == 1
    assert set(history.state_at("head")["tasks"]) == {"a"}


def test_resume_bridges_the_gap_with_one_commit():
    """Undo goes over the paused stretch in one step, to a state that was."""
    store, history = make_store()
    store.dispatch(put("a"))
    history.pause()
    store.dispatch(put("b"))
    store.dispatch(put("c"))
    bridge = history.resume()

    assert bridge == history.head
    assert set(store.state["tasks"]) == {"a", "b", "c"}
    assert history.undo()
    assert set(store.state["tasks"]) == {"a"}
    assert history.redo()
    assert set(store.state["tasks"]) == {"a", "b", "c"}


def test_resume_without_changes_records_nothing():
    """A pause in which the state came back to what it was leaves no trace; neither does a resume without a pause."""
    store, history = make_store()
    assert history.resume() is None
    store.dispatch(put("a"))
    history.pause()
    store.dispatch(put("a", "done"))
    store.dispatch(put("a"))
    assert history.resume() is None
    assert len(history) == 1
    store.dispatch(put("b"))
    assert len(history) == 2


def test_listeners_hear_nothing_of_the_bridge():
    """They were told of each change when it was made; the bridge changes no state."""
    store, history = make_store()
    heard = []
    store.subscribe(lambda store: heard.append(store.head))
    history.pause()
    store.dispatch(put("a"))
    assert heard == [0]
    history.resume()
    assert heard == [0]


@pytest.mark.parametrize(
    "deed", ["undo", "redo", "squash", "clear", "snapshot", "rewrite", "recompute", "goto root", "restore 1", "load"]
)
def test_moving_is_refused_while_paused(deed):
    """What the state is now has no commit, so there is no telling where a move would lead."""
    store, history = make_store()
    store.dispatch(put("a"))
    history.snapshot()
    history.pause()
    name, *arguments = deed.split()
    with pytest.raises(DispatchError, match="paused"):
        getattr(history, name)(*arguments or [[]][: name == "load"])


def test_a_history_that_is_closed_paused_records_the_bridge():
    """Closing the store ends the pause, so that nothing is missing in the file."""
    store, history = make_store()
    history.pause()
    store.dispatch(put("a"))
    store.close()
    assert len(history) == 1
    assert history.state_at("head") == store.state


def test_while_locked_nothing_moves_and_reading_goes_on():
    """Dispatch and every move raise until `unlock`; locking and unlocking twice is once."""
    store, history = make_store()
    store.dispatch(put("a"))
    history.lock()
    history.lock()
    for deed in (lambda: store.dispatch(put("b")), history.undo, history.redo, history.squash, history.snapshot):
        with pytest.raises(DispatchError, match="unlock"):
            deed()
    with pytest.raises(DispatchError, match="unlock"):
        history.goto("root")
    assert history.state_at("root") is not None
    assert history.can_undo

    history.unlock()
    history.unlock()
    assert history.undo()


def test_unlock_does_not_open_a_closed_store():
    """A store that was closed while locked stays closed."""
    store, history = make_store()
    history.lock()
    store.close()
    history.unlock()
    with pytest.raises(DispatchError, match="closed"):
        store.dispatch(put("a"))


def test_clear_forgets_and_starts_anew():
    """The state stays and is the new root; commits, moves and snapshots are gone; seqs go on."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    history.snapshot("old")
    history.undo()
    state = store.state
    history.clear()

    assert store.state is state
    assert (len(history), history.head, history.snapshots) == (0, None, ())
    assert [move.kind for move in history.moves] == ["clear"]
    assert not history.can_undo
    assert not history.can_redo
    assert history.state_at("root") is state
    with pytest.raises(HistoryError, match="evicted"):
        history.state_at(1)

    store.dispatch(put("c"))
    assert history.head.seq == 3
    assert history.undo()
    assert store.state == state


def test_reading_goes_on_after_closing():
    """A closed store's history answers every question and moves no more."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    store.close()
    assert set(history.state_at(1)["tasks"]) == {"a"}
    assert history.blame(("tasks", "b")).seq == 2
    with pytest.raises(DispatchError, match="closed"):
        history.undo()


def test_a_history_without_a_store_says_so():
    """Moving one that was never installed names what to do."""
    history = History()
    assert len(history) == 0
    assert bool(history) is True
    with pytest.raises(DispatchError, match=r"Store\(slice, middleware=\[history\]\)"):
        history.undo()
    history.close()


def test_a_history_serves_one_store():
    """A second store with the same history is refused."""
    _, history = make_store()
    with pytest.raises(ActionError, match="installed already"):
        Store(make_reducer("draft"), middleware=[history])


def test_undoable_is_a_function():
    """Anything else is refused at once."""
    with pytest.raises(ActionError, match="undoable"):
        History(undoable="backlog/added")


def test_a_history_costs_the_dispatch_path_no_layer():
    """Installing it hands on the next dispatch itself."""
    _, history = make_store()
    marker = object()
    assert History()(history._installed(), marker) is marker


def test_what_is_handed_over_twice_is_recorded_once():
    """A recorder that Ctrl-C cuts short gets the same value again; the history is as if it had got it once."""
    store, history = make_store()
    store.dispatch(put("a"))
    history.undo()
    store.dispatch(put("b"))
    for value in (history.head, history.moves[-1]):
        (history._take if isinstance(value, Commit) else history._take_move)(value)
    assert [commit.seq for commit in history.commits] == [1, 2]
    assert len(history.moves) == 1
    assert [commit.seq for commit in history.tips] == [1, 2]
    store.dispatch(put("c"))
    assert set(history.state_at("head")["tasks"]) == {"b", "c"}


def test_readers_in_other_threads_get_states_that_were():
    """While one thread dispatches, moves and rolls back, others read states at the head, and each is the right one."""
    store, history = make_store(limit=500)
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            try:
                commit = history.head
                if commit is not None and plain(history.state_at(commit))["count"] != int(commit.action.meta["n"]):
                    wrong.append(commit)
            except HistoryError:
                pass  # evicted between the two questions

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(1, 3_000):
        if n % 20 == 0:
            with suppress(BrokenError), store.transaction():
                store.dispatch({"type": "board/count", "meta": {"n": -1}})
                raise BrokenError
        with store.transaction() if n % 3 == 0 else nullcontext():
            store.dispatch({"type": "board/count", "meta": {"n": n}})
        if n % 50 == 0:
            history.undo(5)
            history.redo(5)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_transaction_of_another_thread_keeps_no_reader_waiting():
    """Meanwhile the history is read as it was before: its head, any state, and what differs between two of them."""
    store, history = make_store()
    for key in "abc":
        store.dispatch(put(key))
    seen = []

    def read():
        states = [set(history.state_at(ref)["tasks"]) for ref in ("head", "head~1", 1)]
        seen.extend([history.head.seq, *states, len(history.diff(1, "head").patches)])

    with store.transaction():
        store.dispatch(put("d"))
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(10)
        assert seen == [3, {"a", "b", "c"}, {"a", "b"}, {"a"}, 2]
    assert set(history.state_at("head")["tasks"]) == set("abcd")


def test_a_commit_that_is_being_recorded_is_waited_for():
    """A reader in another thread that comes before the history has heard of the newest commit gets it all the same."""
    seen, readers = [], []

    def early(store, next):
        def note(commit):
            reader = threading.Thread(target=lambda: seen.append(history.head.seq))
            readers.append(reader)
            reader.start()
            reader.join(0.02)

        store.observe(note, Commit)
        return next

    history = History()
    store = Store(make_reducer("draft"), middleware=[history, early])
    for key in "abc":
        store.dispatch(put(key))
        readers[-1].join(10)
    assert seen == [1, 2, 3]


def test_inside_a_transaction_the_history_ends_before_it():
    """Its commits come at its end; until then the head, lineage and state of the history are those before it."""
    store, history = make_store()
    for key in "abc":
        store.dispatch(put(key))
    history.undo()
    before = plain(store.state)
    seen = []
    with store.transaction("both"):
        store.dispatch(put("d"))
        store.dispatch(put("e"))
        assert store.head == 5
        assert (history.head.seq, len(history.lineage()), plain(history.state_at("head"))) == (2, 2, before)
        elsewhere = threading.Thread(
            target=lambda: seen.append((store.head, store.seq, plain(store.state), history.head.seq))
        )
        elsewhere.start()
        elsewhere.join()
    assert seen == [(2, 3, before, 2)]
    assert history.head.seq == store.head == 5
