"""A slice joins a part of the state with the functions that change it."""

import dataclasses
import re
from typing import Any

import pytest
from immutables import Map
from pyrsistent import PMap, pmap, pvector

from statestore import Action, ActionError, ReducerError, Slice, StateStoreError, Store


def make_backlog():
    """A slice with one action of each shape."""
    backlog = Slice("backlog", initial={"tasks": {}, "done": 0})

    @backlog.action
    def task_added(draft: Any, id: str, title: str = "untitled", *, priority: int = 1) -> None:
        """Adds a task."""
        draft["tasks"][id] = {"title": title, "priority": priority}

    @backlog.action
    def cleared(draft: Any) -> Any:
        return {"tasks": {}, "done": draft["done"]}

    return backlog, task_added, cleared


def test_a_creator_makes_an_action_named_after_slice_and_function():
    """Its type is `slice/function` and its payload holds the arguments by parameter name, however they were passed."""
    _, task_added, cleared = make_backlog()
    assert task_added.type == "backlog/task_added"
    expected = Action("backlog/task_added", {"id": "T1", "title": "parse", "priority": 2})
    assert task_added("T1", "parse", priority=2) == expected
    assert task_added(priority=2, title="parse", id="T1") == expected
    assert cleared().type == "backlog/cleared"


def test_a_payload_includes_defaults():
    """What was not passed is in the payload with its default, so that a recorded action is complete."""
    _, task_added, _ = make_backlog()
    assert task_added("T1").payload == {"id": "T1", "title": "untitled", "priority": 1}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (((), {}), "id"),
        ((("T1", "t", 3), {}), "positional"),
        ((("T1",), {"titel": "t"}), "titel"),
        ((("T1",), {"id": "T2"}), "id"),
    ],
)
def test_wrong_arguments_raise_at_the_call(arguments, named):
    """A missing, superfluous, unknown or doubled argument is a TypeError at once, naming it, as for any function."""
    _, task_added, _ = make_backlog()
    positional, by_name = arguments
    with pytest.raises(TypeError, match=named):
        task_added(*positional, **by_name)


def test_a_creator_knows_its_own_actions():
    """`match` is true of the actions of this creator only, by type."""
    _, task_added, cleared = make_backlog()
    assert task_added.match(task_added("T1"))
    assert task_added.match(Action("backlog/task_added"))
    assert not task_added.match(cleared())
    assert not task_added.match(Action("backlog/task"))


def test_a_creator_is_named_and_documented_like_its_function():
    """Name and docstring of the function are on the creator, for help and for editors."""
    _, task_added, _ = make_backlog()
    assert task_added.__name__ == "task_added"
    assert task_added.__doc__ == "Adds a task."


def test_a_slice_is_a_reducer():
    """Called with a state and an action it gives the next state; the initial state is frozen and left alone."""
    backlog, task_added, _ = make_backlog()
    assert isinstance(backlog.initial, PMap)
    after = backlog(backlog.initial, task_added("T1", "parse"))
    assert after["tasks"]["T1"] == pmap({"title": "parse", "priority": 1})
    assert backlog.initial == pmap({"tasks": pmap(), "done": 0})


def test_a_slice_function_may_return_the_next_value():
    """A plain value that was returned is frozen and becomes the state."""
    backlog, task_added, cleared = make_backlog()
    state = backlog(backlog(backlog.initial, task_added("T1")), cleared())
    assert state == pmap({"tasks": pmap(), "done": 0})
    assert isinstance(state["tasks"], PMap)


def test_foreign_actions_give_the_same_state_object():
    """An action that no function of the slice asked for changes nothing."""
    backlog, _, _ = make_backlog()
    assert backlog(backlog.initial, Action("other/thing")) is backlog.initial


def test_a_slice_reacts_to_another_creators_actions():
    """`on(creator)` runs for each action of that creator, with the action."""
    _, task_added, _ = make_backlog()
    counter = Slice("counter", initial={"count": 0, "last": None})

    @counter.on(task_added)
    def _(draft, action):
        draft["count"] += 1
        draft["last"] = action.payload["id"]

    state = counter(counter.initial, task_added("T1"))
    assert state == pmap({"count": 1, "last": "T1"})
    assert counter(state, Action("x")) is state


def test_a_slice_reacts_to_a_type_string():
    """`on("type")` runs for actions of exactly that type."""
    log = Slice("log", initial=[])

    @log.on("job/failed")
    def _(draft, action):
        draft.append(action.payload)

    assert log(log.initial, Action("job/failed", "why")) == pvector(["why"])
    assert log(log.initial, Action("job/failed/again", "why")) is log.initial


def test_a_slice_reacts_to_a_predicate():
    """`on(function)` runs for every action that the function accepts."""
    log = Slice("log", initial=[])

    @log.on(lambda action: action.type.endswith("/failed"))
    def _(draft, action):
        draft.append(action.type)

    state = log(log(log.initial, Action("a/failed")), Action("b/failed"))
    assert list(state) == ["a/failed", "b/failed"]
    assert log(state, Action("a/done")) is state


def test_all_reactions_to_one_action_run():
    """An own action that is also listened to runs its function and every reaction, in the order of definition."""
    log = Slice("log", initial=[])

    @log.action
    def noted(draft, text):
        draft.append(text)

    @log.on(noted)
    def _first(draft, action):
        draft.append("first")

    @log.on(lambda action: True)
    def _second(draft, action):
        draft.append("second")

    assert list(log(log.initial, noted("own"))) == ["own", "first", "second"]


