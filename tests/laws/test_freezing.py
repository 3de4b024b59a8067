"""Plain data becomes immutable on its way in and plain again on its way out."""

from hypothesis import given
from pyrsistent import PMap, PSet, PVector

from statestore import freeze, thaw

from .states import mirror, plain, portrait, trees


@given(plain)
def test_thawing_what_was_frozen_gives_it_back(value):
    """Plain data survives freezing and thawing, and the frozen form holds no mutable container."""
    frozen = freeze(value)
    assert portrait(mirror(frozen)) == portrait(mirror(value))
    assert portrait(thaw(frozen)) == portrait(value)


@given(plain)
def test_frozen_plain_data_is_pyrsistent(value):
    """A dict becomes a PMap, a list a PVector, a set a PSet, and a leaf stays what it is."""
    kinds = {dict: PMap, list: PVector, set: PSet}
    assert isinstance(freeze(value), kinds.get(type(value), type(value)))


@given(trees)
def test_immutable_values_are_taken_as_they_are(value):
    """Freezing any immutable value gives the same object."""
    assert freeze(value) is value


@given(trees)
def test_thaw_gives_plain_data_for_every_kind(value):
    """Whatever the kinds in it, thawing gives dicts, lists and sets, with records as dicts of their fields."""
    assert portrait(thaw(value)) == portrait(unnamed(mirror(value)))


@given(trees)
def test_thawed_data_is_not_shared_with_the_state(value):
    """Changing what `thaw` gave reaches neither the value nor what `thaw` gives next."""
    likeness, first = portrait(value), thaw(value)
    if hasattr(first, "clear"):
        first.clear()
    assert portrait(value) == likeness
    assert portrait(thaw(value)) == portrait(unnamed(mirror(value)))


def unnamed(copy):
    """The mirror with records as plain dicts."""
    if isinstance(copy, dict):
        return {key: unnamed(item) for key, item in copy.items()}
    return [unnamed(item) for item in copy] if isinstance(copy, list) else copy
