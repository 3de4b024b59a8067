"""What may be put into a draft, what it becomes there, and how drafts move."""

import pytest
from immutables import Map
from pyrsistent import PMap, PVector, pdeque, pmap, pset, pvector

from statestore import (
    Action,
    DraftError,
    Store,
    apply_patches,
    current,
    freeze,
    produce,
    produce_with_patches,
    thaw,
)
from statestore.tree.equality import same

from ..laws.states import Pair, Result, Task, Ticket, Worker


def run(base, recipe):
    """Produces with a recipe whose result does not count, and checks the patches both ways."""

    def silent(draft):
        recipe(draft)

    value, patches, inverse = produce_with_patches(base, silent)
    assert apply_patches(base, patches) == value
    assert apply_patches(value, inverse) == base
    return value


@pytest.mark.parametrize("put", [{}, pmap(), Map()], ids=["dict", "PMap", "Map"])
def test_what_was_just_put_in_can_be_edited(put):
    """Reading back a value, plain or immutable, gives its draft."""
    assert run(pmap(), lambda draft: (draft.__setitem__("a", put), draft["a"].update(x=1)))["a"]["x"] == 1
    assert run(pmap(), lambda draft: draft.setdefault("a", put).update(x=1))["a"]["x"] == 1
    assert run(pvector(), lambda draft: (draft.append(put), draft[0].update(x=1)))[0]["x"] == 1
    assert run(pvector([0]), lambda draft: (draft.__setitem__(0, put), draft[-1].update(x=1)))[0]["x"] == 1
    assert run(pvector([0]), lambda draft: (draft.insert(0, put), draft[0].update(x=1)))[0]["x"] == 1
    assert run(pvector([0]), lambda draft: (draft.__setitem__(slice(0, 0), [put]), draft[0].update(x=1)))[0]["x"] == 1
    for record in (Pair, Task, Worker, Ticket, Result):
        base = record(left=None, right=None)
        assert run(base, lambda draft: (setattr(draft, "left", put), draft.left.update(x=1))).left["x"] == 1
    assert list(put) == []


def test_what_was_put_in_is_taken_as_it_is_then():
    """Changing the plain original afterwards does not reach the state, nor do edits of the draft reach the original."""
    given = {"list": [1]}

    def change(draft):
        draft["a"] = given
        given["list"].append(2)
        draft["a"]["list"].append(3)

    assert list(run(pmap(), change)["a"]["list"]) == [1, 3]
    assert given == {"list": [1, 2]}


def test_plain_values_take_the_kind_of_their_parent():
    """A dict put below a Map becomes a Map, below a PMap a PMap; a list below a tuple a tuple, else a PVector."""
    assert type(run(Map(), lambda draft: draft.__setitem__("a", {"b": {}}))["a"]["b"]) is Map
    assert isinstance(run(pmap(), lambda draft: draft.__setitem__("a", {"b": {}}))["a"]["b"], PMap)
    assert type(run(Map(), lambda draft: draft.__setitem__("a", [{}]))["a"][0]) is Map
    assert type(run((0,), lambda draft: draft.append([1]))[1]) is tuple
    assert isinstance(run(pvector(), lambda draft: draft.append([1]))[0], PVector)


@pytest.mark.parametrize("value", [(["a"],), Pair(["a"], None), Task(["a"], None), Worker(["a"], None)])
def test_plain_values_inside_a_tuple_or_record_are_frozen(value):
    """They are looked into when they are put in, since what they hold is a part of the state."""
    held = run(pmap(), lambda draft: draft.__setitem__("held", value))["held"]
    inner = held.left if hasattr(held, "left") else held[0]
    assert isinstance(inner, PVector | tuple)
    assert list(inner) == ["a"]


