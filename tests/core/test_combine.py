"""`combine` makes one reducer of several, each for its own key."""

import pytest
from immutables import Map

from statestore import Action, ActionError, Slice, Store, combine


def make_slices():
    """Two slices, the second of which listens to the first."""
    jobs = Slice("jobs", initial={"running": 0})
    count = Slice("count", initial=0)

    @jobs.action
    def started(draft):
        draft["running"] += 1

    @jobs.action
    def renamed(draft):
        draft["name"] = "x"

    @count.on(started)
    def _(value, action):
        return value + 1

    return jobs, count, started, renamed


def test_slices_are_combined_under_their_names():
    """The state has one key for each slice, with its initial value."""
    jobs, count, *_ = make_slices()
    store = Store(combine(jobs, count))
    assert dict(store.state) == {"jobs": jobs.initial, "count": 0}


def test_every_reducer_sees_every_action():
    """One action may change several keys."""
    jobs, count, started, _ = make_slices()
    store = Store(combine(jobs, count))
    store.dispatch(started())
    assert store.state["jobs"]["running"] == 1
    assert store.state["count"] == 1


def test_parts_that_did_not_change_stay_the_same_objects():
    """Only the part that an action changed is new, and if none is, the whole state is the same object."""
    jobs, count, _, renamed = make_slices()
    reducer = combine(jobs, count)
    store = Store(reducer)
    before = store.state
    store.dispatch(Action("nobody listens"))
    assert store.state is before
    store.dispatch(renamed())
    assert store.state is not before
    assert store.state["count"] is before["count"]


def test_any_reducers_are_combined_by_key():
    """Plain functions take part under the keyword they were given; their state comes from `initial=`."""

    def tasks(state, action):
        return (*state, action.payload) if action.type == "task" else state

    def users(state, action):
        return state + 1 if action.type == "user" else state

    store = Store(combine(tasks=tasks, users=users), initial={"tasks": (), "users": 0})
    store.dispatch(Action("task", "T1"))
    store.dispatch(Action("user"))
    assert dict(store.state) == {"tasks": ("T1",), "users": 1}
    before = store.state
    store.dispatch(Action("other"))
    assert store.state is before


def test_a_slice_under_another_key():
    """A slice given by keyword lives under that key, and its actions keep the slice's name."""
    jobs, _, started, _ = make_slices()
    store = Store(combine(work=jobs))
    store.dispatch(started())
    assert store.state["work"]["running"] == 1


def test_combined_reducers_can_be_combined():
    """A combination is a reducer like any other, with the initial values of its parts."""
    jobs, count, started, _ = make_slices()
    store = Store(combine(inner=combine(jobs, count), again=count))
    store.dispatch(started())
    assert store.state["inner"]["jobs"]["running"] == 1
    assert store.state["inner"]["count"] == store.state["again"] == 1


def test_an_initial_state_of_another_kind_keeps_it():
    """A combined state given as `immutables.Map` stays one."""
    jobs, count, started, _ = make_slices()
    store = Store(combine(jobs, count), initial=Map({"jobs": {"running": 5}, "count": 5}))
    store.dispatch(started())
    assert isinstance(store.state, Map)
    assert store.state["jobs"]["running"] == 6
    assert store.state["count"] == 6


def test_keys_that_no_reducer_owns_are_kept():
    """What else is in the state stays untouched beside the combined parts."""
    _, count, started, _ = make_slices()
    store = Store(combine(count), initial={"count": 0, "config": {"a": 1}})
    config = store.state["config"]
    store.dispatch(started())
    assert store.state["count"] == 1
    assert store.state["config"] is config


def test_an_error_in_one_part_leaves_every_part():
    """If one reducer raises, no part is changed, even those that ran before it."""

    def broken(state, action):
        if action.type == "jobs/started":
            raise RuntimeError("broken")
        return state

    jobs, count, started, _ = make_slices()
    store = Store(
        combine(jobs=jobs, count=count, broken=broken), initial={"jobs": {"running": 0}, "count": 0, "broken": None}
    )
    before = store.state
    with pytest.raises(RuntimeError, match="broken"):
        store.dispatch(started())
    assert store.state is before


def test_two_slices_of_one_name_are_refused():
    """The second one would hide the first, so combining them raises, naming the key."""
    with pytest.raises(ActionError, match="jobs"):
        combine(Slice("jobs", initial={}), Slice("jobs", initial={}))
    with pytest.raises(ActionError, match="jobs"):
        combine(Slice("jobs", initial={}), jobs=lambda state, action: state)


def test_only_slices_are_combined_without_a_key():
    """A plain function has no name of its own to live under, so it needs a keyword; the error says so."""
    with pytest.raises(ActionError):
        combine(lambda state, action: state)
    with pytest.raises(ActionError):
        combine(tasks=3)
    with pytest.raises(ActionError):
        combine()
