"""`statestore import`."""

import json

import pytest

from statestore import Slice, open_history

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


ACTIONS = [{"type": "count/added", "payload": {"by": by}} for by in (1, 2, 3)]


@pytest.fixture
def lifted(tmp_path):
    """What the page of Redux DevTools saves: three actions, of which the second was toggled off."""
    staged = [{"type": "@@INIT"}, *ACTIONS]
    state = {
        "actionsById": {
            str(number): {"type": "PERFORM_ACTION", "action": action, "timestamp": 1_795_430_832_568 + number}
            for number, action in enumerate(staged)
        },
        "computedStates": [{"state": value} for value in (0, 1, 1, 4)],
        "stagedActionIds": [0, 1, 2, 3],
        "skippedActionIds": [2],
        "currentStateIndex": 3,
        "nextActionId": 4,
    }
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state))
    return path


@pytest.fixture
def short(tmp_path):
    """The short form: actions and a first state, each as JSON in a string."""
    path = tmp_path / "actions.json"
    path.write_text(json.dumps({"payload": json.dumps(ACTIONS), "preloadedState": "0"}))
    return path


def test_a_file_with_states_needs_no_reducer(ask, lifted):
    """The history is beside it, and answers like any other."""
    status, output, errors = ask("import", lifted)
    path = lifted.with_name("state.history")
    assert (status, output, errors) == (0, f"2\t0\t1\t2\t{path}\n", "")
    with open_history(path) as source:
        assert [commit.action.type for commit in source.commits] == ["count/added"] * 2
        assert source.state_at("head") == 4
    assert ask("log", path)[1].count("\n") == 2


def test_a_file_of_actions_needs_a_reducer(ask, short, tmp_path, monkeypatch):
    """It is found as for replay; without one a line says that there must be one, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    status, output, errors = ask("import", short, "-o", "out.history")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert "reducer" in errors
    assert not (tmp_path / "out.history").exists()
    reducer = "tests.cli.test_importing:count"
    status, output, _ = ask("import", short, "-o", "out.history", "--reducer", reducer, "--name", "page", "--json")
    assert status == 0
    assert json.loads(output) == {"file": "out.history", "actions": 3, "failed": 0, "skipped": 0, "current": 3}
    with open_history("out.history") as source:
        assert (source.state_at("head"), source.header.store) == (6, "page")


def test_the_main_jobs_file_goes_there_and_back(ask, job, torn_job, tmp_path):
    """What was exported for DevTools is a history again, with the states that it had; of a torn file as well."""
    for file in (job, torn_job):
        exported, back = tmp_path / f"{file.stem}.devtools.json", tmp_path / f"{file.stem}-back.history"
        assert ask("export", file, "-o", exported)[0] == 0
        assert ask("import", exported, "-o", back)[0] == 0
        with open_history(file) as source, open_history(back) as again:
            states = [json.loads(ask("show", one, "--state")[1]) for one in (file, back)]
            assert states[0] == states[1]
            assert len(source.lineage()) == len(again.lineage())


def test_what_is_there_already_stays(ask, lifted):
    """It is refused in one line."""
    taken = lifted.with_name("state.history")
    taken.write_text("somebody's notes")
    status, output, errors = ask("import", lifted)
    assert (output, errors.count("\n")) == ("", 1)
    assert status != 0
    assert taken.read_text() == "somebody's notes"


@pytest.mark.parametrize("text", ["", "{}", "[1, 2", "not JSON", '{"actionsById": 3}', "\0" * 100])
def test_what_is_no_export_is_refused(ask, tmp_path, text):
    """In one line, with nothing left behind."""
    path = tmp_path / "wrong.json"
    path.write_text(text)
    status, output, errors = ask("import", path)
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert [each.name for each in tmp_path.iterdir()] == ["wrong.json"]


def test_wrong_usage_is_one_line(ask, lifted, tmp_path):
    """A file that is not there, a folder that is not there, a reducer that is none."""
    for arguments in (
        [tmp_path / "missing.json"],
        [lifted, "-o", tmp_path / "missing" / "out.history"],
        [lifted, "--reducer", "nothing:here"],
    ):
        status, output, errors = ask("import", *arguments)
        assert (status, output, errors.count("\n")) == (2, "", 1)
