"""Cost follows the edits, not the size of the state: counted in calls and in bytes, not in seconds."""

import gc
import sys
import tracemalloc

import pytest
from immutables import Map
from pyrsistent import pmap, pvector

from statestore import Action, Slice, Store, apply_patches, diff, produce, produce_with_patches
from statestore.tree.equality import same

SMALL, LARGE = 100, 30_000
# The persistent structures are trees of 32 branches, so three hundred times as much is two levels more.
AT_MOST = 1.5


def calls(act):
    """How many functions, in Python and in C, are called while it runs."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    act()  # whatever is found out once is found out now
    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def peak_bytes(act):
    """The most memory that was held beyond what was there before, while it runs."""
    act()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        act()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def tasks(make, size):
    """A state with that many tasks in a mapping, and as many lines in a list."""
    return make({"by id": make({n: make({"status": "planned"}) for n in range(size)}), "log": pvector(range(size))})


def set_one(draft):
    draft["by id"][50]["status"] = "done"


def add_and_remove(draft):
    draft["by id"]["new"] = {"status": "planned"}
    del draft["by id"][7]


def append(draft):
    draft["log"].append("line")
    draft["log"][3] = "changed"


EDITS = {"set one": set_one, "add and remove": add_and_remove, "append": append}


@pytest.mark.parametrize("make", [pmap, Map])
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_costs_the_same_in_a_small_and_in_a_large_state(make, edit):
    """With three hundred times as many items, an edit with its patches makes hardly more calls, and copies no list."""
    small, large = tasks(make, SMALL), tasks(make, LARGE)
    for run in (produce, produce_with_patches):
        assert calls(lambda run=run: run(large, EDITS[edit])) <= AT_MOST * calls(
            lambda run=run: run(small, EDITS[edit])
        )
    assert peak_bytes(lambda: produce_with_patches(large, EDITS[edit])) < LARGE  # a copy would be eight times that


@pytest.mark.parametrize("make", [pmap, Map])
def test_a_result_costs_what_it_does_not_share_with_the_base(make):
    """A recipe that returns a value made from the base costs the same however large the parts are that it kept."""
    small, large = tasks(make, SMALL), tasks(make, LARGE)

    def cost(base):
        return calls(lambda: produce(base, lambda draft: base.set("new", make({"n": pvector([1])}))))

    assert cost(large) <= cost(small) * AT_MOST


@pytest.mark.parametrize("make", [pmap, Map])
def test_a_hundred_edits_cost_at_most_a_hundred_times_one(make):
    """Cost grows with the number of edits, and no faster."""
    state = tasks(make, SMALL)

    def edit(count):
        def recipe(draft):
            for number in range(count):
                draft["by id"][number]["status"] = "done"

        return lambda: produce_with_patches(state, recipe)

    assert calls(edit(100)) <= 100 * calls(edit(1))


@pytest.mark.parametrize("make", [pmap, Map])
def test_patches_apply_at_the_cost_of_the_patches(make):
    """Applying a patch to a large mapping makes hardly more calls than to a small one."""

    def apply(size):
        state = tasks(make, size)
        _, patches, _ = produce_with_patches(state, set_one)
        return lambda: apply_patches(state, patches)

    assert calls(apply(LARGE)) <= AT_MOST * calls(apply(SMALL))


def test_a_dispatch_costs_the_same_in_a_small_and_in_a_large_state():
    """Through the whole store, listeners and observers included."""

    def dispatching(size):
        backlog = Slice("backlog", initial=tasks(pmap, size))

        @backlog.action
        def finished(draft, id):
            draft["by id"][id]["status"] = "done" if draft["by id"][id]["status"] == "planned" else "planned"

        store = Store(backlog)
        store.subscribe(lambda heard: None)
        store.observe(lambda commit: None)
        return lambda: store.dispatch(finished(50))

    assert calls(dispatching(LARGE)) <= AT_MOST * calls(dispatching(SMALL))


def test_a_dispatch_costs_the_same_after_many():
    """The ten-thousandth dispatch makes no more calls than the tenth."""
    count = Slice("count", initial={"n": 0})

    @count.action
    def added(draft):
        draft["n"] += 1

    store = Store(count)
    store.observe(lambda commit: None)

    def after(number):
        while store.state["n"] < number:
            store.dispatch(added())
        return calls(lambda: store.dispatch(added()))

    early = after(10)
    assert after(10_000) <= early


def test_a_bare_dispatch_is_a_few_calls():
    """With a reducer by hand, no middleware and nobody listening, the store adds at most twenty calls to it."""
    state = tasks(pmap, SMALL)

    def reducer(state, action):
        return state.set("n", action.payload)

    store, numbers = Store(reducer, initial=state), iter(range(10))
    actions = [Action("set", n) for n in range(10)]
    floor = calls(lambda: reducer(state, actions[0]))
    assert calls(lambda: store.dispatch(actions[next(numbers)])) - floor <= 20


def test_an_action_is_a_few_calls():
    """Making an action with a creator is at most ten calls, whatever its parameters."""
    backlog = Slice("backlog", initial={})

    @backlog.action
    def task_added(draft, id, title="", *, priority=1, tags=()):
        draft[id] = title

    assert calls(lambda: task_added("T1", title="parse", priority=2)) <= 10


def test_a_diff_of_neighbours_costs_what_changed():
    """Two states one action apart are compared without comparing the tasks that they share."""
    old = tasks(pmap, 10_000)
    new = produce(old, set_one)
    assert calls(lambda: diff(old, new)) < 100
    again = produce(new, lambda draft: draft["by id"][50].update(status="planned"))
    assert old is not again
    assert calls(lambda: same(old, again)) < 100
