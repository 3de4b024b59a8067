"""Resuming: a run goes on as if it had never stopped."""

import os
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statestore import Action, History, Journal, JournalError, Slice, Store, open_history
from statestore.history import resume
from statestore.testing import FakeClock
from tests.history.boards import START, count, make_reducer, plain, put

STEPS = st.lists(
    st.sampled_from(["put", "count", "undo", "redo", "root", "snapshot", "group", "squash", "clear", "rewrite"]),
    max_size=25,
)


def begin(path, history, **options):
    """A store with a history and a journal."""
    return Store(make_reducer("draft"), START, middleware=[history, Journal(path)], **options)


def take(step, store, history, number):
    """Does one step; the number makes it one of a kind."""
    match step:
        case "put":
            store.dispatch(put(f"key {number % 5}", f"at {number}"))
        case "count":
            store.dispatch(count())
        case "undo":
            history.undo()
        case "redo":
            history.redo()
        case "root":
            history.goto("root")
        case "snapshot":
            history.snapshot(f"mark {number}")
        case "group":
            with history.group("pair"):
                store.dispatch(count())
                store.dispatch(put("pair", str(number)))
        case "squash":
            history.squash()
        case "clear":
            history.clear()
        case "rewrite" if history.head is not None:
            history.rewrite(skip=["head"])


@given(before=STEPS, after=STEPS, limit=st.sampled_from([None, 5]))
@settings(max_examples=25)
def test_resumed_equals_never_stopped(tmp_path_factory, before, after, limit):
    """The same steps with and without an end in between give the same states, heads, branches, undo and redo."""
    path = tmp_path_factory.mktemp("resumed") / "run.history"
    whole, cut = History(limit=limit), History(limit=limit)
    reference, store = Store(make_reducer("draft"), START, middleware=[whole]), begin(path, cut)
    for number, step in enumerate(before):
        take(step, reference, whole, number)
        take(step, store, cut, number)
    store.close()
    cut = History(limit=limit)
    store = resume(path, make_reducer("draft"), middleware=[cut])
    assert_alike(store, cut, reference, whole)
    for number, step in enumerate(after, len(before)):
        take(step, reference, whole, number)
        take(step, store, cut, number)
        assert_alike(store, cut, reference, whole)
    store.close()


def assert_alike(store, history, reference, whole):
    """The two stores and histories say the same."""
    assert plain(store.state) == plain(reference.state)
    assert (store.head, store.seq) == (reference.head, reference.seq)
    assert [(c.seq, c.parent, c.action, c.group) for c in history.commits] == [
        (c.seq, c.parent, c.action, c.group) for c in whole.commits
    ]
    assert [_but_times(snapshot) for snapshot in history.snapshots] == [_but_times(each) for each in whole.snapshots]
    assert [_but_times(move) for move in history.moves] == [_but_times(move) for move in whole.moves]
    assert (history.can_undo, history.can_redo) == (whole.can_undo, whole.can_redo)
    for commit in history.commits:
        assert plain(history.state_at(commit.seq)) == plain(whole.state_at(commit.seq))
    for snapshot in history.snapshots:
        assert plain(history.state_at(snapshot)) == plain(whole.state_at(snapshot.name))
    assert plain(history.state_at("root")) == plain(whole.state_at("root"))


def _but_times(value):
    return [getattr(value, name) for name in value.__struct_fields__ if name != "at_ns"]


def test_undo_reaches_back_over_the_end(tmp_path):
    """What the first process did, the second one takes back."""
    path = tmp_path / "run.history"
    with begin(path, History()) as store:
        store.dispatch(put("a"))
        store.dispatch(put("b"))
    history = History()
    with resume(path, make_reducer("draft"), middleware=[history]) as store:
        store.dispatch(put("c"))
        assert history.undo(3)
        assert plain(store.state)["tasks"] == {}
        assert history.redo(3)
    with open_history(path) as file:
        assert len(file) == 3
        assert set(file.state_at("head")["tasks"]) == {"a", "b", "c"}


def test_a_history_is_added_where_there_is_none(tmp_path):
    """`resume` gives a store that can be undone in any case."""
    path = tmp_path / "run.history"
    begin(path, History()).close()
    with resume(path, make_reducer("draft")) as store:
        (history,) = [layer for layer in store.middleware if isinstance(layer, History)]
        assert len(history) == 0


def test_times_go_on_from_the_first_start(tmp_path):
    """Nanoseconds count from where the file begins, the time in between included."""
    path, clock = tmp_path / "run.history", FakeClock()
    with begin(path, History(), clock=clock) as store:
        clock.advance(1_000)
        store.dispatch(put("a"))
    later = FakeClock(start_ns=77, wall_ns=clock.wall_ns() + 5_000)
    history = History()
    with resume(path, make_reducer("draft"), middleware=[history], clock=later) as store:
        assert store.now_ns() == 6_000
        assert store.started_wall_ns == clock.wall_ns() - 1_000
        store.dispatch(put("b"))
        assert history.head.started_ns == 6_000


