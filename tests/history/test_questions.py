"""The questions: diff, blame, where, bisect, find."""

import math

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from statestore import Action, ActionError, History, Slice, Store, apply_patches, thaw
from tests.history.boards import count, drop, insert, make_store, put, remove, select


def test_diff_of_neighbours_is_what_the_commit_recorded():
    """Nothing is compared: the patches are the commit's own, there and back."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    assert history.diff(1, 2).patches == history.commit(2).patches
    assert history.diff(2, 1).patches == history.commit(2).inverse
    assert str(history.diff("root", 1)).startswith("+ root['tasks']['a']")


@pytest.mark.parametrize(("a", "b"), [(1, 3), (3, 1), ("root", "head"), (2, 4), (1, 1)])
def test_diff_leads_from_one_state_to_the_other(a, b):
    """Applied to the one its patches give the other, on one branch or across two."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    store.dispatch(insert(0, "x"))
    history.goto(1)
    store.dispatch(put("c"))
    found = history.diff(a, b)
    assert apply_patches(history.state_at(a), found.patches) == history.state_at(b)
    assert bool(found) == (a != b)


def test_deepdiff_is_a_real_one_with_paths_from_the_root():
    """What DeepDiff says of the whole states it says of the changed parts."""
    store, history = make_store()
    store.dispatch(put("a", "open"))
    store.dispatch(put("b", "open"))
    store.dispatch(put("a", "done"))
    found = history.diff(2, 3).deepdiff
    assert isinstance(found, DeepDiff)
    assert found == DeepDiff(thaw(history.state_at(2)), thaw(history.state_at(3)))


def test_blame_finds_who_set_a_leaf():
    """The last commit that set it, however many came after."""
    store, history = make_store()
    store.dispatch(put("a", "open"))
    store.dispatch(put("a", "done"))
    store.dispatch(put("b", "open"))
    store.dispatch(count())
    assert history.blame(("tasks", "a", "status")).seq == 2
    assert history.blame(["count"]).seq == 4


def test_blame_of_a_subtree_is_who_set_it_or_something_above():
    """What changed inside is not what set it; what replaced the whole is."""
    deep = Slice("deep", initial={"box": {"lid": {"colour": "red"}}})

    @deep.on("paint")
    def _(draft, action):
        draft["box"]["lid"]["colour"] = action.payload

    @deep.on("swap")
    def _(draft, action):
        draft["box"] = {"lid": {"colour": "grey"}}

    history = History()
    store = Store(deep, middleware=[history])
    store.dispatch(Action("swap"))
    store.dispatch(Action("paint", "blue"))
    assert history.blame(("box", "lid", "colour")).seq == 2
    assert history.blame(("box", "lid")).seq == 1
    assert history.blame(("box",)).seq == 1
    assert [commit.seq for commit in history.where(("box", "lid"))] == [1, 2]


