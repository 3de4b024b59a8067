"""Comparing two runs."""

import pytest

from statestore import ActionError
from tests.history.boards import count, make_store, put


def filled(*actions):
    """The history of a store that has got these actions."""
    store, history = make_store()
    for action in actions:
        store.dispatch(action)
    return history


def test_two_runs_of_the_same_actions_are_the_same():
    """Times and seqs do not count."""
    one, other = filled(put("a"), count()), filled(put("a"), count())
    found = one.compare(other)
    assert not found
    assert (found.common, found.left, found.right) == (2, None, None)
    assert str(found) == "no difference in 2 commits"


def test_the_first_commit_that_differs_is_named():
    """With the commits on both sides, and what the states differ by there and at the ends."""
    one, other = filled(put("a"), put("b"), count()), filled(put("a"), put("c"), count())
    found = one.compare(other)
    assert found
    assert found.common == 1
    assert (found.left.action, found.right.action) == (put("b"), put("c"))
    assert {patch.path for patch in found.parting.patches} == {("tasks", "b"), ("tasks", "c")}
    assert "left:  2 board/put" in str(found)


def test_a_run_that_ends_sooner_differs_there():
    """The missing side is None."""
    found = filled(put("a")).compare(filled(put("a"), put("b")))
    assert (found.common, found.left, found.right.seq) == (1, None, 2)
    assert "left:  ends here" in str(found)
    assert str(found.diff).startswith("+ root['tasks']['b']")


def test_the_same_action_with_another_outcome_differs():
    """What counts is what happened, not only what was asked for."""
    from tests.history.boards import make_reducer

    store, history = make_store()
    store.replace_reducer(make_reducer("draft", version=2))
    store.dispatch(count())
    assert filled(count()).compare(history).common == 0


def test_other_beginnings_are_told():
    """Runs that begin with different states say so first."""
    store, history = make_store()
    store.dispatch(put("a"))
    history.clear()
    found = filled().compare(history)
    assert found
    assert "begin with different states" in str(found)


def test_only_histories_compare():
    """Anything else is refused."""
    with pytest.raises(ActionError, match="history"):
        filled().compare([])
