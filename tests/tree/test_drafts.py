"""The life of a draft: what can be done with it, where it may be put, and its end."""

import copy
import pickle
from contextlib import suppress

import pytest
from immutables import Map
from pyrsistent import PMap, PVector, pdeque, plist, pmap, pset, pvector

from statestore import (
    ActionError,
    DraftError,
    Patch,
    ReducerError,
    StateStoreError,
    apply_patches,
    current,
    freeze,
    original,
    produce,
    produce_with_patches,
)

from ..laws.states import Pair, Result, Task, Ticket, Worker


def run(base, recipe):
    """Produces with a recipe whose result does not count, and checks the patches both ways."""

    def silent(draft):
        recipe(draft)

    value, patches, inverse = produce_with_patches(base, silent)
    assert apply_patches(base, patches) == value
    assert apply_patches(value, inverse) == base
    return value


# What was put in


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


def test_plain_values_inside_an_immutable_one_are_frozen():
    """A tuple, record or Map that holds a list is taken with the list frozen."""
    for value in ((["a"],), Pair(["a"], None), Map({0: ["a"]}), Task(["a"], None)):
        after = run(pmap(), lambda draft, value=value: draft.__setitem__("held", value))["held"]
        inner = after[0] if not isinstance(after, Task) else after.left
        assert isinstance(inner, PVector | tuple)
        assert list(inner) == ["a"]


# Moving


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


# What a recipe may return


def test_returning_the_draft_is_returning_nothing():
    """A recipe may end with `return draft`, with and without edits."""
    base = pmap({"a": 1})
    assert produce(base, lambda draft: draft) is base
    assert produce(base, lambda draft: (draft.update(a=2), draft)[1]) == pmap({"a": 2})


def test_returning_a_part_makes_it_the_value():
    """A part of the draft may be returned; it becomes the next value, with the edits made to it."""
    base = freeze({"inner": {"a": 1}})
    assert produce(base, lambda draft: draft["inner"]) is base["inner"]

    def recipe(draft):
        draft["inner"]["a"] = 2
        return draft["inner"]

    assert produce(base, recipe) == pmap({"a": 2})


def test_returning_a_value_that_holds_parts():
    """Plain data around parts of the draft is frozen, and the parts are the same objects as before."""
    base = freeze({"inner": {"a": 1}, "other": 2})
    after = produce(base, lambda draft: {"kept": draft["inner"], "list": [draft["inner"]]})
    assert after == freeze({"kept": {"a": 1}, "list": [{"a": 1}]})
    assert after["kept"] is base["inner"]


def test_editing_and_returning_is_refused():
    """It is not clear which of both was meant, so it raises and names both ways."""
    with pytest.raises(ReducerError, match="return"):
        produce(freeze({"a": {"b": 1}}), lambda draft: (draft["a"].update(b=2), {"c": 3})[1])


def test_an_equal_edit_and_a_returned_value():
    """An edit that changed nothing is none, so a value may be returned after it."""
    assert produce(pmap({"a": 1}), lambda draft: (draft.update(a=1), {"b": 2})[1]) == pmap({"b": 2})


@pytest.mark.parametrize("base", [0, None, "text", True, 1.5])
def test_scalars_are_given_as_they_are(base):
    """A recipe of a value without parts gets the value, and what it returns is the next one; None is a value too."""
    assert produce(base, lambda value: [value]) == pvector([base])
    assert produce(base, lambda value: value) is base
    assert produce(base, lambda value: None) is None
    value, patches, inverse = produce_with_patches(base, lambda value: "next")
    assert (value, patches, inverse) == ("next", (Patch("replace", (), "next"),), (Patch("replace", (), base),))


def test_plain_bases_are_frozen_first():
    """A plain dict as base is not edited: the result is immutable, and the dict stays as it was."""
    base = {"a": [1]}
    assert produce(base, lambda draft: draft["a"].append(2)) == freeze({"a": [1, 2]})
    assert base == {"a": [1]}


@pytest.mark.parametrize("recipe", [None, 3, "recipe"])
def test_what_is_no_recipe_is_refused(recipe):
    """A recipe that cannot be called raises, and says what one is."""
    with pytest.raises(ActionError, match="recipe"):
        produce(pmap(), recipe)


