"""`statestore tail`."""

import json
import signal
import subprocess
import sys

import pytest

from statestore import Journal, Run, Slice, Store
from tests.cli.conftest import COMMAND

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


@pytest.fixture
def follow():
    """Starts the command on a file that is being written; ends what a test leaves running."""
    started = []

    def start(path, *arguments):
        command = [*COMMAND, "tail", str(path), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_finished_run_shows_its_last_commits(ask, job):
    """Ten unless told otherwise, as in the log, and it is over."""
    status, output, errors = ask("tail", job)
    assert (status, errors) == (0, "")
    _, logged, _ = ask("log", job, "-n", 10)
    assert output.replace(" *", "") == logged.replace(" *", "")
    assert len(ask("tail", job, "-n", 3)[1].splitlines()) == 3
    assert ask("tail", job, "-n", 0)[:2] == (0, "")
    assert len(ask("tail", job, "-n", 100_000)[1].splitlines()) == len(ask("log", job)[1].splitlines())


def test_everything_is_shown_when_asked_for(ask, job):
    """Spans, milestones, moves, snapshots and readings too, each with its kind; commits alone otherwise."""
    _, output, _ = ask("tail", job, "--all", "-n", 100_000)
    kinds = {line.split("\t")[2] for line in output.splitlines()}
    assert {"commit", "span", "milestone", "move", "snapshot", "memory", "gauges"} <= kinds
    _, output, _ = ask("tail", job, "--all", "-n", 100_000, "--json")
    assert {json.loads(line)["record"] for line in output.splitlines()} == kinds
    _, output, _ = ask("tail", job, "--json")
    assert {json.loads(line)["record"] for line in output.splitlines()} == {"commit"}


def test_a_live_run_is_followed_to_its_end(follow, tmp_path):
    """What comes is shown when it comes; the end of the run ends it, with status 0."""
    with Run(count, tmp_path / "run.history") as run:
        for by in range(1, 4):
            run.dispatch(added(by))
        run.flush()
        process = follow(tmp_path / "run.history", "-n", "2", "--json")
        shown = [json.loads(process.stdout.readline())["seq"] for _ in range(2)]
        run.dispatch(added(10))
        shown.append(json.loads(process.stdout.readline())["seq"])
        run.dispatch(added(20))
    output, errors = process.communicate(timeout=60)
    assert shown == [2, 3, 4]
    assert [json.loads(line)["seq"] for line in output.splitlines()] == [5]
    assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_writer_that_died_is_noticed(follow, tmp_path):
    """What it left is shown, then a line says that nobody writes any more."""
    program = tmp_path / "writer.py"
    program.write_text(
        "import os\nfrom statestore import *\n"
        "store = Store(lambda state, action: state + 1, 0, middleware=[journal := Journal('run.history')])\n"
        "store.dispatch(Action('first')); journal.flush(); print('written', flush=True); input()\n"
        "store.dispatch(Action('second')); journal.flush(); os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, program.name]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "written\n"
        process = follow(tmp_path / "run.history")
        assert "first" in process.stdout.readline()
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert "second" in process.stdout.readline()
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.count("\n")) == (0, "", 1)
    assert "nobody writes" in errors


def test_a_torn_file_shows_what_is_whole(ask, torn_job):
    """And says that its run was never closed, and that it is torn."""
    status, output, errors = ask("tail", torn_job, "-n", 5)
    assert (status, len(output.splitlines()), errors.count("\n")) == (0, 5, 1)
    assert "cut off" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_ends_it_without_a_word(follow, tmp_path):
    """With the status that shells expect, and the prompt on a line of its own."""
    with Store(count, middleware=[journal := Journal(tmp_path / "run.history")]) as store:
        store.dispatch(added())
        journal.flush()
        process = follow(tmp_path / "run.history")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "\n")


def test_what_is_no_history_is_refused(ask, tmp_path):
    """Status 3 and one line, and status 2 for what is not there."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    status, output, errors = ask("tail", other)
    assert (status, output, errors.count("\n")) == (3, "", 1)
    status, output, errors = ask("tail", tmp_path / "missing.history")
    assert (status, output, errors.count("\n")) == (2, "", 1)
