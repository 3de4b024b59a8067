"""Milestones: moments reached by call and by rule, and the times between them."""

import pytest

from statestore import ActionError, DispatchError, History, Milestone, Milestones, Run, Timing
from statestore.recording.milestones import Lap
from statestore.testing import ListSink
from tests.recording.conftest import added, broken, counter, fail_after


def test_milestone_by_call_has_its_moment_commit_and_data(make_store, clock):
    """It is given back, kept and published."""
    milestones, sink = Milestones(), ListSink()
    store = make_store(milestones, History())
    store.observe(sink, Milestone)
    store.dispatch(added())
    clock.advance(5)
    milestone = milestones.reach("parsed", {"files": 3}, phase="one")

    assert milestone == Milestone("parsed", 5, {"files": 3}, {"phase": "one"}, 1)
    assert milestones.timeline() == sink.values == [milestone]


def test_state_rule_is_reached_once_when_it_becomes_true(make_store, clock):
    """At the commit that made it so, whatever comes after."""
    milestones = Milestones(rules={"two": lambda state: state["n"] >= 2})
    store = make_store(milestones)
    for _ in range(4):
        clock.advance(10)
        store.dispatch(added())

    assert milestones.timeline() == [Milestone("two", 20, seq=2)]


def test_state_rule_with_every_is_reached_each_time_it_becomes_true(make_store):
    """Not at each commit for which it holds."""
    milestones = Milestones(rules={"odd": lambda state: state["n"] % 4 >= 2}, every=True)
    store = make_store(milestones)
    for _ in range(8):
        store.dispatch(added())

    assert [milestone.seq for milestone in milestones.timeline()] == [2, 6]


def test_action_rule_is_reached_by_actions_of_its_creator(make_store):
    """Once, or each time with `every`; an action that failed reaches nothing."""
    milestones = Milestones(rules={"first": added})
    milestones.rule("each", added, every=True)
    milestones.rule("broke", broken)
    store = make_store(milestones)
    with pytest.raises(ValueError, match="broken"):
        store.dispatch(broken())
    for _ in range(3):
        store.dispatch(added())

    assert [(milestone.name, milestone.seq) for milestone in milestones.timeline()] == [
        ("first", 1), ("each", 1), ("each", 2), ("each", 3),
    ]  # fmt: skip


def test_rules_of_a_failed_transaction_are_not_reached(make_store):
    """What was rolled back never was."""
    milestones = Milestones(rules={"two": lambda state: state["n"] >= 2})
    store = make_store(milestones)
    with pytest.raises(RuntimeError):
        fail_after(store, 1, by=5)
    store.dispatch(added())
    assert milestones.timeline() == []
    with store.transaction():
        store.dispatch(added())

    assert [milestone.name for milestone in milestones.timeline()] == ["two"]


def test_state_rule_is_reached_by_the_last_commit_of_a_transaction(make_store):
    """Whose state it is that the predicate was asked about; no milestone names a commit before it came true."""
    milestones = Milestones(rules={"three": lambda state: state["n"] == 3, "each": added}, every=True)
    store = make_store(milestones)
    with store.transaction():
        for _ in range(3):
            store.dispatch(added())

    reached = [(milestone.name, milestone.seq) for milestone in milestones.timeline()]
    assert reached == [("each", 1), ("each", 2), ("three", 3), ("each", 3)]


def test_state_rule_follows_undo_and_redo(make_store):
    """What was undone can become true again, by an action or by a redo; an action rule is not reached by moves."""
    milestones, history = Milestones(rules={"two": lambda state: state["n"] == 2, "each": added}, every=True), History()
    store = make_store(milestones, history)
    for _ in range(2):
        store.dispatch(added())
    history.undo()
    store.dispatch(added())
    history.undo()
    history.redo()

    assert [milestone.seq for milestone in milestones.timeline() if milestone.name == "two"] == [2, 3, 3]
    assert [milestone.seq for milestone in milestones.timeline() if milestone.name == "each"] == [1, 2, 3]