def test_a_scalar_state_is_given_and_returned():
    """With a scalar state the functions get the value itself and return the next one."""
    count = Slice("count", initial=0)

    @count.action
    def added(value, by: int = 1):
        return value + by

    @count.on("reset")
    def _(value, action):
        return 0

    store = Store(count)
    store.dispatch(added())
    store.dispatch(added(5))
    assert store.state == 6
    store.dispatch(Action("reset"))
    assert store.state == 0


@pytest.mark.parametrize("initial", [None, False, 0, 0.0, "", b"", 3.5, "text"])
def test_every_scalar_can_be_a_state(initial):
    """None, booleans, numbers, text and bytes are states that a function replaces by returning another."""
    value = Slice("value", initial=initial)

    @value.action
    def replaced(old, new):
        assert old is initial or old == initial
        return new

    store = Store(value)
    assert store.state == initial
    store.dispatch(replaced("next"))
    assert store.state == "next"


def test_a_slice_keeps_the_kind_of_its_state():
    """An `immutables.Map` and a frozen dataclass stay what they are through edits of their drafts."""

    @dataclasses.dataclass(frozen=True)
    class Job:
        done: int = 0

    jobs = Slice("jobs", initial=Map({"a": Job()}))

    @jobs.action
    def finished(draft, id):
        draft[id].done += 1

    state = jobs(jobs.initial, finished("a"))
    assert isinstance(state, Map)
    assert state["a"] == Job(1)


def test_editing_and_returning_is_refused():
    """A function that edits its draft and returns a value raises, naming slice and action; the state stays."""
    backlog = Slice("backlog", initial={"done": 0})

    @backlog.action
    def confused(draft):
        draft["done"] = 1
        return {"done": 2}

    store = Store(backlog)
    before = store.state
    with pytest.raises(ReducerError, match="confused"):
        store.dispatch(confused())
    assert store.state is before


def test_star_arguments_are_refused_when_defined():
    """A payload names its values, so a function with `*args` cannot be an action, and the error says so at once."""
    backlog = Slice("backlog", initial={})
    with pytest.raises(TypeError, match=r"\*") as caught:

        @backlog.action
        def added(draft, *ids):
            draft["ids"] = ids

    assert isinstance(caught.value, StateStoreError)


def test_a_function_without_a_draft_is_refused_when_defined():
    """A function that takes nothing cannot be given the draft, and the error says so at once."""
    backlog = Slice("backlog", initial={})
    with pytest.raises(ActionError):

        @backlog.action
        def added():
            pass


@pytest.mark.parametrize("what", [None, 3, ["a"]])
def test_what_a_slice_cannot_react_to_is_refused(what):
    """`on` takes a creator, a type or a predicate; anything else is refused, and the message shows it."""
    with pytest.raises(ActionError, match=re.escape(repr(what))):
        Slice("log", initial=[]).on(what)(lambda draft, action: None)


def test_two_actions_of_one_name_are_refused():
    """A second function of the same name would silently take the first one's actions, so it is refused."""
    log = Slice("log", initial=[])

    def noted(draft, text):
        draft.append(text)

    log.action(noted)
    with pytest.raises(StateStoreError, match="noted"):
        log.action(noted)


def test_payloads_are_not_changed_by_the_reducer():
    """A mutable value passed to a creator is taken as it is then: edits of the state do not reach it."""
    log = Slice("log", initial={"tags": []})

    @log.action
    def tagged(draft, tags):
        draft["tags"] = tags
        draft["tags"].append("added by the reducer")

    tags = ["a"]
    action = tagged(tags)
    assert list(log(log.initial, action)["tags"]) == ["a", "added by the reducer"]
    assert tags == ["a"]
    assert action.payload == {"tags": ["a"]}


def test_reactions_that_cancel_out_change_nothing():
    """If one function sets a value and the next sets it back, the state is the very object from before."""
    light = Slice("light", initial={"on": False, "log": []})

    @light.action
    def switched(draft):
        draft["on"] = not draft["on"]

    @light.on(switched)
    def _(draft, action):
        draft["on"] = not draft["on"]

    assert light(light.initial, switched()) is light.initial


def test_an_action_by_hand_without_a_payload_has_no_arguments():
    """For a function without parameters the type alone is enough."""
    backlog, _, cleared = make_backlog()
    store = Store(backlog, initial={"tasks": {"T1": {}}, "done": 1})
    store.dispatch({"type": cleared.type})
    assert store.state == backlog.initial.set("done", 1)


@pytest.mark.parametrize("payload", [3, "T1", ["T1"]])
def test_an_action_by_hand_with_a_payload_that_holds_no_names_is_refused(payload):
    """The payload of a slice's own action is a mapping from its parameters; the error names the action."""
    backlog, task_added, _ = make_backlog()
    store = Store(backlog)
    with pytest.raises(ActionError, match=task_added.type):
        store.dispatch(Action(task_added.type, payload))
    assert store.state is backlog.initial


def test_an_action_by_hand_gets_the_defaults():
    """What its payload leaves out has the function's default, and what is missing or unknown is a TypeError."""
    backlog, task_added, _ = make_backlog()
    store = Store(backlog)
    store.dispatch(Action(task_added.type, {"id": "T1"}))
    assert store.state["tasks"]["T1"] == pmap({"title": "untitled", "priority": 1})
    before = store.state
    for payload in ({}, None, {"id": "T2", "colour": "red"}):
        with pytest.raises(TypeError):
            store.dispatch(Action(task_added.type, payload))
    assert store.state is before


@pytest.mark.parametrize("name", [None, 3, ""])
def test_a_slice_needs_a_name(name):
    """Its actions are called after it, so anything but a string with something in it is refused."""
    with pytest.raises(ActionError, match="name"):
        Slice(name, initial={})
