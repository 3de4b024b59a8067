"""A file of Redux DevTools becomes a history, and a history that went out as one comes back the same."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import Action, JournalError, Slice, Store, open_history, resume, thaw, verify_replay
from statestore.exporters.devtools import devtools, devtools_actions
from statestore.history.importing import Imported, import_devtools
from statestore.tree.plain import to_plain
from tests.exporters.boards import WALL_NS, keyed, put, worked
from tests.exporters.test_lifted import jsons, lifted_file

REDUX = Path(__file__).parents[1] / "consumers" / "redux"
needs_redux = pytest.mark.skipif(
    shutil.which("node") is None or not (REDUX / "node_modules" / "@redux-devtools").exists(),
    reason="needs Node.js and what tests/consumers/redux/install installs",
)
keys = st.sampled_from("abc")
metas = st.one_of(st.none(), st.dictionaries(st.text(max_size=2), jsons, max_size=2))
actions = st.one_of(
    st.builds(lambda key, value, meta: Action("set", {"key": key, "value": value}, meta), keys, jsons, metas),
    st.builds(Action, st.just("drop"), keys, metas),
    st.builds(Action, st.text(max_size=3).filter(lambda name: name != "set"), jsons, metas),  # none of the reducer's
)


def exported(history) -> bytes:
    return b"".join(devtools(history, states=None))


def states_of(source) -> list:
    return [to_plain(source.state_at(ref)) for ref in ["root", *[commit.seq for commit in source.commits]]]


@given(
    st.lists(actions, max_size=8),
    st.dictionaries(keys, jsons, max_size=2),
    st.integers(0, 3),
    st.sampled_from(["f", "t"]),
)
def test_out_and_back(tmp_path_factory, performed, initial, undone, way):
    """Actions, states, times (to the millisecond) and head of a history are as before, from a text and from a file."""
    store, history = worked(*performed, initial=initial)
    if undone:
        history.undo(undone)
    folder = tmp_path_factory.mktemp("round")
    text = exported(history).decode()
    (folder / "state.json").write_text(text, encoding="utf-8")
    result = import_devtools(text if way == "t" else folder / "state.json", folder / "back.history")
    with open_history(folder / "back.history") as back:
        # What was done after the undone commits is not: only the lineage goes out, and here there is one alone.
        told = list(history.commits)
        assert [commit.action for commit in back.commits] == [commit.action for commit in told]
        assert states_of(back) == states_of(history)
        assert (back.head.seq if back.head else 0) == store.head
        assert to_plain(back.state_at("head")) == to_plain(store.state)
        started = back.header.started_wall_ns
        assert started == WALL_NS // 10**6 * 10**6
        for commit, was in zip(back.commits, told, strict=True):
            assert (started + commit.started_ns) // 10**6 == (WALL_NS + was.started_ns) // 10**6
        assert json.loads(exported(back)) == json.loads(text)
    assert result == Imported(len(told), 0, 0, store.head)


@given(st.lists(actions, max_size=8), st.dictionaries(keys, jsons, max_size=2))
def test_out_and_back_by_actions(tmp_path_factory, performed, initial):
    """The short form, run through the same reducer, comes to the same actions and states."""
    _, history = worked(*performed, initial=initial)
    out = tmp_path_factory.mktemp("round") / "back.history"
    import_devtools(b"".join(devtools_actions(history)), out, keyed)
    with open_history(out) as back:
        assert [commit.action for commit in back.commits] == [commit.action for commit in history.commits]
        assert states_of(back) == states_of(history)
        assert verify_replay(back, keyed).ok


def test_failed_actions(tmp_path):
    """An action that failed is a commit without changes that tells its error, as after a rewrite; it goes out again."""
    _, history = worked(put("a", 1), put("b", 2), put("c", 3))
    history.rewrite(replace={2: {"type": "broken"}})
    text = exported(history)
    for out, reducer in ((tmp_path / "1.history", None), (tmp_path / "2.history", keyed)):
        result = import_devtools(text, out, reducer)
        assert result == Imported(3, 1, 0, 3)
        with open_history(out) as back:
            assert [commit.label for commit in back.commits] == [None, "failed: ValueError: told to", None]
            assert back.commits[1].changes == ()
            assert back.state_at("head") == {"a": 1, "c": 3}
            assert back.head.seq == 3
            assert verify_replay(back, keyed).ok
            assert json.loads(exported(back))["computedStates"] == json.loads(text)["computedStates"]


def test_patches_from_elsewhere(tmp_path):
    """An action of `store.apply`, which any store answers itself, is what the file says of it."""
    store, history = worked(put("a", [1]))
    store.apply(history.commit(1).patches)
    store.dispatch(put("b", 2))
    for out, reducer in ((tmp_path / "1.history", None), (tmp_path / "2.history", keyed)):
        import_devtools(exported(history), out, reducer)
        with open_history(out) as back:
            assert states_of(back) == states_of(history)


def test_gone_on_with(tmp_path):
    """What was imported can be resumed with the reducer, undone and redone."""
    _, history = worked(put("a", 1), put("b", 2))
    history.undo()
    out = tmp_path / "back.history"
    import_devtools(exported(history), out, name="shop")
    with resume(out, keyed) as again:
        assert (again.name, thaw(again.state)) == ("shop", {"a": 1})
        (past,) = [layer for layer in again.middleware if hasattr(layer, "redo")]
        assert past.redo()
        assert thaw(again.state) == {"a": 1, "b": 2}
        again.dispatch(put("c", 3))
        assert thaw(again.state) == {"a": 1, "b": 2, "c": 3}


def test_a_reducer_counts_for_more_than_the_states(tmp_path):
    """With a reducer, its own initial value and what it makes of the actions are recorded."""
    counter = Slice("count", initial={"n": 0, "seen": frozenset()})

    @counter.action
    def added(draft, by):
        draft["n"] += by
        draft["seen"].add(by)

    with Store(counter) as store:
        initial = to_plain(store.state)
    text = lifted_file(
        [initial, {"n": 99, "seen": []}], [{"type": "@@INIT"}, {"type": added.type, "payload": {"by": 2}}]
    )
    import_devtools(text, tmp_path / "c.history", counter)
    with open_history(tmp_path / "c.history") as back:
        assert back.state_at("head") == {"n": 2, "seen": frozenset([2])}


def test_what_is_redacted_is_not_stored(tmp_path):
    """Names such as `password` are redacted on the way in, as by any journal."""
    _, history = worked(put("password", "hunter2"))
    import_devtools(exported(history), tmp_path / "r.history")
    with open_history(tmp_path / "r.history") as back:
        assert back.redacted
        assert "hunter2" not in str(back.state_at("head"))


# What is refused


def test_a_reducer_is_asked_for(tmp_path):
    """Where the file tells no states, and none is given, the message says what to give; no file is left."""
    with pytest.raises(JournalError, match="give the reducer"):
        import_devtools('[{"type": "a"}]', tmp_path / "x.history")
    with pytest.raises(JournalError, match="does not tell the first state"):
        import_devtools('[{"type": "a"}]', tmp_path / "x.history", lambda state, action: state)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(tmp_path):
    """A file that has content is not written over."""
    (tmp_path / "x.history").write_bytes(b"mine")
    with pytest.raises(JournalError, match="has content"):
        import_devtools(lifted_file([1, 2]), tmp_path / "x.history")
    assert (tmp_path / "x.history").read_bytes() == b"mine"


@pytest.mark.parametrize("given", ["missing.json", "x" * 5_000, "a\0b", Path("folder")], ids=repr)
def test_no_such_file(tmp_path, given):
    """What cannot be read is one error."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match="cannot read"):
        import_devtools(tmp_path / given if isinstance(given, Path) else given, tmp_path / "x.history")