def test_an_async_recipe_is_refused():
    """It would edit its draft later, when that is dead; nothing is left unawaited."""

    async def recipe(draft):
        draft["a"] = 1

    with pytest.raises(ReducerError, match="async"):
        produce(pmap(), recipe)
    with pytest.raises(ReducerError, match="async"):
        produce(0, recipe)


# The end


BASES = {
    "mapping": (
        pmap({"a": 1}),
        [
            lambda d: d["a"],
            lambda d: d.get("a"),
            lambda d: d.__setitem__("a", 2),
            lambda d: d.pop("a"),
            lambda d: len(d),
            lambda d: list(d),
            lambda d: "a" in d,
            lambda d: d.clear(),
            lambda d: d.update(b=1),
            lambda d: d.items() and list(d.items()),
            lambda d: d.setdefault("b", 1),
            lambda d: d.copy(),
            lambda d: d | {},
            lambda d: d == {},
            lambda d: d.popitem(),
            lambda d: d.__delitem__("a"),
        ],
    ),
    "sequence": (
        pvector([1]),
        [
            lambda d: d[0],
            lambda d: d.__setitem__(0, 2),
            lambda d: d.append(1),
            lambda d: d.insert(0, 1),
            lambda d: d.pop(),
            lambda d: len(d),
            lambda d: list(d),
            lambda d: 1 in d,
            lambda d: d.clear(),
            lambda d: d.sort(),
            lambda d: d.reverse(),
            lambda d: d.extend([1]),
            lambda d: d[:],
            lambda d: d.index(1),
            lambda d: d.count(1),
            lambda d: d.remove(1),
            lambda d: d == [1],
            lambda d: d.copy(),
            lambda d: d.__delitem__(0),
            lambda d: d.__iadd__([1]),
        ],
    ),
    "set": (
        pset([1]),
        [
            lambda d: 1 in d,
            lambda d: d.add(2),
            lambda d: d.discard(1),
            lambda d: d.remove(1),
            lambda d: d.pop(),
            lambda d: len(d),
            lambda d: list(d),
            lambda d: d.clear(),
            lambda d: d | {2},
            lambda d: d.__ior__({2}),
            lambda d: d == {1},
            lambda d: d <= {1},
            lambda d: d.isdisjoint({1}),
            lambda d: d.copy(),
        ],
    ),
    "record": (
        Pair(1, 2),
        [lambda d: d.left, lambda d: setattr(d, "left", 2), lambda d: d.nothing, lambda d: d == Pair(1, 2)],
    ),
    "dataclass": (Task(1, 2), [lambda d: d.left, lambda d: setattr(d, "left", 2), lambda d: d == Task(1, 2)]),
    "PRecord": (Ticket(left=1, right=2), [lambda d: d.left, lambda d: setattr(d, "left", 2)]),
}


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("how", ["ended", "raised", "part"])
def test_a_dead_draft_refuses_every_use(kind, how):
    """After its recipe has ended, also by an error, a draft and its parts raise DraftError on any use."""
    base, uses = BASES[kind]
    kept = []

    def recipe(draft):
        kept.append(draft["part"] if how == "part" else draft)
        if how == "raised":
            raise KeyError("mine")

    try:
        produce(pmap({"part": base}) if how == "part" else base, recipe)
    except KeyError:
        assert how == "raised"
    for use in [*uses, current, original]:
        with pytest.raises(DraftError, match="ended"):
            use(kept[0])
    assert "draft" in repr(kept[0])


def test_an_error_in_a_recipe_leaves_the_base():
    """The error is raised as it is."""
    base = freeze({"a": [1]})

    def recipe(draft):
        draft["a"].append(2)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        produce(base, recipe)
    assert base == freeze({"a": [1]})


def test_current_and_original_take_drafts_only():
    """Given anything else they raise, and say what they expected."""
    for function in (current, original):
        for value in ({}, pmap(), 3):
            with pytest.raises(StateStoreError, match="draft"):
                function(value)


def test_current_keeps_what_is_unchanged():
    """It is the base itself as long as nothing was edited, and shares what was not."""
    base = freeze({"a": {"x": 1}, "b": {}})

    def recipe(draft):
        assert current(draft) is base
        draft["b"]["y"] = 1
        assert current(draft)["a"] is base["a"]
        first = current(draft)
        draft["b"]["y"] = 2
        assert first["b"]["y"] == 1
        assert current(draft["b"])["y"] == 2

    assert produce(base, recipe)["b"]["y"] == 2


