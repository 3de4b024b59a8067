"""`diff` finds the way from any value to any other, and says nothing about what they share."""

from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

from statestore import apply_patches, diff
from statestore.tree.equality import same

from .edits import Edited, edited
from .states import containers, keys, plain, portrait, scalars, trees


@given(trees, trees)
def test_the_patches_of_a_diff_make_the_second_of_the_first(one, other):
    """For any two states the patches of their difference lead from the first to the second."""
    assert portrait(apply_patches(one, diff(one, other).patches)) == portrait(other)


@given(edited())
def test_a_diff_finds_what_edits_did(done: Edited):
    """The difference of a base and what a program made of it leads from one to the other, both ways."""
    assert portrait(apply_patches(done.base, diff(done.base, done.value).patches)) == portrait(done.value)
    assert portrait(apply_patches(done.value, diff(done.value, done.base).patches)) == portrait(done.base)


@given(st.dictionaries(keys, st.integers()), st.lists(st.tuples(keys, st.none() | st.integers()), max_size=40))
def test_maps_made_from_each_other_differ_where_they_were_changed(start, steps):
    """However often a map was set and discarded from, growing or not, no change to it is missed."""
    old = new = pmap(start)
    for key, value in steps:
        new = new.discard(key) if value is None else new.set(key, value)
    assert portrait(apply_patches(old, diff(old, new).patches)) == portrait(new)
    assert portrait(apply_patches(new, diff(new, old).patches)) == portrait(old)
    assert same(old, new) == (portrait(old) == portrait(new))


@given(containers(scalars), containers(scalars))
def test_flat_states_differ_by_few_patches(one, other):
    """Between two small containers there are never more patches than both have items together, and one for the root."""
    size = sum(len(value) if hasattr(value, "__len__") else 2 for value in (one, other))
    assert len(diff(one, other).patches) <= size + 1


@given(trees)
def test_a_value_does_not_differ_from_itself(value):
    """The difference of a value and itself is empty, as patches and as a DeepDiff."""
    assert tuple(diff(value, value).patches) == ()
    assert not diff(value, value).deepdiff


@given(plain)
def test_equal_copies_do_not_differ(value):
    """Two values made apart from the same plain data have no difference."""
    assert tuple(diff(pmap({"held": pvector([repr(value)])}), pmap({"held": pvector([repr(value)])})).patches) == ()


@given(trees, trees)
def test_a_diff_is_a_deepdiff_and_a_text_too(one, other):
    """Any two states have a real DeepDiff, empty exactly if there are no patches, and a text."""
    found = diff(one, other)
    assert isinstance(found.deepdiff, DeepDiff)
    assert isinstance(str(found), str)
    if not found.patches:
        assert not found.deepdiff
