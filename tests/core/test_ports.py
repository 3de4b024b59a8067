"""What recorders may rely on: the part of the store that `ports.StoreLike` promises them."""

import threading

import pytest

from statestore import Action, ActionError, Commit, DispatchError, Move, Patch, ReducerError, Slice, Span, Store
from statestore.testing import FakeClock


@pytest.fixture
def count():
    count = Slice("count", initial={"n": 0})

    @count.action
    def added(draft, by=1):
        draft["n"] += by

    count.added = added
    return count


def test_a_move_puts_the_head_and_the_state_elsewhere(count):
    """Listeners are notified and the move is observed; the next commit has the new head as its parent."""
    store, seen, calls = Store(count), [], []
    store.observe(seen.append, Commit, Move)
    root = store.state
    store.dispatch(count.added())
    store.subscribe(lambda heard: calls.append(heard.state))
    move = Move("undo", 1, 0, store.now_ns())
    store.travel(root, move)
    assert store.state is root
    assert (store.head, store.seq) == (0, 1)
    assert calls == [root]
    store.dispatch(count.added(5))
    assert seen[1] is move
    assert (seen[2].seq, seen[2].parent) == (2, 0)
    assert (store.head, store.seq) == (2, 2)


def test_a_move_to_the_same_state_is_no_news(count):
    """It is recorded, but listeners are not called."""
    store, seen, calls = Store(count), [], []
    store.observe(seen.append, Move)
    store.subscribe(calls.append)
    store.travel(store.state, Move("goto", 0, 0, 0))
    assert len(seen) == 1
    assert calls == []


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.travel({}, Move("undo", 1, 0, 0)),
        lambda store: store.replace_reducer(lambda state, action: state),
        lambda store: store.graft(0, Action("x"), ()),
    ],
    ids=["travel", "replace_reducer", "graft"],
)
def test_nothing_moves_inside_a_transaction_or_a_reducer(act):
    """There it would mix with what is going on, so it raises and the state stays."""
    inside = []

    def reducer(state, action):
        for deed in inside:
            deed()
        return state + 1

    store = Store(reducer, initial=0)
    with store.transaction():
        store.dispatch(Action("go"))
        with pytest.raises(DispatchError, match="transaction"):
            act(store)
    assert store.state == 1
    inside.append(lambda: act(store))
    with pytest.raises(ReducerError):
        store.dispatch(Action("go"))
    assert store.state == 1


def test_a_blocked_store_refuses_changes_with_the_reason(count):
    """Dispatching and moving raise it until the block is lifted; reading goes on."""
    store = Store(count)
    store.block("the history is locked")
    for act in (lambda: store.dispatch(count.added()), lambda: store.travel({}, Move("undo", 1, 0, 0))):
        with pytest.raises(DispatchError, match="the history is locked"):
            act()
    assert store.state["n"] == 0
    store.block(None)
    store.dispatch(count.added())
    assert store.state["n"] == 1


def test_lifting_a_block_does_not_reopen_a_closed_store(count):
    """Closed is closed, whoever unlocks what afterwards."""
    store = Store(count)
    store.block("locked")
    store.close()
    store.block(None)
    with pytest.raises(DispatchError, match="closed"):
        store.dispatch(count.added())


def test_a_suspended_store_applies_without_recording(count):
    """Actions change the state and notify, but make no commit, until it is resumed."""
    store, commits, calls = Store(count), [], []
    store.observe(commits.append, Commit)
    store.subscribe(calls.append)
    store.suspend(True)
    store.dispatch(count.added())
    assert (store.state["n"], commits, len(calls)) == (1, [], 1)
    store.suspend(False)
    store.dispatch(count.added())
    assert [commit.seq for commit in commits] == [1]


def test_a_probe_is_told_of_each_applied_action(count):
    """It gets the seq and the reducer's time, and nothing of an action that failed."""
    clock = FakeClock()
    store, probed = Store(count, clock=clock), []
    clock.advance(50)
    stop = store.probe(lambda *reading: probed.append(reading))
    store.dispatch(count.added())
    with pytest.raises(TypeError):
        store.dispatch(count.added("x"))
    stop()
    store.dispatch(count.added())
    assert probed == [(1, 50, 0)]


def test_holding_keeps_other_threads_out(count):
    """A dispatch of another thread waits until the block ends."""
    store, done = Store(count), threading.Event()
    thread = threading.Thread(target=lambda: (store.dispatch(count.added()), done.set()))
    with store.holding():
        thread.start()
        assert not done.wait(0.05)
        assert store.state["n"] == 0
    thread.join(5)
    assert store.state["n"] == 1


def test_running_the_reducer_changes_nothing(count):
    """`run` gives what the reducer makes of any state, and the changes that lead there."""
    store, commits, changes = Store(count), [], []
    store.observe(commits.append, Commit)
    state = store.run(store.state.set("n", 10), count.added(5), changes)
    assert state["n"] == 15
    assert changes == [("replace", ("n",), 15, 10)]
    assert store.state["n"] == 0
    assert commits == []


def test_grouped_commits_share_a_group(count):
    """Commits made in the block have one group and label, across nested blocks; those before and after have none."""
    store, commits = Store(count), []
    store.observe(commits.append, Commit)
    store.dispatch(count.added())
    with store.grouping("import"):
        store.dispatch(count.added())
        with store.grouping("inner"), store.transaction("inner too"):
            store.dispatch(count.added())
    store.dispatch(count.added())
    assert [(commit.group, commit.label) for commit in commits] == [(None, None), *[(2, "import")] * 2, (None, None)]


def test_a_group_is_of_its_own_thread(count):
    """What another thread dispatches meanwhile is not in it."""
    store, commits = Store(count), []
    store.observe(commits.append, Commit)
    with store.grouping("mine"):
        thread = threading.Thread(target=lambda: store.dispatch(count.added(10)))
        thread.start()
        thread.join(5)
        store.dispatch(count.added())
    assert [commit.group is None for commit in commits] == [True, False]


def test_recorders_learn_whether_anybody_observes(count):
    """The hook is called when the first observer of a type comes and when the last one goes."""
    store, told = Store(count), []
    stop_telling = store.when_observed(Span, told.append)
    first = store.observe(lambda span: None, Span)
    second = store.observe(lambda value: None)
    first()
    assert told == [True]
    second()
    assert told == [True, False]
    stop_telling()
    store.observe(lambda span: None, Span)
    assert told == [True, False]


def test_hooks_at_close_run_once_after_the_recorders(count):
    """In the order in which they were registered, unless they were taken back."""
    store, log = Store(count), []
    store.at_close(lambda: log.append("kept"))
    store.at_close(lambda: log.append("taken back"))()
    store.close()
    store.close()
    assert log == ["kept"]


def test_patches_from_elsewhere_are_an_action(count):
    """`apply` changes the state by patches, is recorded as any action is, and is refused whole if one does not fit."""
    store, commits = Store(count), []
    store.observe(commits.append, Commit)
    store.apply([Patch("replace", ("n",), 7), Patch("add", ("new",), {"a": 1})], "merge")
    assert store.state["n"] == 7
    assert store.state["new"]["a"] == 1
    assert len(commits) == 1
    assert commits[0].patches
    before = store.state
    with pytest.raises(ValueError, match="missing"):
        store.apply([Patch("replace", ("n",), 8), Patch("remove", ("missing",))])
    with pytest.raises(ActionError):
        store.apply([{"op": "replace"}])
    assert store.state is before
