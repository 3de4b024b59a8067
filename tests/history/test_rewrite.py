"""Rewriting: branches of what would have been."""

import pytest

from statestore import Action, ActionError, DispatchError, HistoryError, Slice, Store
from statestore.history import History, Upcaster
from tests.history.boards import count, fail, insert, make_reducer, make_store, plain, put


def filled(*actions):
    """A store that has got these actions, and its history."""
    store, history = make_store()
    for action in actions:
        store.dispatch(action)
    return store, history


def test_skipping_gives_the_state_without_an_action():
    """The new branch is what the others lead to; the old one stays."""
    store, history = filled(put("a"), put("bad"), put("c"))
    head = history.rewrite(skip=[2])

    assert head == history.head
    assert set(store.state["tasks"]) == {"a", "c"}
    assert [commit.seq for commit in history.lineage()] == [1, 4]
    assert set(history.state_at(3)["tasks"]) == {"a", "bad", "c"}
    assert history.moves[-1].kind == "rewrite"


def test_the_reducer_runs_from_the_first_change_on_only():
    """What is before the first changed action is not run again."""
    ran = []
    spy = Slice("spy", initial={"n": 0})

    @spy.on("step")
    def _(draft, action):
        ran.append(action.payload)
        draft["n"] += 1

    history = History()
    store = Store(spy, middleware=[history])
    for i in range(5):
        store.dispatch(Action("step", i))
    del ran[:]
    history.rewrite(skip=[4])
    assert ran == [4]


def test_undo_of_a_rewrite_is_a_goto():
    """The old branch is reached by its ref, and undo on the new one walks the new one."""
    store, history = filled(put("a"), put("b"), put("c"))
    before = store.state
    history.rewrite(skip=["head~1"])
    assert history.undo()
    assert set(store.state["tasks"]) == {"a"}
    history.goto(3)
    assert store.state == before


def test_order_swaps_the_named():
    """The named commits take, in the given order, the places that they hold; the others stay where they are."""
    store, history = filled(insert(0, "a"), insert(0, "b"), insert(0, "c"))
    history.rewrite(order=[3, 1])
    assert [commit.action.payload["item"] for commit in history.lineage()] == ["c", "b", "a"]
    assert list(store.state["order"]) == ["a", "b", "c"]


def test_replace_runs_another_action():
    """The replaced action is in the new branch, and what follows builds on it."""
    store, history = filled(insert(0, "a"), insert(1, "b"))
    history.rewrite(replace={1: insert(0, "z")})
    assert list(store.state["order"]) == ["z", "b"]
    history.rewrite(replace={"head": {"type": "board/insert", "payload": {"at": 0, "item": "y"}}})
    assert list(store.state["order"]) == ["y", "z"]


def test_nothing_asked_nothing_done():
    """A rewrite without changes makes no branch and no move."""
    _, history = filled(put("a"))
    assert history.rewrite() == history.head
    assert history.rewrite(order=[1]) == history.head
    assert (len(history), history.moves) == (1, ())


def test_skipping_everything_leads_to_the_root():
    """With nothing left the head is at the root, and the answer None."""
    store, history = filled(put("a"), put("b"))
    assert history.rewrite(skip=history.commits) is None
    assert plain(store.state)["tasks"] == {}
    assert history.redo()


def test_one_ref_is_as_good_as_a_list_of_one():
    """`skip` takes a bare ref too, a text among them."""
    store, history = filled(put("a"), put("b"), put("c"))
    history.rewrite(skip=2)
    history.rewrite(skip="head~1")
    assert set(store.state["tasks"]) == {"c"}


def test_an_action_that_fails_now_stays_as_failed():
    """It changes nothing, its label says why, and the others go on."""
    store, history = filled(count(), fail(0), put("after"))
    assert plain(store.state)["count"] == 101

    history.rewrite(skip=[1])
    failed, after = history.lineage()
    assert failed.changes == ()
    assert failed.label == "failed: BrokenError: told to"
    assert set(store.state["tasks"]) == {"after"}
    assert after.action == put("after")


def test_a_failed_action_that_works_again_is_as_any_other():
    """Where it is run again and does not raise, nothing is left of the failure."""
    store, history = filled(put("a"), fail(1))
    before = store.state
    history.rewrite(replace={1: count()})
    assert history.head.label.startswith("failed: ")
    assert plain(store.state)["count"] == 1

    history.rewrite(replace={"head~1": put("a")})
    assert history.head.label is None
    assert store.state == before


def test_groups_stay_together():
    """A group in the new branch is one step, also when it had begun before the fork."""
    store, history = make_store()
    store.dispatch(put("first"))
    with history.group("together"):
        for key in "abc":
            store.dispatch(put(key))
    history.rewrite(skip=[3])
    assert [commit.group for commit in history.lineage()] == [None, 2, 2]
    assert history.undo()
    assert set(store.state["tasks"]) == {"first"}

    history.goto(4)
    history.rewrite(skip=[1])
    assert len({commit.group for commit in history.lineage()}) == 1
    assert history.undo()
    assert history.head is None


