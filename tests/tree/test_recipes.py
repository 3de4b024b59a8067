"""What a recipe may be and what it may return."""

import pytest
from pyrsistent import pmap, pvector

from statestore import (
    ActionError,
    Patch,
    ReducerError,
    freeze,
    produce,
    produce_with_patches,
)


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
