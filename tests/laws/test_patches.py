"""Patches say what changed, forwards and backwards, in a size that fits the change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pdeque, plist, pvector

from statestore import Patch, apply_patches, freeze, produce_with_patches

from .edits import Edited, edited
from .states import mirror, portrait, trees


@given(edited())
def test_patches_lead_from_the_base_to_the_value(done: Edited):
    """Applying the patches to the base gives the produced value, in class and content throughout."""
    assert portrait(apply_patches(done.base, done.patches)) == portrait(done.value)


@given(edited())
def test_inverse_patches_lead_back_to_the_base(done: Edited):
    """Applying the inverse to the produced value gives the base, in class and content throughout."""
    assert portrait(apply_patches(done.value, done.inverse)) == portrait(done.base)


@given(edited())
def test_patches_are_plain_values(done: Edited):
    """Each patch names one of the three operations and a tuple as its path, and a removal carries no value."""
    for patch in (*done.patches, *done.inverse):
        assert isinstance(patch, Patch)
        assert patch.op in ("add", "replace", "remove")
        assert isinstance(patch.path, tuple)
        assert patch.op != "remove" or patch.value is None


@given(edited())
def test_no_patch_holds_a_draft(done: Edited):
    """Values in patches are finished: the same before and after they were applied, and none of them a draft."""
    likenesses = [portrait(patch.value) for patch in done.patches]
    apply_patches(done.base, done.patches)
    assert [portrait(patch.value) for patch in done.patches] == likenesses
    assert "Draft" not in repr(likenesses)


@given(trees, trees)
def test_a_returned_value_is_one_patch_at_the_root(base, other):
    """A recipe that returns another value replaces the root, and the inverse puts the base back."""
    value, patches, inverse = produce_with_patches(base, lambda _: other)
    assert portrait(value) == portrait(other)
    assert portrait(apply_patches(base, patches)) == portrait(other)
    assert portrait(apply_patches(value, inverse)) == portrait(base)


SEQUENCES = [pvector, tuple, plist, pdeque]
HANDFUL = 4
EDITS = {
    "insert at the front": lambda draft: draft.insert(0, "new"),
    "insert in the middle": lambda draft: draft.insert(5_000, "new"),
    "append": lambda draft: draft.append("new"),
    "pop the first": lambda draft: draft.pop(0),
    "pop the last": lambda draft: draft.pop(),
    "delete": lambda draft: draft.__delitem__(5_000),
    "remove": lambda draft: draft.remove(7_000),
    "set": lambda draft: draft.__setitem__(5_000, "new"),
    "set a slice": lambda draft: draft.__setitem__(slice(100, 102), ["new"]),
    "both ends": lambda draft: (draft.insert(0, "new"), draft.pop()),
    "rotate": lambda draft: draft.append(draft.pop(0)),
    "rotate back": lambda draft: draft.insert(0, draft.pop()),
    "clear": lambda draft: draft.clear(),
    "reverse": lambda draft: draft.reverse(),
    "sort": lambda draft: draft.sort(reverse=True),
    "set all": lambda draft: draft.__setitem__(slice(None), range(1, 9_000)),
    "delete most": lambda draft: draft.__delitem__(slice(10, None)),
}


@pytest.mark.parametrize("make", SEQUENCES)
@pytest.mark.parametrize("edit", EDITS)
def test_one_edit_of_a_long_list_is_a_handful_of_patches(make, edit):
    """One edit of a sequence of 10,000, be it of all elements, gives a few patches each way, whatever had to move."""
    base = make(range(10_000))

    def change(draft):
        EDITS[edit](draft)

    value, patches, inverse = produce_with_patches(base, change)
    assert 1 <= len(patches) <= HANDFUL
    assert 1 <= len(inverse) <= HANDFUL
    assert portrait(apply_patches(base, patches)) == portrait(value)
    assert portrait(apply_patches(value, inverse)) == portrait(base)


def test_an_element_that_moved_is_edited_in_place():
    """After an insertion, `draft[i] += ...` is the edit below the element, not another element."""
    base = freeze([[*range(100)], []])

    def change(draft):
        draft.insert(0, "new")
        draft[1] += [100]

    _, patches, _ = produce_with_patches(base, change)
    assert patches == (Patch("add", (0,), "new"), Patch("add", (1, 100), 100))


@given(st.permutations(range(20)), st.lists(st.integers(0, 19), max_size=5), st.booleans())
def test_edits_below_elements_hold_when_all_of_them_moved(order, edited, before):
    """Sorting a list of 20 gives patches that lead both ways, with its elements edited before or after."""
    base = freeze([{"place": place, "tags": []} for place in order])

    def edit(draft):
        for index in edited:
            draft[index]["tags"].append("seen")

    def change(draft):
        if before:
            edit(draft)
        draft.sort(key=lambda element: element["place"])
        if not before:
            edit(draft)

    value, patches, inverse = produce_with_patches(base, change)
    assert [element["place"] for element in value] == list(range(20))
    assert len([element for element in value if element["tags"]]) == len(set(edited))
    assert apply_patches(base, patches) == value
    assert apply_patches(value, inverse) == base


@given(st.integers(0, 1_000), st.integers(1, 20), st.booleans())
def test_patches_of_a_long_list_are_no_more_than_its_edits(start, count, front):
    """`count` insertions or removals in a list of 1,000 give at most `count` patches each way."""
    base = pvector(range(1_000))

    def change(draft):
        for _ in range(count):
            draft.insert(start, "new") if front else draft.pop(min(start, len(draft) - 1))

    value, patches, inverse = produce_with_patches(base, change)
    assert len(patches) <= count
    assert len(inverse) <= count
    assert mirror(apply_patches(base, patches)) == mirror(value)
