"""A selector computes again only when what it depends on is another object."""

import gc
import weakref

import pytest

from statestore import ActionError, select


def counted(function):
    """Counts how often it was called."""

    def wrapper(*arguments):
        wrapper.calls += 1
        return function(*arguments)

    wrapper.calls = 0
    return wrapper


def test_a_selector_combines_its_inputs():
    """Each input selects from the state, and `combine` gets their results in order."""
    total = select(lambda state: state["a"], lambda state: state["b"], combine=lambda a, b: a - b)
    assert total({"a": 5, "b": 3}) == 2


def test_the_same_state_is_not_computed_twice():
    """For the same state object neither inputs nor combination run again, and the result is the same object."""
    items = counted(lambda state: state["items"])
    combine = counted(lambda items: [item * 2 for item in items])
    doubled = select(items, combine=combine)
    state = {"items": (1, 2)}
    assert doubled(state) is doubled(state)
    assert combine.calls == 1


def test_unchanged_inputs_are_not_combined_again():
    """If the state is new but the selected parts are the same objects, the result is too."""
    combine = counted(lambda items: [item * 2 for item in items])
    doubled = select(lambda state: state["items"], combine=combine)
    items = (1, 2)
    assert doubled({"items": items, "other": 1}) is doubled({"items": items, "other": 2})
    assert combine.calls == 1
    doubled({"items": (3,), "other": 2})
    assert combine.calls == 2


def test_equal_inputs_that_are_other_objects_are_combined_again():
    """Identity decides, so a part that only compares equal, as True does to 1, gives a new result."""
    named = select(lambda state: state["n"], combine=repr)
    assert [named({"n": value}) for value in (1, True, 1.0)] == ["1", "True", "1.0"]


def test_selectors_are_inputs_of_selectors():
    """A selector made of selectors computes nothing again that did not change."""
    combine = counted(lambda items: tuple(item * 2 for item in items))
    doubled = select(lambda state: state["items"], combine=combine)
    total = select(doubled, lambda state: state["bonus"], combine=lambda items, bonus: sum(items) + bonus)
    items = (1, 2)
    assert total({"items": items, "bonus": 1}) == 7
    assert total({"items": items, "bonus": 2}) == 8
    assert combine.calls == 1


def test_an_error_is_not_remembered():
    """A combination that raised runs again at the next call."""
    ratio = select(lambda state: state["a"], combine=counted(lambda a: 1 // a))
    state = {"a": 0}
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            ratio(state)
    assert ratio({"a": 1}) == 1


def test_a_selector_does_not_keep_old_states_alive():
    """Only what the last call needed is kept."""

    class Part:
        """Something that can be watched for its end."""

    doubled = select(lambda state: state["part"], combine=id)
    part = Part()
    ended = weakref.ref(part)
    doubled({"part": part})
    del part
    doubled({"part": Part()})
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize("inputs", [(), (3,), ("items",)])
def test_what_is_no_input_is_refused(inputs):
    """A selector needs at least one function as input."""
    with pytest.raises(ActionError):
        select(*inputs, combine=len)


def test_what_cannot_combine_is_refused():
    """`combine` has to be a function."""
    with pytest.raises(ActionError):
        select(len, combine=3)
