"""What is the same stays the same object: at every level, and for every kind."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

from statestore import freeze, produce, produce_with_patches

from .edits import Edited, edited
from .states import MAPPINGS, RECORDS, SEQUENCES, containers, fields_of, members, mirror, plain, same, scalars, trees
from .test_drafts import parts


@given(edited())
def test_what_holds_the_same_as_before_is_not_copied(done: Edited):
    """A container that is after the program what it was before is an object of the base, wherever it was moved to."""
    of_base = {id(part) for _, part in done.origins.values()}

    def check(model, value):
        _, was = done.origins.get(id(model), (None, None))
        assert id(value) in of_base or not same(value, was)
        for part, below in parts(model, value):
            check(part, below)

    check(done.model, done.value)


@given(edited())
def test_what_is_the_same_at_the_same_place_is_the_same_object(done: Edited):
    """Below the same keys and fields, equal values before and after are identical."""

    def check(before, after):
        assert (before is after) == same(before, after)
        if type(before) is not type(after):
            return
        if fields_of(before) is not None:
            for name in fields_of(before):
                check(getattr(before, name), getattr(after, name))
        elif isinstance(mirror(before), dict):
            for key in before:
                if key in after:
                    check(before[key], after[key])

    check(freeze(done.base), done.value)


@given(edited())
def test_a_program_without_effect_gives_the_base_and_no_patches(done: Edited):
    """Patches are empty exactly if the value is the base itself, as it is if it has the same classes and contents."""
    unchanged = same(done.value, done.base)
    assert (done.value is done.base) == unchanged
    assert (done.patches == ()) == unchanged
    assert (done.inverse == ()) == unchanged


def put(draft, value):
    """Puts a value where a one-item container of any kind has its item."""
    if hasattr(draft, "left"):
        draft.left = value
    else:
        draft[0] = value


HOLDERS = [
    *(lambda item, make=make: make({0: item}) for make in MAPPINGS),
    *(lambda item, make=make: make([item]) for make in SEQUENCES),
    *(lambda item, make=make: make(left=item, right=None) for make in RECORDS),
]


@given(st.sampled_from(HOLDERS), trees)
def test_putting_an_equal_value_changes_nothing(hold, item):
    """An equal value that shares nothing with what is there gives the base itself and no patches."""
    base, copy = hold(item), pickle.loads(pickle.dumps(item))
    assert produce_with_patches(base, lambda draft: put(draft, copy)) == (base, (), ())
    assert produce(base, lambda draft: put(draft, copy)) is base


@given(st.sampled_from([lambda item: pmap({0: item}), lambda item: pvector([item])]), plain)
def test_putting_the_plain_form_of_what_is_there_changes_nothing(hold, item):
    """A dict, list or set whose frozen form is there already gives the base itself and no patches."""
    base = hold(freeze(item))
    assert produce_with_patches(base, lambda draft: put(draft, item)) == (base, (), ())
    assert produce(base, lambda draft: put(draft, item)) is base


@given(st.sampled_from(HOLDERS), scalars, scalars)
def test_equality_is_strict_on_type(hold, old, new):
    """A leaf is replaced exactly if class or value differ: 1, True and 1.0 are three values, and a NaN is one."""
    base = hold(old)
    value, patches, inverse = produce_with_patches(base, lambda draft: put(draft, new))
    assert (value is base) == same(old, new)
    assert len(patches) == len(inverse) == (0 if same(old, new) else 1)
    assert same(mirror(value), mirror(hold(new)))


@pytest.mark.parametrize("hold", HOLDERS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": {"b": 1}}, {"a": {"b": True}}),
        ([[1]], [[1.0]]),
        ((1, (0,)), (1, (False,))),
        (frozenset({1}), frozenset({True})),
        ({1: "x"}, {True: "x"}),
        (frozenset({(1,)}), frozenset({(1.0,)})),
    ],
)
def test_equality_is_strict_at_any_depth(hold, old, new):
    """Two containers that Python calls equal are told apart by the class of a leaf, a member or a key in them."""
    base, changed = hold(freeze(old)), freeze(new)
    assert freeze(old) == changed
    value, patches, _ = produce_with_patches(base, lambda draft: put(draft, changed))
    assert value is not base
    assert patches
    assert same(value, hold(changed))


@given(containers(scalars), st.data())
def test_a_change_that_is_taken_back_changes_nothing(base, data):
    """Content decides, not the way there: edits that cancel out give the base itself."""
    copy = mirror(base)

    def there_and_back(draft):
        if isinstance(copy, list):
            draft.append(1)
            draft.insert(0, 2)
            draft.pop()
            del draft[0]
        elif isinstance(copy, set):
            member = data.draw(members)
            if member not in copy:
                draft.add(member)
                draft.remove(member)
        elif type(copy) is dict:
            draft["new key"] = 1
            del draft["new key"]
        else:
            draft.left, was = "new value", draft.left
            draft.left = was

    assert produce_with_patches(base, there_and_back) == (base, (), ())
    assert produce(base, there_and_back) is base
