"""Drafts are used as dicts, lists and sets are, wrong uses included."""

from contextlib import suppress

import pytest
from immutables import Map
from pyrsistent import pdeque, plist, pmap, pvector

from statestore import (
    apply_patches,
    freeze,
    produce,
    produce_with_patches,
)

from ..laws.states import Pair


def run(base, recipe):
    """Produces with a recipe whose result does not count, and checks the patches both ways."""

    def silent(draft):
        recipe(draft)

    value, patches, inverse = produce_with_patches(base, silent)
    assert apply_patches(base, patches) == value
    assert apply_patches(value, inverse) == base
    return value


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
