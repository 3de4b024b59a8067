"""`log_actions` writes a line for every action to the standard logging."""

import logging

import pytest

from statestore import Action, Store, log_actions


def reducer(state, action):
    if action.type == "jobs/failed":
        raise ValueError("no room")
    return state + 1


def test_an_applied_action_is_logged_by_name(caplog):
    """One INFO line names the store and the action."""
    caplog.set_level(logging.INFO, "statestore")
    Store(reducer, initial=0, name="backlog", middleware=[log_actions]).dispatch(Action("jobs/added", 3))
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "backlog" in record.getMessage()
    assert "jobs/added" in record.getMessage()


def test_a_failed_action_is_logged_with_its_error(caplog):
    """One ERROR line names the action and the error, and the error goes on."""
    caplog.set_level(logging.INFO, "statestore")
    store = Store(reducer, initial=0, middleware=[log_actions])
    with pytest.raises(ValueError, match="no room"):
        store.dispatch(Action("jobs/failed"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "jobs/failed" in record.getMessage()
    assert "no room" in record.getMessage()


def test_logging_changes_nothing(caplog):
    """Result and state are as without it."""
    store = Store(reducer, initial=0, middleware=[log_actions])
    action = Action("jobs/added")
    assert store.dispatch(action) is action
    assert store.state == 1


def test_payloads_are_not_logged(caplog):
    """What an action carries may be secret, so only its name is written."""
    caplog.set_level(logging.DEBUG, "statestore")
    Store(reducer, initial=0, middleware=[log_actions]).dispatch(Action("jobs/added", {"password": "hunter2"}))
    assert "hunter2" not in caplog.text
