"""`statestore replay`."""

import json
import subprocess
import sys

import pytest

from statestore import Journal, Slice, Store
from tests.cli.conftest import COMMAND, on_terminal
from tests.examples.conftest import EXAMPLES

REDUCERS = """
from dataclasses import dataclass, replace
from statestore import Slice

print("a module that prints")
backlog = Slice("backlog", initial={"tasks": {}})

@backlog.action
def added(draft, id: str, title: str) -> None:
    draft["tasks"][id] = {"title": title, "status": "planned"}

other = Slice("other", initial=0)
changed = Slice("backlog", initial={"tasks": {}})

@changed.on("backlog/added")
def _(draft, action):
    task = action.payload
    draft["tasks"][task["id"]] = {"title": task["title"], "status": "new" if task["id"] == "T3" else "planned"}

def failing(state, action):
    raise ValueError("two\\nlines")

class Home:
    backlog = backlog

@dataclass(frozen=True)
class Settings:
    level: int = 0

settings = Slice("settings", initial={"now": Settings()})

@settings.on("raised")
def _(draft, action):
    draft["now"] = replace(Settings(), level=action.payload)
"""


@pytest.fixture
def replay(tmp_path):
    """The command in a folder with a module of reducers; gives status, output and errors."""
    (tmp_path / "reducers.py").write_text(REDUCERS)
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "leaving.py").write_text("import sys; sys.exit('enough')")

    def run(file, reducer, *arguments, typed=""):
        command = [*COMMAND, "replay", str(file), "--reducer", reducer, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path, input=typed, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_main_jobs_file_replays(job, torn_job):
    """On the orchestrator's own reducer it leads to the recorded state, commit by commit too; so does a torn one."""
    for file, said in ((job, ""), (torn_job, "torn")):
        for options in ([], ["--verify"]):
            command = [*COMMAND, "replay", file, "--reducer", "survey.backlog:backlog", *options]
            done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0
            assert ("recorded state" if not options else "came out as they were recorded") in done.stdout
            assert said in done.stderr


def test_the_current_folder_is_looked_into(replay, recorded):
    """A module beside the person is found, a name in a class too; what the module prints is no part of the answer."""
    status, output, errors = replay(recorded, "reducers:backlog")
    assert (status, output) == (0, "4 commits led to the recorded state\n")
    assert errors == "a module that prints\n"
    assert replay(recorded, "reducers:Home.backlog", "--verify")[:2] == (
        0,
        "all 4 commits came out as they were recorded\n",
    )


def test_a_difference_is_status_4(replay, recorded):
    """Without `--verify` the states at the end are told apart, with it the first commit that differs is named."""
    status, output, _ = replay(recorded, "reducers:changed")
    assert status == 4
    assert "~ root['tasks']['T3']['status']: 'planned' -> 'new'" in output
    status, output, _ = replay(recorded, "reducers:changed", "--verify")
    assert status == 4
    assert output.startswith("2 commits came out as they were recorded, then commit 3 backlog/added")
    _, output, _ = replay(recorded, "reducers:changed", "--verify", "--json")
    report = json.loads(output)
    assert (report["ok"], report["checked"], report["divergence"]["seq"]) == (False, 2, 3)
    assert report["divergence"]["actual"][0][2]["status"] == "new"


def test_a_reducer_that_raises_is_a_difference(replay, recorded):
    """Status 4, and the error in one line."""
    status, output, errors = replay(recorded, "reducers:failing")
    assert (status, output) == (4, "")
    assert errors.splitlines()[-1] == "statestore: after commit 0 the reducer raised ValueError: two lines"
    status, output, _ = replay(recorded, "reducers:failing", "--verify")
    assert status == 4
    assert "ValueError" in output


@pytest.mark.parametrize(
    ("arguments", "tasks"),
    [
        (["--until", "2"], 2),
        (["--until", "third"], 3),
        (["--until", "head~1"], 3),
        (["--until", "backlog/added"], 1),
        (["--until", "root"], 0),
        (["--until", "5"], 5),
        ([], 4),
    ],
)
def test_it_stops_where_it_is_told(replay, recorded, arguments, tasks):
    """At a ref, or at the first action of a type; the state is that of the place, and can be printed."""
    status, output, _ = replay(recorded, "reducers:backlog", "--state", *arguments)
    assert status == 0
    assert len(json.loads(output)["tasks"]) == tasks
    status, output, _ = replay(f"{recorded}@{tasks or 'root'}", "reducers:backlog", "--json")
    assert json.loads(output)["commits"] == tasks


def test_a_place_that_there_is_not(replay, recorded):
    """Neither ref nor type: status 2, and what would be valid."""
    status, output, errors = replay(recorded, "reducers:backlog", "--until", "nothing")
    assert (status, output) == (2, "")
    assert "third" in errors
    assert "no action" in errors


@pytest.mark.parametrize(
    ("reducer", "said"),
    [
        ("nothing:backlog", "ModuleNotFoundError"),
        ("reducers:nothing", "no attribute 'nothing'"),
        ("broken:backlog", "ZeroDivisionError: division by zero"),
        ("leaving:backlog", "ends the program (enough)"),
        ("reducers", "module:name"),
        ("reducers:", "module:name"),
        ("reducers:backlog.initial", "is no reducer"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(replay, recorded, reducer, said):
    """Status 2, without a traceback."""
    status, output, errors = replay(recorded, reducer)
    lines = [line for line in errors.splitlines() if line != "a module that prints"]
    assert (status, output, len(lines)) == (2, "", 1)
    assert said in lines[0]


def test_the_debugger_stops_before_the_reducer_gets_the_action(replay, recorded):
    """`state` and `action` are what it is about to get; leaving the debugger is leaving the command."""
    typed = "p 'found', action.payload['id'], len(state['tasks'])\nc\nq\n"
    for options in ([], ["--verify"]):
        status, output, errors = replay(
            recorded, "reducers:backlog", "--break-on", "backlog/added", *options, typed=typed
        )
        assert "('found', 'T1', 0)" in output
        assert status == 130
        assert "Traceback" not in errors


def test_records_are_read_as_the_programs_own_classes(replay, tmp_path):
    """Those in the reducer's initial value: what the program makes anew is then equal to what the file has."""
    sys.path.insert(0, str(tmp_path))
    try:
        import reducers
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("reducers", None)
    path = tmp_path / "settings.history"
    with Store(reducers.settings, middleware=[Journal(path)]) as store:
        for level in (1, 2):
            store.dispatch({"type": "raised", "payload": level})
    assert replay(path, "reducers:settings", "--verify")[:2] == (0, "all 2 commits came out as they were recorded\n")


def test_a_run_that_did_nothing_replays(replay, tmp_path):
    """There is a root, and nothing behind it."""
    path = tmp_path / "empty.history"
    Store(Slice("other", initial=0), middleware=[Journal(path)]).close()
    assert replay(path, "reducers:other")[:2] == (0, "0 commits led to the recorded state\n")


def test_what_is_no_history_is_refused(replay, tmp_path):
    """Status 3 and one line; what is not there, and no reducer at all, is status 2."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    status, output, errors = replay(other, "survey:nothing")
    assert status == 2
    status, output, errors = replay(other, "statestore:freeze")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    status, output, errors = replay(tmp_path / "missing.history", "statestore:freeze")
    assert (status, output, errors.count("\n")) == (2, "", 1)


def test_help_fits_a_terminal():
    """The examples stand as they are to be typed."""
    assert "\n    statestore replay run.history --reducer app.state:backlog --verify\n" in on_terminal(
        "replay", "--help"
    )
