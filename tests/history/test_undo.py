"""Undo and redo: which commits are steps, and where the way back leads."""

from contextlib import suppress
from threading import Thread

import pytest

from statestore import Action, ActionError, DispatchError, History, Slice, Store
from tests.history.boards import count, fail, insert, make_store, plain, put, select
from tests.history.model import BrokenError


def test_undo_takes_back_what_the_last_action_changed():
    """One undo gives the state before the last action, and says that it moved."""
    store, history = make_store()
    store.dispatch(put("a"))
    before = store.state
    store.dispatch(put("b"))

    assert history.undo() is True
    assert store.state == before
    assert history.head.action == put("a")


def test_redo_reverses_the_last_undo():
    """After as many redos as undos the head is where it was."""
    store, history = make_store()
    for key in "abc":
        store.dispatch(put(key))
    after = store.state

    assert history.undo(2)
    assert history.redo()
    assert history.head.seq == 2
    assert history.redo()
    assert store.state == after
    assert history.redo() is False


def test_more_steps_than_there_are_move_nothing():
    """Undo and redo beyond the ends answer False and leave head, state and moves alone."""
    store, history = make_store()
    store.dispatch(put("a"))
    state, moves = store.state, history.moves

    assert history.undo(2) is False
    assert history.redo(1) is False
    assert (store.state, store.head, history.moves) == (state, 1, moves)


def test_the_root_is_a_step():
    """Undo of the first commit leads to the root, where the head is None."""
    store, history = make_store()
    root = store.state
    store.dispatch(put("a"))

    assert history.undo()
    assert history.head is None
    assert store.state == root
    assert not history.can_undo
    assert history.can_redo


def test_a_no_op_is_recorded_but_is_no_step():
    """An action that changes nothing is a commit without changes, which undo goes over."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("a"))
    assert len(history) == 2
    assert history.head.changes == ()

    assert history.undo()
    assert history.head is None


def test_a_no_op_does_not_cost_the_redo_line():
    """Redo still leads where undo came from when nothing but no-ops were dispatched in between."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    history.undo()
    store.dispatch(put("a"))
    assert history.head.seq == 3

    assert history.redo()
    assert history.head.seq == 2


def test_a_change_costs_the_redo_line_but_not_the_branch():
    """After a new action there is nothing to redo; the commits of the old branch are still there."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    history.undo()
    store.dispatch(put("c"))

    assert history.redo() is False
    assert [commit.seq for commit in history.tips] == [2, 3]
    assert "b" in history.state_at(2)["tasks"]


def test_actions_that_cancel_out_are_gone_over():
    """Undo never stops where the state is what it is now."""
    store, history = make_store(undoable=lambda action: action.payload["status"] != "done")
    store.dispatch(put("a", "open"))
    store.dispatch(put("a", "done"))
    store.dispatch(put("a", "open"))

    assert history.undo()
    assert history.head is None


def test_undo_stops_where_undoable_accepts():
    """A commit that `undoable` refuses is no place to stop; what it did goes with the next step."""
    store, history = make_store(undoable=lambda action: action.type != "board/select")
    store.dispatch(put("a"))
    store.dispatch(select("a"))
    store.dispatch(put("b"))

    assert history.undo()
    assert history.head.seq == 1
    assert history.redo()
    assert history.head.seq == 3


def test_a_group_is_one_step():
    """What is dispatched inside a group is undone and redone together, and carries its label."""
    store, history = make_store()
    store.dispatch(put("z"))
    with history.group("three at once"):
        for key in "abc":
            store.dispatch(put(key))
    assert history.head.label == "three at once"
    assert {commit.group for commit in history.commits[1:]} == {2}

    assert history.undo()
    assert history.head.seq == 1
    assert history.redo()
    assert history.head.seq == 4


def test_a_group_ends_with_an_exception():
    """What was dispatched before the exception stays, as one step; what follows is a step of its own."""
    store, history = make_store()
    with suppress(BrokenError), history.group("breaks"):
        store.dispatch(put("a"))
        store.dispatch(put("b"))
        store.dispatch(fail())
    store.dispatch(put("c"))

    assert history.undo()
    assert history.head.seq == 2
    assert history.undo()
    assert history.head is None


def test_a_transaction_is_one_step():
    """The commits of a transaction are undone together."""
    store, history = make_store()
    with store.transaction("both"):
        store.dispatch(put("a"))
        store.dispatch(put("b"))

    assert history.undo()
    assert plain(store.state)["tasks"] == {}


def test_a_failed_transaction_leaves_no_step():
    """After a rolled back transaction undo takes back what was before it."""
    store, history = make_store()
    store.dispatch(put("a"))
    with suppress(BrokenError), store.transaction("fails"):
        store.dispatch(put("b"))
        store.dispatch(fail())
    assert len(history) == 1

    assert history.undo()
    assert history.head is None


def test_moves_are_recorded_and_told():
    """Undo, redo and goto are moves that listeners hear of like any change of state."""
    store, history = make_store()
    heard = []
    store.subscribe(lambda store: heard.append(store.head))
    store.dispatch(put("a"))
    history.undo()
    history.redo()
    history.goto("root")
    history.goto("root")

    assert [(move.kind, move.from_seq, move.to_seq) for move in history.moves] == [
        ("undo", 1, 0), ("redo", 0, 1), ("goto", 1, 0),
    ]  # fmt: skip
    assert heard == [1, 0, 1, 0]


def test_redo_after_goto_follows_the_branch_visited_last():
    """Of two branches redo takes the one that the head has been on most recently."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("left"))
    history.undo()
    store.dispatch(put("right"))
    history.goto(1)
    assert history.redo()
    assert history.head.seq == 3

    history.goto(2)
    history.goto(1)
    assert history.redo()
    assert history.head.seq == 2