def test_blame_of_something_removed_is_the_removal():
    """And of what nobody ever set it is None."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(drop("a"))
    assert history.blame(("tasks", "a")).seq == 2
    assert history.blame(("tasks", "never")) is None
    assert history.blame(("count",)) is None


def test_blame_looks_along_the_lineage_only():
    """What another branch did is not to blame."""
    store, history = make_store()
    store.dispatch(put("a", "open"))
    store.dispatch(put("a", "done"))
    history.undo()
    store.dispatch(count())
    assert history.blame(("tasks", "a", "status")).seq == 1


def test_blame_follows_an_element_through_insertions_and_removals():
    """An element is found where it came in, however often it was pushed around since."""
    store, history = make_store()
    for at, item in [(0, "c"), (0, "b"), (0, "a"), (3, "d")]:
        store.dispatch(insert(at, item))
    store.dispatch(remove(0))
    assert list(store.state["order"]) == ["b", "c", "d"]
    assert [history.blame(("order", i)).seq for i in range(3)] == [2, 1, 4]
    assert [commit.seq for commit in history.where(("order", 1))] == [1]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=20))
def test_blame_of_list_elements_agrees_with_tags(steps):
    """Each element carries the seq of the commit that put it in; blame says the same of every position."""
    tagged = Slice("tagged", initial={"items": []})

    @tagged.on("insert")
    def _(draft, action):
        draft["items"].insert(action.payload, {"by": len(history) + 1, "seen": 0})
        for item in draft["items"]:
            item["seen"] += 1

    @tagged.on("remove")
    def _(draft, action):
        if draft["items"]:
            del draft["items"][action.payload % len(draft["items"])]

    @tagged.on("turn")
    def _(draft, action):
        if draft["items"]:
            draft["items"].insert(0, draft["items"].pop())

    history = History()
    store = Store(tagged, middleware=[history])
    for inserts, at in steps:
        store.dispatch(Action("insert" if inserts else ("remove", "turn")[at % 2], at))
    for position, item in enumerate(store.state["items"]):
        assert history.blame(("items", position, "by")).seq == item["by"]


def test_a_position_may_be_counted_from_the_end():
    """As in Python, -1 names the last element, and it is followed from where it is."""
    store, history = make_store()
    for item in "xyz":
        store.dispatch(insert(9, item))
    store.dispatch(insert(0, "w"))
    assert history.blame(("order", -1)).seq == 3
    assert history.blame(("order", -4)).seq == 4
    assert [commit.seq for commit in history.where(("order", -2))] == [2]
    assert history.blame(("order", -5)) is None


def test_where_lists_every_touch():
    """Commits that set the path, something above it or something in it, oldest first."""
    store, history = make_store()
    store.dispatch(put("a", "open"))
    store.dispatch(put("b", "open"))
    store.dispatch(put("a", "done"))
    store.dispatch(drop("a"))
    store.dispatch(put("a", "again"))
    assert [commit.seq for commit in history.where(("tasks", "a"))] == [1, 3, 4, 5]
    assert [commit.seq for commit in history.where(())] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("path", ["tasks", None, 5])
def test_a_path_is_a_tuple(path):
    """A bare text is refused, as it would be taken for its letters."""
    _, history = make_store()
    for ask in (history.blame, history.where):
        with pytest.raises(ActionError, match="path"):
            ask(path)


@given(length=st.integers(0, 70), first=st.integers(1, 80))
def test_bisect_finds_the_first_commit(length, first):
    """The first commit whose state satisfies the predicate, None if there is none, in O(log n) questions."""
    store, history = make_store()
    for _ in range(length):
        store.dispatch(count())
    asked = []
    found = history.bisect(lambda state: asked.append(1) or state["count"] >= first)
    assert (found.seq if found else None) == (first if first <= length else None)
    assert len(asked) <= math.log2(length + 1) + 1


def test_bisect_takes_a_function():
    """Anything else is refused, also where there is nothing to search."""
    with pytest.raises(ActionError, match="function of the state"):
        make_store()[1].bisect(3)


def test_bisect_looks_at_the_lineage_of_the_head():
    """A branch that was left does not count."""
    store, history = make_store()
    store.dispatch(count())
    store.dispatch(put("bad"))
    history.goto(1)
    store.dispatch(put("good"))
    store.dispatch(put("bad"))
    assert history.bisect(lambda state: "bad" in state["tasks"]).seq == 4


def test_find_takes_types_payloads_and_predicates():
    """All that is given has to hold; commits of every branch are looked at."""
    store, history = make_store()
    store.dispatch(put("a", "open"))
    store.dispatch(put("b", "done"))
    history.undo()
    store.dispatch(put("c", "open"))
    store.dispatch(select("c"))
    assert [commit.seq for commit in history.find("board/put")] == [1, 2, 3]
    assert [commit.seq for commit in history.find("*/sel*")] == [4]
    assert [commit.seq for commit in history.find(payload={"status": "open"})] == [1, 3]
    assert [commit.seq for commit in history.find(predicate=lambda commit: not commit.changes)] == []
    assert [commit.seq for commit in history.find(type="board/put", payload={"key": "b"})] == [2]
    assert history.find("nothing") == []
    with pytest.raises(ActionError, match="creator"):
        history.find(5)


def test_find_takes_creators():
    """A creator stands for its type."""
    backlog = Slice("backlog", initial={"n": 0})

    @backlog.action
    def added(draft, n: int) -> None:
        draft["n"] += n

    history = History()
    store = Store(backlog, middleware=[history])
    store.dispatch(added(1))
    store.dispatch(Action("other"))
    assert [commit.seq for commit in history.find(added)] == [1]


def test_sequences_of_commits_behave_as_lists():
    """Length, indexes from both ends, slices, iteration both ways, equality and membership."""
    store, history = make_store()
    for _ in range(10):
        store.dispatch(count())
    history.goto(5)
    store.dispatch(put("a"))
    commits, lineage = history.commits, history.lineage()
    assert [commit.seq for commit in lineage] == [1, 2, 3, 4, 5, 11]
    assert [commit.seq for commit in reversed(lineage)] == [11, 5, 4, 3, 2, 1]
    assert [commit.seq for commit in lineage[-2:]] == [5, 11]
    assert [commit.seq for commit in lineage[::-2]] == [11, 4, 2]
    assert (lineage[0].seq, lineage[-1].seq, len(commits)) == (1, 11, 11)
    assert lineage == list(lineage)
    assert commits != lineage
    assert lineage[3] in lineage
    assert repr(lineage) == "<6 commits>"
    with pytest.raises(IndexError):
        lineage[6]


def test_a_predicate_that_gives_nothing_is_not_met():
    """None, as `dict.get` gives it, is no: it leaves no state out of the bisection."""
    store, history = make_store()
    for name in "abc":
        store.dispatch(put(name))
    assert history.bisect(lambda state: state["tasks"].get("b")).seq == 2
    assert history.bisect(lambda state: None) is None
