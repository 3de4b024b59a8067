"""`statestore record`."""

import os
import signal
import subprocess
import sys

import pytest

from statestore import open_history
from tests.cli.conftest import COMMAND, on_terminal
from tests.examples.conftest import EXAMPLES, write_folder

PROGRAM = """
import sys
from statestore import Slice, Store

count = Slice("count", initial=0)

@count.action
def added(value, by=1):
    return value + by

def work():
    store = Store(count)
    for _ in range(3): store.dispatch(added())

if __name__ == "__main__":
    work()
    print(sys.argv, sys.path[0], __file__, input())
    sys.exit(int(sys.argv[1])) if len(sys.argv) > 1 else 1 / 0
"""


@pytest.fixture
def place(tmp_path):
    """A folder with a program in it, alone and in a package."""
    (tmp_path / "package").mkdir()
    for path in ("app.py", "package/__init__.py", "package/tool.py"):
        (tmp_path / path).write_text(PROGRAM if path != "package/__init__.py" else "")
    return tmp_path


def started(place, *arguments):
    """Exit status, output and errors of a command in the folder."""
    done = subprocess.run(
        list(map(str, arguments)), cwd=place, input="typed", capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("ours", "pythons", "name"),
    [
        (["app.py", "7", "-o", "x", "--json", "-m"], None, "app"),
        (["app.py"], None, "app"),
        (["-m", "package.tool", "3", "--help"], None, "tool"),
        (["-o", "run.history", "app.py", "0"], ["app.py", "0"], "run"),
        (["-o", "run.history", "-m", "package.tool"], ["-m", "package.tool"], "run"),
        (["nothing.py/../app.py"], None, None),
    ],
)
def test_the_program_runs_as_with_python(place, ours, pythons, name):
    """Arguments, input, output, traceback and status are those of `python SCRIPT`, and its store is on record."""
    expected = started(place, sys.executable, *(pythons or ours))
    found = started(place, *COMMAND, "record", *ours)
    if name is None:  # what is not there is said in our words
        assert (found[0], expected[0]) == (2, 2)
        return
    assert found == expected
    with open_history(place / f"{name}.history") as source:
        assert source.closed
        assert len(source.commits) == 3


def test_what_is_there_already_stays(place):
    """The next record is beside it, also where the file is none of ours."""
    (place / "app.history").write_text("somebody's notes")
    for _ in range(2):
        assert started(place, *COMMAND, "record", "app.py", "0")[0] == 0
    assert (place / "app.history").read_text() == "somebody's notes"
    assert {path.name for path in place.glob("*.history")} == {"app.history", "app-2.history", "app-3.history"}


def test_the_main_job_can_be_recorded(place):
    """The orchestrator keeps a journal of its own, which is left alone: it reports as ever, and there is one file."""
    folder = write_folder(place / "folder")
    status, output, errors = started(place, *COMMAND, "record", EXAMPLES / "orchestrator.py", folder)
    assert (status, errors) == (0, "")
    assert "Undone" in output
    assert [path.name for path in place.glob("*.history")] == ["orchestrator.history"]


@pytest.mark.parametrize("arguments", [[], ["nothing.py"], ["--nothing", "app.py"], ["-o"]])
def test_wrong_usage_is_one_line(place, arguments):
    """Nothing to run, a program that there is not, an option that there is not."""
    status, output, errors = started(place, *COMMAND, "record", *arguments)
    assert (status, output, errors.count("\n")) == (2, "", 1)


def test_a_person_is_told_where_the_record_is(place, monkeypatch):
    """On a terminal the last line names the file; of a program without a store it says that there is none."""
    monkeypatch.chdir(place)
    (place / "quiet.py").write_text("import statestore")
    (place / "loud.py").write_text("import package.tool\npackage.tool.work()")
    assert "statestore: recorded loud.history" in on_terminal("record", "loud.py")
    assert "made no store" in on_terminal("record", "quiet.py")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the program has a process of its own")
def test_a_signal_reaches_the_program_itself(place):
    """It is the same process, so a signal to it ends it with that signal, and what was recorded is there."""
    (place / "waiting.py").write_text("import package.tool\npackage.tool.work()\nprint('ready', flush=True)\ninput()")
    process = subprocess.Popen(
        [*COMMAND, "record", "waiting.py"], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM
    process.stdin.close()
    process.stdout.close()
    with open_history(place / "waiting.history") as source:
        assert source.header.store == "store"
