"""Replay: the recorded actions on any reducer, and whether they still lead where they led."""

import builtins
import random

import immutables
import pytest
from pyrsistent import pmap

from statestore import Action, ActionError, History, HistoryError, Slice, Store
from statestore.history import Upcaster, log, replay, verify_replay
from statestore.testing import FakeClock
from tests.history.boards import count, fail, make_reducer, make_store, put
from tests.history.model import BrokenError


def filled(*actions):
    """A store that has got these actions, and its history."""
    store, history = make_store()
    for action in actions:
        store.dispatch(action)
    return store, history


def test_replay_gives_the_recorded_state():
    """On the same reducer the same state comes out."""
    store, history = filled(put("a"), count(), put("b"))
    assert replay(history, make_reducer("draft")) == store.state


def test_replay_runs_on_any_reducer():
    """A new version of the reducer, or a plain function, gives what it would have given."""
    _, history = filled(count(), count())
    assert replay(history, make_reducer("draft", version=2))["count"] == 4
    assert replay(history, lambda state, action: state.set("selected", action.type))["selected"] == "board/count"


def test_replay_runs_between_any_two_refs():
    """It begins with the recorded state at the one and ends at the other."""
    _, history = filled(*[count() for _ in range(6)])
    seen = []
    state = replay(history, make_reducer("draft"), start=2, stop="head~1", on_step=lambda c, s: seen.append(c.seq))
    assert seen == [3, 4, 5]
    assert state["count"] == 5


def test_replay_needs_a_way_between_the_two():
    """A start that is not on the lineage of the end is refused."""
    store, history = filled(put("a"), put("b"))
    history.goto(1)
    store.dispatch(put("c"))
    with pytest.raises(HistoryError, match="not on the lineage"):
        replay(history, make_reducer("draft"), start=2)


def test_replay_stops_at_a_breakpoint(monkeypatch):
    """On an action type, a creator or a condition, after that commit; the debugger is entered if asked."""
    _, history = filled(count(), put("a"), count())
    reducer = make_reducer("draft")
    entered = []
    monkeypatch.setattr(builtins, "breakpoint", lambda: entered.append(True))
    assert replay(history, reducer, until="board/put")["count"] == 1
    assert replay(history, reducer, until=lambda commit, state: state["count"] == 2)["count"] == 2
    assert entered == []
    replay(history, reducer, until="board/put", debug=True)
    assert entered == [True]
    with pytest.raises(ActionError, match="until"):
        replay(history, reducer, until=5)


def test_replay_keeps_the_recorded_pauses_scaled():
    """At speed 2 it waits half of the time that lay between the actions."""
    clock, history = FakeClock(), History()
    store = Store(make_reducer("draft"), middleware=[history], clock=clock)
    for _ in range(3):
        store.dispatch(count())
        clock.advance(4_000_000_000)
    waited = []
    replay(history, make_reducer("draft"), speed=2, wait=waited.append)
    assert waited == [2.0, 2.0]


@pytest.mark.parametrize("speed", [0, -1, "fast"])
def test_speed_is_a_positive_number(speed):
    """Anything else is refused."""
    _, history = filled(count())
    with pytest.raises(ActionError, match="speed"):
        replay(history, make_reducer("draft"), speed=speed)


def test_a_reducers_error_comes_through():
    """Replay on a reducer that raises raises."""
    _, history = filled(count(), fail(0))
    with pytest.raises(BrokenError):
        replay(history, make_reducer("draft", version=2))


def test_replay_leaves_out_what_had_failed():
    """A failed action of a rewritten branch changed nothing then and changes nothing now."""
    store, history = filled(count(), fail(0))
    history.rewrite(skip=[1])
    assert replay(history, make_reducer("draft")) == store.state
    assert verify_replay(history, make_reducer("draft"))


def test_replay_applies_what_the_history_itself_recorded():
    """A squash or a bridge over a pause is no action of the reducer's."""
    store, history = filled(put("a"), put("b"))
    history.squash()
    history.pause()
    store.dispatch(put("c"))
    history.resume()
    assert replay(history, make_reducer("draft")) == store.state
    assert verify_replay(history, make_reducer("draft")).checked == 2


def test_replay_of_a_long_run_gives_what_its_steps_give(monkeypatch):
    """What compressed commits changed is left undecoded, and what the history recorded itself still counts."""
    monkeypatch.setattr(log, "SEGMENT_BYTES", 500)
    store, history = filled(*[count() for _ in range(40)])
    history.goto(3)
    history.squash()
    for _ in range(30):
        store.dispatch(count())
    assert len(history._log._parts.segments) > 5
    for start in ("root", "head~15"):
        quick = replay(history, make_reducer("draft"), start=start)
        assert quick == replay(history, make_reducer("draft"), start=start, on_step=lambda commit, state: None)
        assert quick == store.state


def test_verify_says_that_all_is_well():
    """The report is true, counts what was checked and has no divergence."""
    _, history = filled(put("a"), count())
    report = verify_replay(history, make_reducer("draft"))
    assert report
    assert (report.ok, report.checked, report.divergence) == (True, 2, None)
    assert str(report) == "all 2 commits came out as they were recorded"


def test_verify_finds_the_first_divergence():
    """It names the commit, with the patches recorded and the ones made now."""
    _, history = filled(put("a"), count(), count())
    report = verify_replay(history, lambda state, action: state if action == count() else by_slice(state, action))
    assert not report
    assert report.checked == 1
    divergence = report.divergence
    assert (divergence.seq, divergence.action) == (2, count())
    assert divergence.expected == history.commit(2).patches
    assert divergence.actual == ()
    assert divergence.error is None
    assert "recorded: replace /count 1" in str(report)