def test_times_never_run_backwards(tmp_path):
    """Where the wall clock was set back, times go on after the last commit."""
    path, clock = tmp_path / "run.history", FakeClock()
    with begin(path, History(), clock=clock) as store:
        clock.advance(1_000)
        store.dispatch(put("a"))
    earlier = FakeClock(wall_ns=clock.wall_ns() - 10_000_000)
    with resume(path, make_reducer("draft"), clock=earlier) as store:
        assert store.now_ns() >= 1_000


def test_a_torn_tail_is_cut_off(tmp_path):
    """What a crash left half written is gone, what is before it is there, and the file is whole again."""
    path = tmp_path / "run.history"
    with begin(path, History()) as store:
        for _ in range(20):
            store.dispatch(count())
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with resume(path, make_reducer("draft")) as store:
        kept = store.seq
        store.dispatch(count())
    with open_history(path) as file:
        assert not file.torn
        assert file.closed
        assert len(file) == kept + 1
        assert file.file.sessions[-1]["cut_bytes"] > 0


def test_a_redacted_file_is_resumed_only_when_asked(tmp_path):
    """Marks in place of secrets would be taken for state, so it takes a word."""
    path = tmp_path / "run.history"
    with begin(path, History()) as store:
        store.dispatch(Action("login", {"password": "swordfish"}))
    with pytest.raises(JournalError, match="allow_redacted=True"):
        resume(path, make_reducer("draft"))
    resume(path, make_reducer("draft"), allow_redacted=True).close()


def test_a_refused_resume_leaves_the_file_alone(tmp_path):
    """It is not locked and not longer afterwards."""
    path = tmp_path / "run.history"
    with begin(path, History()) as store:
        store.dispatch(Action("login", {"password": "swordfish"}))
    before = path.read_bytes()
    for options in ({}, {"middleware": ["no middleware"], "allow_redacted": True}):
        with pytest.raises((JournalError, TypeError)):
            resume(path, make_reducer("draft"), **options)
        assert path.read_bytes() == before
    resume(path, make_reducer("draft"), allow_redacted=True).close()


class Task(NamedTuple):
    """A record that the file knows by name."""

    name: str
    done: bool = False


def test_records_get_their_classes_from_the_initial_value(tmp_path):
    """A class that is in the reducer's initial value need not be registered."""
    path = tmp_path / "run.history"
    tasks = Slice("tasks", initial={"sample": Task("sample"), "all": {}})

    @tasks.on("add")
    def _(draft, action):
        draft["all"][action.payload] = Task(action.payload)

    with Store(tasks, middleware=[Journal(path)]) as store:
        store.dispatch(Action("add", "t1"))
    with resume(path, tasks) as store:
        assert store.state["all"]["t1"] == Task("t1")
        assert type(store.state["all"]["t1"]) is Task


def test_records_of_unknown_classes_are_refused(tmp_path):
    """The error names the class and says what to do."""

    class Secretive(NamedTuple):
        value: int

    path = tmp_path / "run.history"
    reducer = lambda state, action: state.set("odd", Secretive(1))  # noqa: E731  it has one line and one use
    with Store(reducer, {"odd": None}, middleware=[Journal(path)]) as store:
        store.dispatch(Action("any"))
    with pytest.raises(JournalError, match=r"Secretive.*register\(cls\)"):
        resume(path, Slice("fresh", initial={"odd": None}))


def test_the_journal_is_not_given_twice(tmp_path):
    """A journal among the middleware is refused."""
    path = tmp_path / "run.history"
    begin(path, History()).close()
    with pytest.raises(JournalError, match="adds the journal"):
        resume(path, make_reducer("draft"), middleware=[Journal(tmp_path / "other.history")])


def test_a_missing_file_is_not_made(tmp_path):
    """There is nothing to go on with."""
    with pytest.raises(JournalError, match="no file"):
        resume(tmp_path / "nothing.history", make_reducer("draft"))
    assert list(tmp_path.iterdir()) == []


def test_old_commits_are_readable_after_closing(tmp_path):
    """Those from before the resume are read from the file again."""
    path = tmp_path / "run.history"
    with begin(path, History()) as store:
        store.dispatch(put("a"))
    history = History()
    with resume(path, make_reducer("draft"), middleware=[history]) as store:
        store.dispatch(put("b"))
    assert set(history.state_at(1)["tasks"]) == {"a"}
    assert history.commit(1).action == put("a")
    history.close()


def test_a_run_knows_its_sessions(tmp_path):
    """The live history and the file name the same run, and agree on which process is which, and when it began."""
    path, clock = tmp_path / "run.history", FakeClock()
    first = History()
    with begin(path, first, clock=clock):
        clock.advance(10)
        run, (session,) = first.header.run, first.sessions
    assert (session.number, session.started_ns, session.process_id) == (0, 0, os.getpid())
    clock.advance(5)
    second = History()
    with resume(path, make_reducer("draft"), middleware=[second], clock=clock):
        assert (second.header.run, second.sessions[0].number, second.sessions[0].started_ns) == (run, 1, 15)
        resumed = second.sessions
    with open_history(path) as file:
        assert (file.header.run, file.sessions) == (run, [session, *resumed])
