"""Expressions of the person at the keyboard."""

import pytest

from statestore import ActionError
from statestore.cli.expressions import Expression


def test_it_is_evaluated_over_the_names():
    """Also within comprehensions, which have a scope of their own; Python's built-ins are there."""
    assert Expression("state['n'] > limit")({"state": {"n": 3}, "limit": 2}) is True
    assert Expression("sum(x * factor for x in state)")({"state": [1, -1], "factor": 2}) is False


@pytest.mark.parametrize("text", ["state['x']", "state.x", "[][0]", "state['a']['b']"])
def test_what_is_not_there_is_false(text):
    """A key, an index, an attribute; the error is kept."""
    expression = Expression(text)
    assert expression({"state": {"a": {}}}) is False
    assert isinstance(expression.missed, LookupError | AttributeError)
    assert Expression("'a' in state")({"state": {"a": {}}}) is True


@pytest.mark.parametrize("text", ["", "x =", "x = 1", "import os", "(", "\0"])
def test_what_is_no_expression_is_refused(text):
    """Nothing, statements, unfinished ones."""
    with pytest.raises(ActionError, match="no Python expression"):
        Expression(text)


@pytest.mark.parametrize("text", ["1 / 0", "nothing", "len(3)"])
def test_other_errors_are_told(text):
    """With the expression and what it raised."""
    with pytest.raises(ActionError, match="raised"):
        Expression(text)({})


def test_it_knows_its_names():
    """At any depth, so that what is not asked for need not be made."""
    expression = Expression("any(task for task in (lambda: state)())")
    assert expression.uses("state")
    assert not expression.uses("payload")
