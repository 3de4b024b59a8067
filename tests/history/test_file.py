"""History files: the same questions as to a live history, exports, and what a file says of itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statestore import (
    Action,
    CorruptHistoryError,
    HistoryError,
    Journal,
    JournalError,
    Memory,
    Milestones,
    Store,
    Timing,
    open_history,
)
from statestore.history import History, verify_replay
from statestore.ports import Source
from tests.history.boards import START, count, drop, insert, make_reducer, make_store, put, remove

ACTIONS = st.one_of(
    st.builds(put, st.sampled_from("abc"), st.sampled_from(["open", "done"])),
    st.builds(drop, st.sampled_from("abc")),
    st.builds(insert, st.integers(0, 3), st.sampled_from("xyz")),
    st.builds(remove, st.integers(0, 3)),
)


def wander(store, history):
    """A bit of everything: branches, moves, groups, a rewrite, a squash, snapshots."""
    for key in "abc":
        store.dispatch(put(key))
    history.snapshot("three")
    history.undo(2)
    store.dispatch(insert(0, "x"))
    with history.group("both"):
        store.dispatch(count())
        store.dispatch(count())
    history.rewrite(skip=[4])
    history.goto(3)
    history.squash()
    store.dispatch(drop("a"))


def assert_same(file, history):
    """Every question has the same answer from the file as from the history."""
    assert list(file.commits) == list(history.commits)
    assert (file.head, len(file)) == (history.head, len(history))
    assert list(file.tips) == list(history.tips)
    assert list(file.lineage()) == list(history.lineage())
    assert list(file.moves) == list(history.moves)
    assert list(file.snapshots) == list(history.snapshots)
    for commit in history.commits:
        assert file.state_at(commit.seq) == history.state_at(commit.seq)
        assert list(file.lineage(commit.seq)) == list(history.lineage(commit.seq))
    assert file.state_at("root") == history.state_at("root")
    assert file.find("board/put") == history.find("board/put")
    assert file.where(("tasks",)) == history.where(("tasks",))
    assert file.blame(("tasks", "b")) == history.blame(("tasks", "b"))
    # In which order the keys of a mapping differ depends on how it was built.
    assert set(file.diff("root", "head").patches) == set(history.diff("root", "head").patches)
    assert file.bisect(lambda state: "c" in state["tasks"]) == history.bisect(lambda state: "c" in state["tasks"])
    assert not file.compare(history)


def test_a_file_answers_as_the_history_did(tmp_path):
    """A journal's file holds the whole past of its store."""
    path = tmp_path / "run.history"
    history = History()
    with Store(make_reducer("draft"), START, middleware=[history, Journal(path)]) as store:
        wander(store, history)
    with open_history(path) as file:
        assert_same(file, history)
        assert (file.torn, file.closed, file.redacted, list(file.gaps)) == (False, True, False, [])
        assert file.header.store == "store"
        assert repr(file) == f"<HistoryFile {path} {len(history)} commits>"


def test_an_export_answers_as_the_history_did(tmp_path):
    """It does not take a journal to have a file."""
    store, history = make_store()
    wander(store, history)
    history.export(tmp_path / "saved.history")
    with open_history(tmp_path / "saved.history") as file:
        assert_same(file, history)
        assert file.closed


@given(steps=st.lists(ACTIONS | st.integers(0, 30), max_size=30))
@settings(max_examples=15)
def test_any_walk_exports_exactly(tmp_path_factory, steps):
    """Whatever was dispatched and wherever the head went, the file tells the same."""
    store, history = make_store()
    for step in steps:
        if isinstance(step, Action):
            store.dispatch(step)
        else:
            history.goto(step % (len(history) + 1))
    path = tmp_path_factory.mktemp("walk") / "walk.history"
    history.export(path)
    with open_history(path) as file:
        assert list(file.commits) == list(history.commits)
        assert file.head == history.head
        assert [file.state_at(c.seq) for c in file.commits] == [history.state_at(c.seq) for c in history.commits]


def test_an_export_replaces_what_was_there(tmp_path):
    """Exporting again is saving again; nothing else is left in the folder."""
    store, history = make_store()
    path = tmp_path / "saved.history"
    history.export(path)
    store.dispatch(put("a"))
    history.export(path)
    with open_history(path) as file:
        assert len(file) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["saved.history"]


def test_an_export_does_not_touch_a_file_that_is_being_written(tmp_path):
    """Exporting over the live journal's own file is refused, and the journal goes on."""
    path = tmp_path / "run.history"
    history = History()
    with Store(make_reducer("draft"), middleware=[history, Journal(path)]) as store:
        store.dispatch(put("a"))
        with pytest.raises(JournalError, match="another path"):
            history.export(path)
        store.dispatch(put("b"))
    with open_history(path) as file:
        assert len(file) == 2


def test_an_export_of_what_is_left_is_numbered_anew(tmp_path):
    """After an eviction seqs begin at 1 again, on the state that is the root now; other branches keep their states."""
    store, history = make_store(limit=50)
    for i in range(120):
        store.dispatch(count())
        if i == 60:
            history.goto(history.head.parent)
            store.dispatch(put("branch"))
    history.goto("head~10")
    history.export(tmp_path / "rest.history")
    with open_history(tmp_path / "rest.history") as file:
        assert len(file) == 50
        shift = history.first - 1
        assert file.head.seq == history.head.seq - shift
        for commit in history.commits:
            assert file.state_at(commit.seq - shift) == history.state_at(commit.seq)
        assert verify_replay(file, make_reducer("draft"))