@pytest.mark.parametrize(
    "argument", [{"skip": [9]}, {"order": [1, 1]}, {"replace": {"nothing": put("a")}}, {"skip": [3]}]
)
def test_refs_off_the_lineage_are_refused(argument):
    """What is not on the lineage of the head cannot be rewritten; nothing moves."""
    _, history = filled(put("a"), put("b"), put("c"))
    history.goto(2)
    with pytest.raises(HistoryError):
        history.rewrite(**argument)
    assert (len(history), history.head.seq) == (3, 2)


def test_what_replaces_must_be_an_action():
    """Anything else is refused before anything runs."""
    _, history = filled(put("a"))
    with pytest.raises(ActionError):
        history.rewrite(replace={1: "no action"})
    assert len(history) == 1


def test_a_reducer_may_not_dispatch_while_it_runs_again():
    """The guard of invariant 3 holds in a rewrite too: such an action fails, and state and history are whole."""
    sly = Slice("sly", initial={"n": 0})
    sly.calls = 0

    @sly.on("step")
    def _(draft, action):
        sly.calls += 1
        if sly.calls > 2:
            store.dispatch(Action("step"))
        draft["n"] += 1

    history = History()
    store = Store(sly, middleware=[history])
    store.dispatch(Action("step"))
    store.dispatch(Action("step"))
    history.rewrite(skip=[1])
    assert history.head.label.startswith("failed: ReducerError")
    assert store.state["n"] == 0


def test_recompute_runs_the_lineage_on_a_new_reducer():
    """After `replace_reducer` the branch is new from the first commit that comes out differently."""
    store, history = filled(put("a"), count(), count())
    store.replace_reducer(make_reducer("draft", version=2))
    assert store.state["count"] == 2

    history.recompute()
    assert store.state["count"] == 4
    assert [commit.seq for commit in history.lineage()] == [4, 5, 6]
    assert history.state_at(3)["count"] == 2


def test_recompute_keeps_what_comes_out_the_same():
    """With the same reducer no branch is made at all."""
    _, history = filled(put("a"), count())
    head = history.head
    assert history.recompute() == head
    assert len(history) == 2


def test_recompute_brings_old_actions_up_to_date():
    """An upcast gives each action its present form first."""
    store, history = filled(Action("board/old count"), count())
    assert store.state["count"] == 1
    upcast = Upcaster()

    @upcast.register("board/old count")
    def _(action):
        return count()

    history.recompute(upcast=upcast)
    assert store.state["count"] == 2


def test_load_imports_a_list_of_actions():
    """The actions become a branch from the root, or from any ref, and the head goes there."""
    store, history = filled(put("a"), put("b"))
    history.load([put("x"), {"type": "board/count"}])
    assert (set(store.state["tasks"]), store.state["count"]) == ({"x"}, 1)
    history.load([put("c")], onto=2)
    assert set(store.state["tasks"]) == {"a", "b", "c"}


def test_squash_puts_the_net_changes_on_the_root():
    """One commit does what the lineage did; the old commits stay reachable, undo leads to the root."""
    store, history = filled(put("a"), put("b"), put("a", "done"))
    state = store.state
    squashed = history.squash()

    assert store.state is state
    assert squashed.parent == 0
    assert len(history.lineage()) == 1
    assert history.state_at(squashed) == state
    assert len(history.lineage(3)) == 3
    assert history.undo()
    assert history.head is None


def test_squash_at_the_root_does_nothing():
    """There is nothing to squash before the first commit."""
    _, history = make_store()
    assert history.squash() is None
    assert len(history) == 0


def test_a_squashed_past_can_be_rewritten():
    """What a squash changed is applied again where the reducer would not know the action."""
    store, history = filled(put("a"), put("b"))
    history.squash()
    store.dispatch(put("c"))
    store.dispatch(put("d"))
    history.rewrite(skip=["head~1"])
    assert set(store.state["tasks"]) == {"a", "b", "d"}
    history.load([put("z")], onto=3)
    assert set(store.state["tasks"]) == {"a", "b", "z"}
    history.recompute()


def test_listeners_hear_of_a_rewrite_once():
    """The new branch is one change for them."""
    store, history = filled(put("a"), put("b"), put("c"))
    heard = []
    store.subscribe(lambda store: heard.append(set(store.state["tasks"])))
    history.rewrite(skip=[1])
    assert heard == [{"b", "c"}]


def test_applied_patches_are_rewritten_as_patches():
    """An action of `store.apply` is run again by applying its patches."""
    from statestore import Patch

    store, history = filled(put("a"))
    store.apply([Patch("add", ("tasks", "b"), {"status": "by hand"})], label="from elsewhere")
    history.rewrite(skip=[1])
    assert set(store.state["tasks"]) == {"b"}


def test_rewriting_is_refused_in_a_transaction():
    """As every move."""
    store, history = filled(put("a"))
    with store.transaction(), pytest.raises(DispatchError):
        history.rewrite(skip=[1])
