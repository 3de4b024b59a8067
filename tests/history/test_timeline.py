"""The course of a run in one line of time."""

from types import SimpleNamespace

from statestore import Action, History, Milestones, Store
from statestore.history.timeline import timeline
from statestore.testing import FakeClock
from tests.history.counts import counter


def test_moments_of_every_kind_stand_in_order():
    """Milestones, snapshots and moves, each at its time, with the commit that it is about."""
    clock = FakeClock()
    history, milestones = History(), Milestones()
    with Store(counter, middleware=[milestones, history], clock=clock) as store:
        clock.advance(10)
        store.dispatch(Action("counter/added"))
        history.snapshot("one")
        clock.advance(10)
        store.dispatch(Action("counter/added"))
        milestones.reach("two")
        clock.advance(10)
        history.undo()

    reached = milestones.timeline()
    both = SimpleNamespace(snapshots=history.snapshots, moves=history.moves, milestones=reached, alerts=())
    assert [tuple(moment) for moment in timeline(both)] == [
        (10, "snapshot", "one", 1),
        (20, "milestone", "two", 2),
        (30, "undo", "2 to 1", 1),
    ]