HOLDERS = {
    "Map": lambda value: Map({0: value}),
    "pmap": lambda value: pmap({0: value}),
    "pvector": lambda value: pvector([value]),
    "tuple": lambda value: (value,),
    "deeper": lambda value: pmap({0: Map({0: pvector([value])})}),
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_plain_values_inside_an_immutable_one_are_frozen(hold):
    """What is put in is looked into at every depth, so the plain original and the state have nothing in common."""
    plain = ["a"]
    after = run(pmap(), lambda draft: draft.__setitem__("held", hold(plain)))
    plain.append("b")
    assert thaw(after) == {"held": thaw(hold(["a"]))}
    assert hash(after["held"]) != hash(None)  # which a list inside would not allow


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_drafts_inside_an_immutable_value_become_values(hold):
    """A draft that was put into a value by hand is in the state what it stood for, edits included."""

    def put(draft):
        draft["held"] = hold(draft["part"])
        draft["part"]["n"] = 2

    base = freeze({"part": {"n": 1}})
    assert same(run(base, put)["held"], hold(pmap({"n": 2})))
    assert same(produce(base, lambda draft: hold(draft["part"])), hold(pmap({"n": 1})))


def test_a_draft_moves_and_stays_alive():
    """A part that was taken out and put in elsewhere is edited where it is now."""

    def change(draft):
        part = draft["a"].pop("x")
        draft["b"]["y"] = part
        part["n"] = 2
        draft["b"]["y"]["m"] = 3

    base = freeze({"a": {"x": {"n": 1}}, "b": {}})
    assert run(base, change) == freeze({"a": {}, "b": {"y": {"n": 2, "m": 3}}})


def test_an_untouched_part_moves_as_the_same_object():
    """Moving alone makes no copy."""
    base = freeze({"a": {"x": {"n": 1}}, "b": []})
    assert run(base, lambda draft: draft["b"].append(draft["a"].pop("x")))["b"][0] is base["a"]["x"]


def test_list_elements_move():
    """Elements that are drafts can be swapped, sorted, reversed and moved between lists, edits included."""
    base = freeze({"todo": [{"n": 3}, {"n": 1}, {"n": 2}], "done": []})

    def change(draft):
        todo = draft["todo"]
        todo[0]["seen"] = True
        todo[0], todo[2] = todo[2], todo[0]
        todo.sort(key=lambda job: -job["n"])
        draft["done"].append(todo.pop(0))
        draft["done"][0]["n"] += 10
        todo.reverse()

    expected = {"todo": [{"n": 1}, {"n": 2}], "done": [{"n": 13, "seen": True}]}
    assert run(base, change) == freeze(expected)


def test_one_draft_in_two_places_is_one_value():
    """A part that was put in a second place is finished once, whichever of the two was edited."""
    base = freeze({"a": {"n": 1}})

    def change(draft):
        draft["b"] = draft["a"]
        draft["b"]["n"] = 2

    after = run(base, change)
    assert after == freeze({"a": {"n": 2}, "b": {"n": 2}})
    assert after["a"] is after["b"]


@pytest.mark.parametrize(
    "recipe",
    [
        lambda draft: draft.__setitem__("a", draft),
        lambda draft: draft["x"].__setitem__("a", draft),
        lambda draft: draft["x"].update(y={}) or draft["x"]["y"].update(z=draft["x"]),
        lambda draft: draft.__setitem__("a", [{"deep": draft}]),
    ],
    ids=["itself", "below itself", "a part below itself", "in a plain value"],
)
def test_a_value_cannot_hold_itself(recipe):
    """A tree with a loop in it raises a DraftError instead of running for ever."""
    with pytest.raises(DraftError):
        produce(freeze({"x": {}}), lambda draft: recipe(draft) and None)


def test_a_draft_of_another_recipe_is_refused():
    """It would change under both, so putting it in raises and says to put in its value."""

    def outer(draft):
        produce(pmap(), lambda inner: inner.__setitem__("a", draft))

    with pytest.raises(DraftError, match="current"):
        produce(freeze({"x": 1}), outer)


def test_a_recipe_inside_a_recipe():
    """The value of a draft may be produced from while the outer recipe goes on."""

    def outer(draft):
        draft["x"]["n"] = 2
        draft["y"] = produce(current(draft["x"]), lambda inner: inner.__setitem__("n", inner["n"] + 1))

    assert run(freeze({"x": {"n": 1}}), outer) == freeze({"x": {"n": 2}, "y": {"n": 3}})


def test_a_draft_is_no_member_of_a_set():
    """Sets hold hashable values, so adding a draft raises as adding a dict does."""
    with pytest.raises((DraftError, TypeError)):
        produce(freeze({"a": {}, "s": set()}), lambda draft: draft["s"].add(draft["a"]))
    with pytest.raises(TypeError):
        produce(pset(), lambda draft: draft.add({}))


def test_freeze_and_thaw_of_a_draft():
    """Within a recipe they give its value as it is then, immutable or plain, also inside of plain data."""

    def change(draft):
        draft["a"]["n"] = 2
        assert thaw(draft) == {"a": {"n": 2}}
        assert type(thaw(draft)["a"]) is dict
        frozen = freeze([draft["a"]])
        draft["b"] = frozen
        draft["a"]["n"] = 3
        assert frozen == freeze([{"n": 2}])

    assert run(freeze({"a": {"n": 1}}), change) == freeze({"a": {"n": 3}, "b": [{"n": 2}]})


def test_a_state_that_was_made_by_hand_can_be_edited():
    """Plain data that a reducer by hand put into the state is no obstacle for the next draft."""
    store = Store(lambda state, action: state.set("tasks", {"T1": ["a"]}), initial={})
    store.dispatch(Action("go"))
    assert run(store.state, lambda draft: draft["tasks"]["T1"].append("b"))["tasks"]["T1"] == pvector(["a", "b"])


def test_a_record_may_take_the_place_of_anything():
    """What stood there is asked for nothing that only looks like a field: the ends of an empty deque raise."""
    assert produce(pdeque([]), lambda _: Pair(1, 2)) == Pair(1, 2)