def test_an_export_holds_what_was_recorded_besides(tmp_path):
    """Spans, milestones and samples of the other recorders go into the file."""
    timing, milestones, memory, history = Timing(), Milestones(), Memory(), History()
    with Store(make_reducer("draft"), middleware=[timing, milestones, memory, history]) as store:
        with timing.span("work"):
            store.dispatch(put("a"))
        milestones.reach("done")
        memory.capture()
        assert (len(history.spans), len(history.milestones)) == (2, 1)
        history.export(tmp_path / "all.history")
        with open_history(tmp_path / "all.history") as file:
            assert [span.name for span in file.spans] == [span.name for span in history.spans]
            assert [milestone.name for milestone in file.milestones] == ["done"]
            assert len(file.samples) >= 2


def test_an_export_redacts(tmp_path):
    """Secrets stay out of an exported file unless that is switched off."""
    store, history = make_store()
    store.dispatch(Action("login", {"password": "swordfish"}))
    history.export(tmp_path / "a.history")
    history.export(tmp_path / "b.history", redact=())
    with open_history(tmp_path / "a.history") as hidden, open_history(tmp_path / "b.history") as open_:
        assert hidden.redacted
        assert hidden.head.action.payload["password"] != "swordfish"
        assert open_.head.action.payload["password"] == "swordfish"


def test_a_failed_export_leaves_nothing(tmp_path):
    """Where the folder is missing the error says so; no part of a file is left behind."""
    _, history = make_store()
    with pytest.raises(JournalError):
        history.export(tmp_path / "missing" / "run.history")
    assert list(tmp_path.iterdir()) == []


def test_refs_work_in_files(tmp_path):
    """Steps back, names, bad refs: as in a live history."""
    store, history = make_store()
    wander(store, history)
    history.export(tmp_path / "saved.history")
    with open_history(tmp_path / "saved.history") as file:
        assert file.commit("head~1") == history.commit("head~1")
        assert file.state_at("three") == history.state_at("three")
        assert file.state_at(history.snapshots[0]) == history.state_at("three")
        with pytest.raises(HistoryError, match="beyond the root"):
            file.commit("head~5000")
        with pytest.raises(HistoryError, match="no commit 99; valid are"):
            file.state_at(99)
        with pytest.raises(HistoryError, match="no commit"):
            file.commit("root")


def test_two_snapshots_of_one_name_are_ambiguous(tmp_path):
    """A file remembers a name that was used again; the error says where both are."""
    path = tmp_path / "run.history"
    history = History(max_snapshots=1)
    with Store(make_reducer("draft"), middleware=[history, Journal(path)]) as store:
        for name in ("mark", "other", "mark"):
            store.dispatch(put(name))
            history.snapshot(name)
    with open_history(path) as file:
        with pytest.raises(HistoryError, match="ambiguous: snapshots of that name are at 1, 3"):
            file.state_at("mark")
        assert file.state_at("other") == file.state_at(2)


def test_a_live_file_is_taken_in_as_it_grows(tmp_path):
    """`refresh` makes what was written since readable, head and branches included."""
    path = tmp_path / "run.history"
    history, journal = History(), Journal(path)
    with Store(make_reducer("draft"), middleware=[history, journal]) as store:
        store.dispatch(put("a"))
        journal.flush()
        with open_history(path) as file:
            assert (len(file), file.closed) == (1, False)
            store.dispatch(put("b"))
            history.undo()
            store.dispatch(put("c"))
            journal.flush()
            assert file.refresh()
            assert not file.refresh()
            assert file.head.seq == 3
            assert [commit.seq for commit in file.tips] == [2, 3]
            assert file.state_at("head") == store.state


def test_a_damaged_file_tells_what_is_left(tmp_path):
    """Without `salvage` it is refused; with it states behind the damage are exact, and lost commits are named."""
    path = tmp_path / "run.history"
    with Store(make_reducer("draft"), START, middleware=[Journal(path)]) as store:
        for number in range(6_000):
            store.dispatch(put(f"key {number % 50}", f"at {number * 7919 % 6_000}"))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 255
    path.write_bytes(data)
    with pytest.raises(CorruptHistoryError, match="lost"):
        open_history(path)
    with open_history(path, salvage=True) as file:
        (gap,) = file.gaps
        assert len(file) == 6_000 - (gap.last + 1 - gap.first)
        assert file.state_at("head") == store.state
        assert file.lineage()[0].seq == gap.last + 1
        assert file.blame(("tasks", "key 7", "status")).seq == 5_958
        with pytest.raises(HistoryError, match=f"without {gap.first} to {gap.last}"):
            file.state_at(gap.first)


def test_an_empty_run_has_a_root(tmp_path):
    """A file without commits answers too."""
    _, history = make_store()
    history.export(tmp_path / "empty.history")
    with open_history(tmp_path / "empty.history") as file:
        assert (len(file), file.head, list(file.tips), list(file.lineage())) == (0, None, [], [])
        assert file.state_at("head") == file.state_at("root") == history.state_at("root")
        assert file.bisect(lambda state: True) is None


def test_both_are_sources():
    """A live history and a file offer all that the protocol asks for."""
    from statestore import HistoryFile

    names = [name for name in vars(Source) if not name.startswith("_")]
    assert len(names) > 10
    for name in names:
        assert hasattr(History, name)
        assert hasattr(HistoryFile, name)
