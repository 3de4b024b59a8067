"""Many changes at once are as good as one after the other."""

from typing import NamedTuple

import immutables
from hypothesis import given
from hypothesis import strategies as st

from statestore import freeze, produce_with_patches, thaw
from statestore.history.fold import backward, fold, forward, reverse
from statestore.tree.diff import diff
from statestore.tree.patches import apply_changes
from tests.laws.edits import edited


class Task(NamedTuple):
    """A record in the state."""

    name: str
    log: tuple[str, ...] = ()


@st.composite
def walks(draw):
    """A state of any kind, and the changes of a few edits of it, one after the other."""
    first = draw(edited())
    value, changes = first.value, list(diff(first.base, first.value).changes)
    for _ in range(draw(st.integers(0, 4))):
        step = draw(edited(bases=st.just(value), max_steps=4))
        changes += diff(value, step.value).changes
        value = step.value
    return first.base, value, changes


@given(walks())
def test_folding_forward_is_applying_in_turn(walk):
    """All kinds of state, any depth, edits on top of edits."""
    base, value, changes = walk
    assert diff(fold(base, forward(changes)), value).changes == ()


@given(walks())
def test_folding_backward_leads_back(walk):
    """The same changes, backwards, give what there was."""
    base, value, changes = walk
    assert diff(fold(value, backward(changes)), base).changes == ()
    assert diff(apply_changes(value, reverse(changes)), base).changes == ()


def test_edits_above_below_and_across_each_other():
    """A part is replaced after it was edited and edited after it was replaced; positions move in between."""

    def recipe(draft):
        draft["tasks"]["a"]["status"] = "done"
        draft["tasks"]["a"] = {"status": "new"}
        draft["tasks"]["a"]["by"] = "w1"
        draft["list"][1]["n"] = 5
        draft["list"].insert(0, {"n": 0})
        draft["list"][2]["n"] += 1
        del draft["list"][1]
        draft["gone"] = 1

    base = freeze({"tasks": {"a": {"status": "open"}}, "list": [{"n": 1}, {"n": 2}]})
    value, _, _ = produce_with_patches(base, recipe)
    steps = [
        ("replace", ("tasks", "a", "status"), "done"),
        ("replace", ("tasks", "a"), freeze({"status": "new"})),
        ("add", ("tasks", "a", "by"), "w1"),
        ("replace", ("list", 1, "n"), 5),
        ("add", ("list", 0), freeze({"n": 0})),
        ("replace", ("list", 2, "n"), 6),
        ("remove", ("list", 1), None),
        ("add", ("gone",), 1),
        ("add", ("passing",), 1),
        ("remove", ("passing",), None),
    ]
    assert thaw(fold(base, steps)) == thaw(value)
    assert thaw(fold(base, [*steps, ("replace", (), 5)])) == 5
    anew = [("replace", (), freeze({})), *[("add", (key,), key) for key in "abcd"]]
    assert thaw(fold(base, anew)) == {key: key for key in "abcd"}


def test_records_sets_and_tuples_are_folded_too():
    """Each kind takes its own form of edit."""
    base = immutables.Map(task=Task("a"), tags=frozenset({"x"}), pair=(1, 2))
    steps = [
        ("replace", ("task", "name"), "b"),
        ("add", ("task", "log", 0), "first"),
        ("add", ("tags", "y"), "y"),
        ("remove", ("tags", "x"), None),
        ("replace", ("pair", 0), 9),
    ]
    assert fold(base, steps) == immutables.Map(task=Task("b", ("first",)), tags=frozenset({"y"}), pair=(9, 2))


def test_what_is_not_touched_is_shared():
    """Parts beside the changes are the same objects."""
    base = freeze({"a": {"n": 1}, "b": {"n": 1}})
    folded = fold(base, [("replace", ("a", "n"), n) for n in range(10)])
    assert folded["b"] is base["b"]
    assert folded["a"]["n"] == 9


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), st.integers(0, 9)), min_size=4, max_size=9))
def test_replacements_only_are_one_value_for_each_path(writes):
    """In mappings, lists, tuples and records within each other, the last one counts, as it does one after the other."""
    base = freeze({key: [(Task("t", ("x", "y")), {"n": 0}) for _ in range(3)] for key in "ab"})
    steps = [
        step
        for key, at, value in writes
        for step in (
            ("replace", (key, at, 1, "n"), value),
            ("replace", (key, at, 0, "log", value % 2), str(value)),
            ("replace", (key, at, 0, "name"), f"task {value}"),
        )
    ]
    whole = ("replace", ("a", 0), (Task("new", ("p", "q")), freeze({"n": 10})))
    for chosen in (steps, [*steps, whole], [steps[0], whole, *steps[1:]]):
        one_by_one = base
        for step in chosen:
            one_by_one = fold(one_by_one, [step])
        assert fold(base, chosen) == one_by_one