def test_what_holds_already_does_not_become_true(tmp_path):
    """A run that is resumed does not reach again what an earlier one has reached."""
    path, rules = (
        tmp_path / "run.history",
        {"two": lambda state: state["n"] >= 2, "three": lambda state: state["n"] > 2},
    )
    with Run(counter, path, milestones=Milestones(rules)) as run:
        for _ in range(2):
            run.dispatch(added())
    with Run(counter, path, milestones=Milestones(rules)) as again:
        again.dispatch(added())

    assert [milestone.name for milestone in run.milestones.timeline()] == ["two"]
    assert [milestone.name for milestone in again.milestones.timeline()] == ["three"]


def test_rule_that_raises_is_dropped_with_a_warning(make_store):
    """The others, and the run, go on."""
    milestones = Milestones(rules={"bad": lambda state: state["missing"], "good": lambda state: True})
    store = make_store(milestones)
    with pytest.warns(UserWarning, match="'bad'"):
        store.dispatch(added())
    store.dispatch(added())

    assert [milestone.name for milestone in milestones.timeline()] == ["good"]


def test_reached_rules_cost_nothing_any_more(make_store):
    """With no rule left nobody observes commits, so none are made; a new rule observes them again."""
    milestones = Milestones(rules={"first": added})
    store = make_store(milestones)
    store.dispatch(added())
    store.dispatch(added())
    assert store.seq == 1
    milestones.rule("second", added)
    store.dispatch(added())

    assert [(milestone.name, milestone.seq) for milestone in milestones.timeline()] == [("first", 1), ("second", 2)]


def test_durations_between_neighbours_and_between_any_two(make_store, clock):
    """From the start of the run to its completion."""
    milestones = Milestones()
    make_store(milestones)
    for name, elapsed in (("a", 3), ("b", 4), ("a", 5)):
        clock.advance(elapsed)
        milestones.reach(name)
    assert milestones.duration_ns == 12
    clock.advance(1)
    assert milestones.complete() == 13
    clock.advance(100)

    assert milestones.durations() == [
        Lap("start", "a", 3), Lap("a", "b", 4), Lap("b", "a", 5), Lap("a", "completion", 1),
    ]  # fmt: skip
    assert (milestones.duration_ns, milestones.complete()) == (13, 13)
    assert milestones.between("a", "b") == 4
    assert milestones.between("start", "completion") == 13
    assert milestones.between("b", "a") == -4
    with pytest.raises(LookupError, match="'c' was not reached; reached were start, a, b, completion"):
        milestones.between("a", "c")


def test_without_a_store_times_count_from_its_making(clock):
    """And nothing needs a store."""
    milestones = Milestones(clock=clock)
    clock.advance(7)
    milestones.reach("alone")

    assert milestones.timeline() == [Milestone("alone", 7)]
    assert milestones.durations() == [Lap("start", "alone", 7)]


def test_only_the_newest_are_kept(make_store):
    """Memory is bounded whatever the program does."""
    milestones = Milestones(keep=3)
    make_store(milestones)
    for n in range(10):
        milestones.reach(f"m{n}")

    assert [milestone.name for milestone in milestones.timeline()] == ["m7", "m8", "m9"]


def test_wrong_arguments_are_refused_with_a_reason(make_store):
    """Each message says what was found."""
    with pytest.raises(ActionError, match="not by 5"):
        Milestones().reach(5)
    with pytest.raises(ActionError, match="'soon'"):
        Milestones(rules={"x": "soon"})
    with pytest.raises(ActionError, match="keep"):
        Milestones(keep=0)
    milestones = Milestones()
    make_store(milestones, name="first")
    with pytest.raises(DispatchError, match="first"):
        make_store(milestones)


def test_a_milestone_knows_the_span_that_it_was_reached_in(make_store):
    """The innermost one there: a block, the dispatch for a rule, none outside of all."""
    timing, milestones = Timing(), Milestones(rules={"two": lambda state: state["n"] >= 2})
    store = make_store(timing, milestones)
    outside = milestones.reach("outside")
    with timing.span("outer"), timing.span("inner") as inner:
        inside = milestones.reach("inside")
        store.dispatch(added())
        store.dispatch(added())
    dispatch = next(span for span in timing.spans if span.seq == 2)

    assert (outside.span_id, inside.span_id) == (None, inner.id)
    assert milestones.timeline()[-1].span_id == dispatch.id