def test_verify_says_when_only_a_type_differs():
    """Two patches that read the same are told apart in words."""
    history = History()
    store = Store(lambda state, action: state.set("made", pmap({"a": 1})), pmap(), middleware=[history])
    store.dispatch({"type": "made"})
    report = verify_replay(history, lambda state, action: state.set("made", immutables.Map({"a": 1})))

    *_, recorded, now = str(report).splitlines()
    assert recorded.split(": ", 1)[1].strip() == "add /made {'a': 1}"
    assert now.split(": ", 1)[1].strip() == "add /made {'a': 1} (which reads the same: a value is of another type)"


def by_slice(state, action):
    """The usual reducer as a plain function."""
    return make_reducer("draft")(state, action)


def test_verify_shows_what_a_reducer_raises_now():
    """An error is a divergence, and the report holds it."""
    _, history = filled(count(), fail(0))

    def broken(state, action):
        raise BrokenError("gone")

    report = verify_replay(history, broken, start=1)
    assert isinstance(report.divergence.error, BrokenError)
    assert "raised BrokenError: gone" in str(report)


def test_other_patches_to_the_same_state_are_no_divergence():
    """A reducer that returns whole new values gives the same states by other patches, and passes."""
    _, history = filled(put("a"), put("a", "done"))
    assert verify_replay(history, lambda state, action: by_slice(state, action).set("order", state["order"]))


def test_an_impure_reducer_is_caught_and_called_so():
    """Randomness in a reducer shows in the replay, and the message says what it is."""
    impure = Slice("impure", initial={"n": 0})
    numbers = random.Random(1)

    @impure.on("roll")
    def _(draft, action):
        draft["n"] = numbers.random()

    history = History()
    store = Store(impure, middleware=[history])
    store.dispatch(Action("roll"))
    report = verify_replay(history, impure)
    assert report.divergence.impure
    assert "not a pure function" in str(report)


def test_old_actions_are_brought_up_to_date():
    """Upcasts run one after the other, by type and version, and leave other actions alone."""
    upcast = Upcaster()

    @upcast.register("board/add")
    def _(action):
        return Action("board/put", {"key": action.payload})

    @upcast.register("board/put", version=2)
    def _(action):
        return Action("board/put", {**action.payload, "status": "open"})

    assert upcast(Action("board/add", "a")) == Action("board/put", {"key": "a", "status": "open"}, {"version": 3})
    assert upcast(count()) == count()

    history = History()
    store = Store(lambda state, action: state, initial=make_store()[0].state, middleware=[history])
    store.dispatch(Action("board/add", "a"))
    assert "a" in replay(history, make_reducer("draft"), upcast=upcast)["tasks"]


def test_upcasts_are_checked():
    """A second function for one version, a bad registration and a result that is no action are refused."""
    upcast = Upcaster()
    upcast.register("a")(lambda action: None)
    with pytest.raises(ActionError, match="already"):
        upcast.register("a")
    with pytest.raises(ActionError, match="action type"):
        upcast.register(5)
    with pytest.raises(ActionError, match="no action"):
        upcast(Action("a"))


def test_replay_of_a_branch_takes_its_lineage_only():
    """Commits of other branches are not run."""
    store, history = filled(put("a"), put("left"))
    history.goto(1)
    store.dispatch(put("right"))
    assert set(replay(history, make_reducer("draft"))["tasks"]) == {"a", "right"}
    assert set(replay(history, make_reducer("draft"), stop=2)["tasks"]) == {"a", "left"}


def test_replay_begins_at_a_root_by_any_name():
    """A snapshot of the root, or so many commits back as there are, names the state to begin with."""
    store, history = make_store()
    history.snapshot("begin")
    for _ in range(3):
        store.dispatch(count())
    for start in ("begin", "head~3", 0):
        assert replay(history, make_reducer("draft"), start=start) == store.state
        assert verify_replay(history, make_reducer("draft"), start=start).checked == 3
    assert replay(history, make_reducer("draft"), start="begin", stop="root") == history.state_at("root")


def test_replay_of_a_branch_begins_at_its_own_root():
    """After an eviction the branches have roots of their own, and each is replayed from its own."""
    store, history = make_store(limit=3)
    history.snapshot("begin")
    for _ in range(3):
        store.dispatch(count())
    history.goto("root")
    store.dispatch(put("a"))
    assert [tip.seq for tip in history.tips] == [3, 4]
    for tip in history.tips:
        assert replay(history, make_reducer("draft"), stop=tip) == history.state_at(tip)
        assert verify_replay(history, make_reducer("draft"), stop=tip).ok
    with pytest.raises(HistoryError, match="not on the lineage"):
        replay(history, make_reducer("draft"), start="begin", stop=3)


def test_a_thrown_coin_is_impure():
    """A reducer that gives one of two results is called impure, though the second try may give the first's."""
    coins = iter([1, 2, 2, 2, 1])
    store = Store(lambda state, action: next(coins), 0, middleware=[history := History()])
    store.dispatch(Action("throw"))
    divergence = verify_replay(history, lambda state, action: next(coins)).divergence
    assert divergence.impure
    assert "not a pure function" in str(divergence)


def test_what_cannot_be_replayed_is_refused():
    """Something that is no history is named in the error."""
    with pytest.raises(ActionError, match="replay takes a history or an opened file, not 3"):
        replay(3, make_reducer("draft"))