@pytest.mark.parametrize(
    "states",
    [[1, {"a": 1}, {"$jsan": "$.gone"}], [{"a": 1}, {"b": {"$jsan": "$.computedStates[1]"}}]],
    ids=["gone", "loop"],
)
def test_an_error_in_the_middle_leaves_no_file(tmp_path, states):
    """Half a history is none: when a later entry is broken nothing stays behind."""
    with pytest.raises(JournalError):
        import_devtools(lifted_file(states), tmp_path / "x.history")
    assert [path for path in tmp_path.iterdir() if "lock" not in path.name] == []


@pytest.mark.parametrize("depth", [180, 300, 700])
def test_too_deep_for_a_history_file(tmp_path, depth):
    """A state that JSON can hold and a history file cannot is one error as well."""
    deep = json.loads("[" * depth + "]" * depth)
    for data in (lifted_file([1, {"a": deep}]), lifted_file([deep, 1]), lifted_file([{"a": 1}, {"a": 1, "b": deep}])):
        with pytest.raises(JournalError, match="deep"):
            import_devtools(data, tmp_path / "x.history")
    with pytest.raises(JournalError, match="deep"):
        import_devtools(json.dumps([{"type": "drop", "payload": deep}]), tmp_path / "x.history", keyed)


def test_as_deep_as_a_history_file_goes(tmp_path):
    """80 levels are stored."""
    deep = json.loads("[" * 80 + "]" * 80)
    import_devtools(lifted_file([1, {"a": deep}, {"a": deep, "b": 1}]), tmp_path / "x.history")
    with open_history(tmp_path / "x.history") as back:
        assert to_plain(back.state_at("head")) == {"a": deep, "b": 1}