def test_a_draft_cannot_be_taken_elsewhere():
    """It is neither hashable nor copied nor pickled, since it is the view of a moment."""

    def recipe(draft):
        for take, error in (
            (hash, TypeError),
            (copy.copy, DraftError),
            (copy.deepcopy, DraftError),
            (pickle.dumps, DraftError),
        ):
            with pytest.raises(error):
                take(draft)

    for base in (pmap(), pvector(), pset(), Pair(1, 2), Task(1, 2)):
        produce(base, recipe)


def test_a_draft_shows_what_it_holds():
    """Its `repr` shows the value as edited, for people who print in a reducer."""

    def recipe(draft):
        draft["a"] = "edited"
        assert "edited" in repr(draft)

    produce(pmap(), recipe)


def test_drafts_compare_with_plain_values():
    """A draft equals a plain value with the same content, whichever side it stands on."""

    def recipe(draft):
        draft["list"].append(2)
        assert draft == {"list": [1, 2], "set": {1}, "pair": Pair(1, 2)}
        assert draft["list"] == [1, 2]
        assert [1, 2] == draft["list"]  # noqa: SIM300 - this is about the other side
        assert draft["set"] == {1}
        assert draft["pair"] == Pair(1, 2)
        assert draft["list"] != [1]
        assert draft["list"] != "12"

    produce(freeze({"list": [1], "set": {1}, "pair": Pair(1, 2)}), recipe)


def test_iterating_while_editing_a_list_is_as_for_lists():
    """A loop over a list draft sees elements that are appended during it."""

    def recipe(draft):
        for element in draft:
            if element < 4:
                draft.append(element + 1)

    assert list(run(pvector([1]), lambda draft: recipe(draft))) == [1, 2, 3, 4]


@pytest.mark.parametrize("edit", [lambda d: d.pop("a"), lambda d: d.update(new=1)], ids=["removing", "adding"])
def test_changing_a_mapping_while_iterating_over_it_ends(edit):
    """A loop over keys during which keys come or go ends, with a RuntimeError as for dicts or without."""

    def recipe(draft):
        with suppress(RuntimeError):
            for rounds, _ in enumerate(draft):
                assert rounds < 10
                edit(draft) if rounds == 0 else None

    produce(pmap({"a": 1, "b": 2}), recipe)


@pytest.mark.parametrize("make", [pvector, tuple, plist, pdeque])
def test_wrong_indexes_raise_as_for_lists(make):
    """Out of range is an IndexError, and what is no index a TypeError."""

    def recipe(draft):
        for use in (lambda: draft[3], lambda: draft[-4], lambda: draft.pop(3), lambda: draft.__setitem__(3, 0)):
            with pytest.raises(IndexError):
                use()
        for use in (lambda: draft["a"], lambda: draft[1.0], lambda: draft.__setitem__("a", 1), lambda: draft.pop("a")):
            with pytest.raises(TypeError):
                use()
        with pytest.raises(ValueError):
            draft.remove(9)
        with pytest.raises(ValueError):
            draft.index(9)

    base = make([1, 2, 3])
    assert produce(base, recipe) is base


def test_a_missing_key_is_a_keyerror_with_the_key():
    """As for dicts."""

    def recipe(draft):
        for use in (lambda: draft["no"], lambda: draft.pop("no"), lambda: draft.__delitem__("no")):
            with pytest.raises(KeyError) as caught:
                use()
            assert caught.value.args == ("no",)

    for base in (pmap({"a": 1}), Map({"a": 1})):
        assert produce(base, recipe) is base


def test_values_that_are_no_mapping_are_refused_by_update():
    """`update` and `|` with the wrong kind raise TypeError or ValueError, and change nothing."""

    def recipe(draft):
        for use in (lambda: draft.update(3), lambda: draft | 3, lambda: draft.__ior__([1])):
            with pytest.raises((TypeError, ValueError)):
                use()

    base = pmap({"a": 1})
    assert produce(base, recipe) is base


def test_extending_a_list_by_itself():
    """`draft.extend(draft)` and `draft += draft` double the list, once."""
    assert list(run(pvector([1, 2]), lambda draft: draft.extend(draft))) == [1, 2, 1, 2]
    assert list(run(pvector([1, 2]), lambda draft: draft.__iadd__(draft))) == [1, 2, 1, 2]
    assert list(run(pvector([1, 2]), lambda draft: draft.__setitem__(slice(0, 0), draft))) == [1, 2, 1, 2]
