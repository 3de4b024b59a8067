"""The end of a draft, and what it is before that: a view of a moment."""

import copy
import pickle

import pytest
from pyrsistent import pmap, pset, pvector

from statestore import (
    DraftError,
    StateStoreError,
    current,
    freeze,
    original,
    produce,
)

from ..laws.states import Pair, Task, Ticket

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
