"""The files that Redux DevTools imports, and what a real instrumented store makes of them."""

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from statestore import ActionError, HistoryError, Journal, open_history
from statestore.exporters import export
from statestore.exporters.devtools import devtools, devtools_actions
from statestore.tree.plain import to_plain
from tests.conftest import THOROUGH
from tests.exporters.boards import STEP_NS, WALL_NS, parsed, put, worked

REDUX = Path(__file__).parents[1] / "consumers" / "redux"
needs_redux = pytest.mark.skipif(
    shutil.which("node") is None or not (REDUX / "node_modules" / "@redux-devtools").exists(),
    reason="needs Node.js and what tests/consumers/redux/install installs",
)


def imported(file: Path, mode: str, *actions: dict) -> dict:
    """What an instrumented Redux store holds after it imported the file."""
    command = ["node", "import.mjs", file, mode, *map(json.dumps, actions)]
    done = subprocess.run(command, cwd=REDUX, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


# The lifted form


def test_the_lifted_state_is_whole():
    """Every field that DevTools reads is there, and says what was recorded."""
    _, history = worked(put("a", 1), put("b", [1, 2]))
    assert parsed(devtools(history)) == {
        "monitorState": {},
        "nextActionId": 3,
        "actionsById": {
            "0": {"type": "PERFORM_ACTION", "action": {"type": "@@INIT"}, "timestamp": WALL_NS // 10**6},
            "1": {"type": "PERFORM_ACTION", "action": put("a", 1), "timestamp": (WALL_NS + STEP_NS) // 10**6},
            "2": {"type": "PERFORM_ACTION", "action": put("b", [1, 2]), "timestamp": (WALL_NS + 2 * STEP_NS) // 10**6},
        },
        "stagedActionIds": [0, 1, 2],
        "skippedActionIds": [],
        "committedState": {},
        "currentStateIndex": 2,
        "computedStates": [{"state": {}}, {"state": {"a": 1}}, {"state": {"a": 1, "b": [1, 2]}}],
        "isLocked": False,
        "isPaused": False,
    }


def test_a_file_gives_the_same_bytes(tmp_path):
    """A live history and the file that it wrote are one source."""
    store, history = worked(*[put(f"k{n % 7}", n) for n in range(50)], middleware=[Journal(tmp_path / "r.history")])
    history.undo(3)
    store.close()
    with open_history(tmp_path / "r.history") as file:
        assert b"".join(devtools(file)) == b"".join(devtools(history))
        assert b"".join(devtools_actions(file)) == b"".join(devtools_actions(history))


@pytest.mark.parametrize("steps", [(2,), (1, 1), (3,), (1, 2)])
def test_what_redo_would_bring_back_is_staged(steps):
    """Undone commits stay in the list, with the current state where the head is, the root included."""
    store, history = worked(put("a", 1), put("b", 2), put("c", 3))
    for count in steps:
        assert history.undo(count)
    lifted = parsed(devtools(history))
    assert lifted["stagedActionIds"] == [0, 1, 2, 3]
    assert lifted["currentStateIndex"] == 3 - sum(steps)
    assert lifted["computedStates"][lifted["currentStateIndex"]]["state"] == to_plain(store.state)


def test_a_branch_that_was_left_is_not_staged():
    """After an undo and a new action only the lineage of the head is told, by the seqs of its commits."""
    store, history = worked(put("a", 1), put("b", 2))
    history.undo()
    store.dispatch(put("c", 3))
    lifted = parsed(devtools(history))
    assert (lifted["stagedActionIds"], lifted["currentStateIndex"], lifted["nextActionId"]) == ([0, 1, 3], 2, 4)
    assert parsed(devtools(history, ref=2))["stagedActionIds"] == [0, 1, 2]


def test_the_last_states_and_what_they_begin_with():
    """With fewer states than actions the state before them is committed, and the caller hears of it."""
    _, history = worked(*[put("n", n) for n in range(1, 11)])
    told = []
    lifted = parsed(devtools(history, states=3, tell=told.append))
    assert lifted["stagedActionIds"] == [0, 8, 9, 10]
    assert lifted["committedState"] == {"n": 7}
    assert [entry["state"]["n"] for entry in lifted["computedStates"]] == [7, 8, 9, 10]
    assert (lifted["currentStateIndex"], lifted["nextActionId"]) == (3, 11)
    assert told == ["the last 3 of 10 actions are in it, and the state before them; states=None takes all"]
    assert len(parsed(devtools(history, states=None, tell=told.append))["stagedActionIds"]) == 11
    assert len(told) == 1


@pytest.mark.parametrize("undone", [1, 4, 8, 10])
def test_the_head_is_among_the_last_states(undone):
    """However far the head was undone, it is staged, with states on both sides as far as there are any."""
    store, history = worked(*[put("n", n) for n in range(1, 11)])
    history.undo(undone)
    lifted = parsed(devtools(history, states=4))
    current = lifted["currentStateIndex"]
    assert lifted["computedStates"][current]["state"] == to_plain(store.state)
    assert len(lifted["stagedActionIds"]) - 1 - current == min(undone, 2)
    assert len(lifted["stagedActionIds"]) - 1 <= 4


def test_evicted_commits_are_committed():
    """Where a limit has let the oldest commits go, the oldest state that remains is where the list begins."""
    _, history = worked(*[put("n", n) for n in range(1, 301)], limit=100)
    lifted = parsed(devtools(history, states=None))
    assert lifted["stagedActionIds"] == [0, *range(201, 301)]
    assert lifted["committedState"] == {"n": 200}


def test_a_failed_action_has_its_error_beside_the_state():
    """What raised when it was run again changed nothing, and DevTools shows why; the short form leaves it out."""
    store, history = worked(put("a", 1), put("b", 2), put("c", 3))
    history.rewrite(replace={2: {"type": "broken"}})
    lifted = parsed(devtools(history))
    assert [entry.get("error") for entry in lifted["computedStates"]] == [None, None, "ValueError: told to", None]
    assert lifted["computedStates"][2]["state"] == {"a": 1}
    assert lifted["computedStates"][3]["state"] == to_plain(store.state) == {"a": 1, "c": 3}
    told = []
    short = parsed(devtools_actions(history, tell=told.append))
    assert json.loads(short["payload"]) == [put("a", 1), put("c", 3)]
    assert told == ["1 actions that had failed were left out"]


def test_nothing_recorded_is_a_file_too():
    """A history without a commit has its first state."""
    _, history = worked(initial={"a": None})
    lifted = parsed(devtools(history))
    assert lifted["computedStates"] == [{"state": {"a": None}}]
    assert (lifted["stagedActionIds"], lifted["nextActionId"]) == ([0], 1)
    assert parsed(devtools_actions(history)) == {"payload": "[]", "preloadedState": '{"a":null}'}


@pytest.mark.parametrize("states", [0, -1, 1.5, True, "all"])
def test_a_wrong_number_of_states(states):
    """The number of states is checked before anything is written."""
    _, history = worked(put("a", 1))
    with pytest.raises(ActionError, match="states is a whole number"):
        devtools(history, states=states)


@pytest.mark.parametrize("form", [devtools, devtools_actions])
def test_a_wrong_ref(form):
    """An unknown ref is refused before anything is written."""
    _, history = worked(put("a", 1))
    with pytest.raises(HistoryError, match="no commit"):
        form(history, ref=7)


def test_the_short_form_is_json_in_json():
    """Payload and preloaded state are texts, whatever characters are in them."""
    awkward = 'quote " back\\slash \n \u2028 é 🎉 </script>'
    _, history = worked(put("a", awkward), initial={"start": awkward})
    short = parsed(devtools_actions(history))
    assert json.loads(short["payload"]) == [put("a", awkward)]
    assert json.loads(short["preloadedState"]) == {"start": awkward}


# In the real consumer


@pytest.fixture
def varied(tmp_path):
    """A run with all that JSON knows, three steps undone, and its files in both forms."""
    values = [1, -2.5, 1e300, "text \u2028 é 🎉", None, True, [], {}, [[1], {"deep": [None]}], "x" * 5_000]
    store, history = worked(*[put(f"k{n}", value) for n, value in enumerate(values)], initial={"first": {"here": 1}})
    history.undo(3)
    lifted = export(history, "devtools", tmp_path / "lifted.json")
    short = export(history, "devtools-actions", tmp_path / "short.json")
    return store, history, lifted, short


@needs_redux
def test_an_instrumented_store_has_the_same_states(varied):
    """With noRecompute every computed state is the recorded one, and the current one that of the head."""
    store, history, lifted, _ = varied
    found = imported(lifted, "noRecompute")
    assert found["stagedActionIds"] == list(range(11))
    states = [to_plain(history.state_at(seq)) for seq in range(11)]
    assert [entry["state"] for entry in found["computedStates"]] == states
    assert found["currentStateIndex"] == 7
    assert found["state"] == to_plain(store.state)


@needs_redux
def test_an_instrumented_store_computes_the_same_states(varied):
    """A reducer of the same sense that runs the actions again comes to the recorded states, in both forms."""
    store, history, lifted, short = varied
    states = [to_plain(history.state_at(seq)) for seq in range(11)]
    found = imported(lifted, "recompute")
    assert [entry["state"] for entry in found["computedStates"]] == states
    replayed = imported(short, "recompute")
    assert [entry["state"] for entry in replayed["computedStates"]] == states[:8]
    assert replayed["state"] == to_plain(store.state)


@needs_redux
@pytest.mark.parametrize("states", [None, 4])
def test_an_instrumented_store_goes_on(tmp_path, states):
    """What is dispatched after the import gets the next id and is reduced from the recorded state."""
    store, history = worked(*[put(f"k{n}", n) for n in range(10)])
    file = export(history, "devtools", tmp_path / "lifted.json", states=states)
    found = imported(file, "noRecompute", put("more", 1), put("more", 2))
    assert found["state"] == {**to_plain(store.state), "more": 2}
    assert found["stagedActionIds"][-3:] == [10, 11, 12]
    assert found["actionsById"]["12"]["action"] == put("more", 2)
    assert found["nextActionId"] == 13
    assert "error" not in found["computedStates"][-1]


# Long runs, in processes of their own so that their memory is theirs

EXPORTING = """
    import resource, sys
    from statestore import open_history
    from statestore.exporters import find_format

    def peak_mb():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with open_history(sys.argv[1]) as source:
        commits = len(source.lineage())
        source.state_at("head")
        before, size = peak_mb(), 0
        for chunk in find_format(sys.argv[2]).function(source, **eval(sys.argv[3])):
            size += len(chunk)
        print(commits, size, peak_mb() - before)
"""
RECORDING = """
    import sys
    from statestore import Journal, Slice, Store

    count, tasks = int(sys.argv[2]), int(sys.argv[3])
    fresh = {f"T{n}": {"title": f"task number {n}", "status": "planned", "tags": ["a", "b"]} for n in range(tasks)}
    backlog = Slice("backlog", initial={"tasks": fresh, "done": 0})

    @backlog.action
    def moved(draft, id: str, status: str) -> None:
        draft["tasks"][id]["status"] = status

    with Store(backlog, middleware=[Journal(sys.argv[1])]) as store:
        for number in range(count):
            store.dispatch(moved(f"T{number % tasks}", f"status {number % 5}"))
"""


def in_python(code: str, *arguments: object) -> str:
    """What a program prints."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=500).stdout


LONG = [(4_000, 10), (2_000, 1_000), *([(1_000_000, 10), (10_000, 1_000)] if THOROUGH else [])]


@pytest.mark.parametrize(("commits", "tasks"), LONG)
def test_long_runs_take_little_memory(tmp_path, commits, tasks):
    """Both forms, and the lifted one with all its states, are written in the memory of a few states."""
    file = tmp_path / "long.history"
    in_python(RECORDING, file, commits, tasks)
    everything = "{'states': None}" if commits <= 10_000 else "{'states': 20_000}"
    for form, options in (("devtools", "{}"), ("devtools", everything), ("devtools-actions", "{}")):
        count, size, more_mb = in_python(EXPORTING, file, form, options).split()
        assert int(count) == commits
        assert float(more_mb) < 60, (form, options, size)