def test_references_that_multiply_from_state_to_state(tmp_path, monkeypatch):
    """Many states, each a new whole made of references, are refused before they fill the disk."""
    monkeypatch.setattr("statestore.exporters.sharing._WRITTEN_OUT", 1_000)
    big = {"$jsan": "$.computedStates[0].state.big"}
    states = [{"big": list(range(500))}, *[{f"k{n}": [big, n]} for n in range(200)]]
    monkeypatch.setattr("statestore.exporters.sharing._WRITTEN_OUT_BY_BYTE", 1)
    with pytest.raises(JournalError, match="references make"):
        import_devtools(lifted_file(states), tmp_path / "x.history")


# From a real instrumented store


def from_node(form: str, *steps: dict) -> bytes:
    """What Redux DevTools exports of a store after these steps."""
    command = ["node", "export.mjs", form, *map(json.dumps, steps)]
    return subprocess.run(command, cwd=REDUX, capture_output=True, check=True, timeout=60).stdout


def act(**action) -> dict:
    return {"action": action}


@needs_redux
def test_what_a_real_store_exports(tmp_path):
    """References, a date, a map, undefined, an error and a toggled action of a real store all come over."""
    steps = [act(type="set", key="a", value=1), act(type="alias"), act(type="date"), act(type="broken"),
             act(type="set", key="b", value=2), {"type": "TOGGLE_ACTION", "id": 1}]  # fmt: skip
    result = import_devtools(from_node("lifted", *steps), tmp_path / "n.history")
    assert (result.actions, result.skipped) == (4, 1)
    with open_history(tmp_path / "n.history") as back:
        labels = [commit.label for commit in back.commits]
        assert [commit.action.type for commit in back.commits] == ["alias", "date", "broken", "set"]
        assert labels[2].startswith("failed: Error: told to")
        assert labels[3].startswith("failed: Interrupted by an error")
        assert back.commits[3].action.payload == {"key": "b", "value": 2}
        state = to_plain(back.state_at("head"))
        assert state["alias"] == state["shared"] == {"list": [1, 2]}
        assert (state["map"], state["never"], state["values"]) == ({"k": 1}, None, {})
        assert state["date"].startswith("2017-07-14")
        assert back.header.started_wall_ns > 1_600_000_000 * 10**9


@needs_redux
def test_where_a_real_store_had_jumped_to(tmp_path):
    """The head is where DevTools was looking, with the rest before it to redo."""
    steps = [
        act(type="set", key="a", value=1),
        act(type="set", key="a", value=2),
        {"type": "JUMP_TO_STATE", "index": 1},
    ]
    import_devtools(from_node("lifted", *steps), tmp_path / "n.history")
    with open_history(tmp_path / "n.history") as back:
        assert (back.head.seq, len(back)) == (1, 2)
        assert to_plain(back.state_at("head"))["values"] == {"a": 1}
        assert to_plain(back.state_at(2))["values"] == {"a": 2}


@needs_redux
def test_the_short_form_of_a_real_store(tmp_path):
    """The file that the extension's export button writes runs through a reducer given here."""

    def reduce(state, action):
        payload = action.payload
        return state.set("values", state["values"].set(payload["key"], payload["value"]))

    import_devtools(from_node("short", act(type="set", key="a", value=1)), tmp_path / "n.history", reduce)
    with open_history(tmp_path / "n.history") as back:
        assert back.state_at("head") == {"shared": {"list": [1, 2]}, "values": {"a": 1}}