@pytest.mark.parametrize("steps", [0, -1, True, 1.0, "1", None])
def test_steps_are_a_positive_whole_number(steps):
    """Anything else is refused, with what was found."""
    _, history = make_store()
    with pytest.raises(ActionError, match="at least 1"):
        history.undo(steps)
    with pytest.raises(ActionError, match="at least 1"):
        history.redo(steps)


def test_moving_is_refused_while_reducing_and_in_transactions():
    """From inside a reducer or a transaction undo raises, and nothing moves."""
    history = History()
    naughty = Slice("naughty", initial={"count": 0})

    @naughty.on("undo please")
    def _(draft, action):
        history.undo()

    store = Store(naughty, middleware=[history])
    with pytest.raises(RuntimeError, match="undo"):
        store.dispatch(Action("undo please"))
    with store.transaction(), pytest.raises(DispatchError, match="undo"):
        history.undo()
    assert store.head == 0
    assert len(history) == 0


def test_a_listener_that_raises_does_not_spoil_the_way_back():
    """An undo whose listener raises has moved, and redo still leads back."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(insert(0, "x"))

    def complain(store):
        raise BrokenError

    unsubscribe = store.subscribe(complain)
    with pytest.raises(BrokenError):
        history.undo()
    unsubscribe()
    assert history.head.seq == 1
    assert history.redo()
    assert history.head.seq == 2


def test_undo_and_redo_a_thousand_times():
    """The way back is as long as the way there."""
    store, history = make_store()
    states = [store.state]
    for _ in range(1_000):
        store.dispatch(count())
        states.append(store.state)

    back = [store.state]
    while history.undo():
        back.append(store.state)
    forth = [store.state]
    while history.redo():
        forth.append(store.state)
    assert back == states[::-1]
    assert forth == states


def test_redo_after_goto_takes_groups_whole():
    """Going forward step by step from the root stops where undo would have."""
    store, history = make_store()
    store.dispatch(put("a"))
    with history.group("pair"):
        store.dispatch(put("b"))
        store.dispatch(put("c"))
    store.dispatch(put("d"))
    history.goto("root")

    stops = []
    while history.redo():
        stops.append(store.head)
    assert stops == [1, 3, 4]


def test_redo_does_not_lead_to_what_was_evicted():
    """When no-ops have pushed out the commit that was undone, there is nothing to redo."""
    store, history = make_store(limit=2)
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    history.undo()
    for _ in range(200):
        store.dispatch(put("a"))
    assert not history.can_redo
    assert history.redo() is False
    assert set(store.state["tasks"]) == {"a"}


def in_a_thread(work):
    """Does it in a thread of its own, and waits for it."""
    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_groups_of_two_threads_are_two_steps():
    """Groups that are open at one time are steps of their own, when their actions are not mixed."""
    store, history = make_store()
    with history.group("outer"):

        def other():
            with history.group("other"):
                store.dispatch(put("a"))
                store.dispatch(put("b"))

        in_a_thread(other)
        store.dispatch(put("c"))
        store.dispatch(put("d"))
    assert [(commit.group, commit.label) for commit in history.commits] == [(1, "other")] * 2 + [(3, "outer")] * 2
    history.undo()
    assert set(plain(store.state)["tasks"]) == {"a", "b"}


def test_what_others_do_before_a_group_acts_is_no_part_of_it():
    """A group begins with the first of its own actions."""
    store, history = make_store()
    with history.group("mine"):
        in_a_thread(lambda: store.dispatch(put("theirs")))
        store.dispatch(put("a"))
        store.dispatch(put("b"))
    history.undo()
    assert set(plain(store.state)["tasks"]) == {"theirs"}


def test_a_group_whose_first_action_was_rolled_back_begins_with_the_next():
    """What a failed transaction took away names no group."""
    store, history = make_store()
    store.dispatch(put("before"))
    with history.group("rest"):
        with suppress(BrokenError), store.transaction():
            store.dispatch(put("a"))
            raise BrokenError
        store.dispatch(put("b"))
        store.dispatch(put("c"))
    assert [commit.group for commit in history.commits] == [None, 2, 2]


def test_groups_of_two_stores_know_nothing_of_each_other():
    """Each store's commits carry the group that was opened for it, however the two are nested."""
    (one, history), (two, other) = make_store(), make_store()
    for _ in range(3):
        one.dispatch(count())
    with history.group("one"):
        two.dispatch(count())
        with other.group("two"):
            one.dispatch(count())
            two.dispatch(count())
    assert [commit.group for commit in history.commits] == [None, None, None, 4]
    assert [(commit.group, commit.label) for commit in other.commits] == [(None, None), (2, "two")]
