"""The main job as a user runs it: its own process, its output, its history file, and Ctrl-C."""

import argparse
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from orchestrator import TaskOrchestrator
from survey.backlog import backlog

from statestore import Run, Store, open_history, thaw
from statestore.journal.verifying import verify
from tests.conftest import THOROUGH
from tests.examples.conftest import EXAMPLES, start_orchestrator, write_folder

WORKERS = {"inline": (), "threads": ("--workers", 2), "async": ("--async",)}
MODES = WORKERS | {"immutables": ("--state", "immutables")}
INTERRUPTED = "interrupted; orchestrator.history has what was done, and --resume goes on from there\n"
needs_signals = pytest.mark.skipif(os.name == "nt", reason="signals cannot be sent to another process")
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def record(tmp_path):
    """Where the orchestrator keeps its record unless told otherwise."""
    return tmp_path / "orchestrator.history"


@pytest.fixture(scope="module", params=MODES)
def finished(request, tmp_path_factory):
    """One finished run of each kind: exit status, output, errors, and the record."""
    place = tmp_path_factory.mktemp(request.param)
    process = start_orchestrator(place, write_folder(place / "folder"), *MODES[request.param])
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors, place / "orchestrator.history"


def test_every_way_of_working_comes_to_the_same_result(finished, folder):
    """In threads, with asyncio or neither, the recorded end is that of an orchestrator that nobody recorded."""
    status, _, errors, record = finished
    store = Store(backlog)
    unrecorded = TaskOrchestrator(store, folder)
    unrecorded.plan()
    unrecorded.work()

    with open_history(record) as history:
        recorded = thaw(history.state_at("head"))

    assert (status, errors) == (0, "")
    # Some reasons name a file by its whole path, and the two folders are different ones.
    ends = json.dumps(recorded, sort_keys=True), json.dumps(thaw(store.state), sort_keys=True)
    assert ends[0].replace(str(record.parent), "") == ends[1].replace(str(folder.parent), "")


def test_the_record_holds_the_whole_run(finished):
    """The file has a commit for each action, a span for each task, and the milestones, snapshots and samples."""
    *_, record = finished

    with open_history(record) as history:
        assert history.closed
        assert Counter(commit.action.type for commit in history.lineage()) == {
            "backlog/planned": 10,
            "backlog/implementing": 12,
            "backlog/retried": 2,
            "backlog/failed": 2,
            "backlog/complete": 8,
        }
        assert Counter(span.name for span in history.spans if span.kind == "block") == {
            "plan": 1, "work": 1, "module": 7, "package": 2, "summary": 1,
        }  # fmt: skip
        assert [snapshot.name for snapshot in history.snapshots] == ["outer/inner/", "outer/"]
        assert {milestone.name for milestone in history.milestones} == {
            "planned", "first failure", "half done", "all done", "outer/inner/ complete", "outer/ complete",
        }  # fmt: skip
        assert len(history.samples) >= 2


def test_spans_of_tasks_lie_in_the_span_of_the_work(finished):
    """Wherever a task was done, its span is inside that of the work, and its actions are inside its own."""
    *_, record = finished

    with open_history(record) as history:
        spans = list(history.spans)

    (work,) = [span for span in spans if span.name == "work"]
    tasks = [span for span in spans if span.name in ("module", "package", "summary")]
    settling = [span for span in spans if span.name in ("backlog/complete", "backlog/failed")]
    assert {span.parent_id for span in tasks} == {work.id}
    assert sorted(span.parent_id for span in settling) == sorted(span.id for span in tasks)


def test_the_report_tells_what_failed_and_what_that_changed(finished):
    """The output names the failed modules with their reasons, and shows the first failure as a change of state."""
    _, output, _, _ = finished

    assert "Surveyed 7 modules, 12 lines" in output
    assert re.search(r"^  broken\.py: SyntaxError: .*line 1", output, re.MULTILINE)
    assert re.search(r"^  outer/inner/python2\.py: SyntaxError: ", output, re.MULTILINE)
    _, _, point = output.partition("just before the first failure")
    assert re.search(r"\['(broken|outer/inner/python2)\.py'\]\['status'\]: 'implementing' -> 'failed'", point)
    assert "['counts']['failed']: 0 -> 1" in point


def test_the_report_names_the_package_that_was_truly_slowest(tmp_path, record, run):
    """By the time of its own modules in the record: neither the one with most modules nor the one around it."""
    source = Path(argparse.__file__).read_bytes()
    for name in (*[f"many/{number}.py" for number in range(20)], "outer/__init__.py"):
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(b"x = 1\n")
    (tmp_path / "folder" / "outer" / "slow").mkdir()
    (tmp_path / "folder" / "outer" / "slow" / "big.py").write_bytes(source * 4)

    _, output, _ = run("folder")

    with open_history(record) as history:
        taken = Counter[str]()
        for span in history.spans:
            if span.name == "module":
                taken[str(Path(span.metadata["task"]).parent)] += span.elapsed_ns
    ((slowest, taken_ns),) = taken.most_common(1)
    assert slowest == "outer/slow"
    first = output.partition("Slowest packages")[2].splitlines()[1]
    assert first.split() == [f"{taken_ns / 1e6:,.1f}", "ms", "outer/slow/"]
    assert re.search(r"note: +module takes .*; the slowest one took .* \(task=outer/slow/big\.py\)", output)


def test_going_back_leaves_the_record_at_its_end(finished):
    """Undo to the first failure and redo are on record as moves, and the head is the last commit again."""
    *_, record = finished

    with open_history(record) as history:
        first = history.bisect(lambda state: state["counts"]["failed"] > 0)
        last = len(history.commits)
        assert [(move.kind, move.to_seq) for move in history.moves] == [("undo", first.parent), ("redo", last)]
        assert history.head.seq == last


def test_a_folder_without_failures_has_nothing_to_go_back_to(tmp_path, run):
    """When nothing failed the run says so and ends well; what Python warns of in the files is not repeated."""
    (tmp_path / "fine").mkdir()
    (tmp_path / "fine" / "__main__.py").write_text("pattern = '\\d'\n")

    status, output, errors = run("fine")

    assert (status, errors) == (0, "")
    assert "No task failed" in output


def test_an_older_record_is_kept_under_another_name(folder, record, run):
    """Run twice, the first record is kept under a name that nobody has, and a line says which."""
    run(folder)
    record.with_name("orchestrator.1.history").write_text("somebody's own")

    status, _, errors = run(folder)

    assert (status, errors) == (0, "orchestrator.history is there already: renamed to orchestrator.2.history\n")
    assert record.with_name("orchestrator.1.history").read_text() == "somebody's own"
    for name in ("orchestrator.history", "orchestrator.2.history"):
        with open_history(record.with_name(name)) as history:
            assert len(history.commits) == 34


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere is no folder with Python files"),
        (["."], ". is no folder with Python files"),
        (["--workers", "-1"], "--workers takes 1 or more, not -1"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(run, arguments, complaint):
    """Wrong arguments end with status 2 and one clear line, without a record."""
    status, output, errors = run(*arguments)

    assert (status, output) == (2, "")
    assert errors.splitlines()[-1] == f"orchestrator.py: error: {complaint}"


def test_a_record_that_cannot_be_written_is_one_line(folder, tmp_path, run):
    """A history file in a folder that does not exist ends with status 1 and a line, not with a traceback."""
    status, _, errors = run(folder, "--history", tmp_path / "missing" / "run.history")

    assert status == 1
    assert re.fullmatch(r"orchestrator: .*missing.*\n", errors)


def test_a_reader_who_stops_early_is_no_error(folder, record, start):
    """Closing the pipe that the report goes to neither prints a traceback nor spoils the record."""
    with start(folder) as process:
        process.stdout.close()

        assert process.stderr.read() == ""
        assert process.wait(60) == 0
    with open_history(record) as history:
        assert not history.torn


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_progress_is_drawn_on_a_terminal_only(folder, tmp_path):
    """When stderr is a terminal it shows how far the survey is; the report on stdout is free of it."""
    shown, terminal = os.openpty()
    command = [sys.executable, EXAMPLES / "orchestrator.py", folder]
    environment = {**os.environ, "TERM": "xterm"}
    finished = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)

    assert finished.returncode == 0
    assert b"100%" in os.read(shown, 100_000)
    assert b"\x1b" not in finished.stdout
    os.close(shown)


def _is_at_work(record):
    """Whether the record, read while it is being written, has a task that is complete."""
    with open_history(record) as history:
        return bool(history.find("backlog/complete"))


def _interrupt(process, record, is_time, after_seconds=0.0, by=signal.SIGINT):
    """Sends the signal when the record has begun and `is_time(record)`, and then so many seconds have passed."""
    give_up = time.monotonic() + 60
    while not (record.exists() and record.stat().st_size and is_time(record)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)
    time.sleep(after_seconds)
    process.send_signal(by)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@needs_signals
@pytest.mark.parametrize("arguments", WORKERS.values(), ids=WORKERS)
def test_an_interrupt_leaves_a_readable_record(long_folder, record, start, arguments):
    """Ctrl-C amid the work ends with one line and status 130; the file is whole and holds what was done until then."""
    status, errors = _interrupt(start(long_folder, *arguments), record, _is_at_work)

    assert (status, errors) == (130, INTERRUPTED)
    with open_history(record) as history:
        counts = history.state_at("head")["counts"]
        assert history.closed
        assert counts["complete"] > 0
        assert counts["planned"] > 0


@needs_signals
@pytest.mark.parametrize(("by", "expected"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_a_run_that_was_cut_short_goes_on(long_folder, record, start, run, by, expected):
    """After Ctrl-C, and after kill -9, --resume does what was left, in the same file, and comes to the usual end."""
    status, _ = _interrupt(start(long_folder), record, _is_at_work, by=getattr(signal, by))
    assert status == expected
    assert verify(record).ok
    with open_history(record) as history:
        before = len(history.commits)

    status, output, errors = run(long_folder, "--resume")

    assert (status, errors) == (0, "")
    assert output.startswith("Surveyed 60 modules")
    with open_history(record) as history:
        actions = Counter(commit.action.type for commit in history.lineage())
        assert history.state_at("head")["counts"]["complete"] == 61
        assert len(history.commits) > before
        assert actions["backlog/planned"] == actions["backlog/complete"] == 61
        assert actions["backlog/implementing"] == 61 + actions["backlog/retried"]


def test_a_run_that_was_cut_short_looking_back_goes_on_from_its_end(folder, record, run):
    """A record whose head was left at the first failure is resumed at its last commit: nothing is done twice."""
    run(folder)
    with Run(backlog, record) as resumed:
        last = resumed.store.seq
        resumed.goto(resumed.history.find("backlog/failed")[0].parent)

    status, output, errors = run(folder, "--resume")

    assert (status, errors) == (0, "")
    assert "Slowest" not in output
    with open_history(record) as history:
        assert history.head.seq == len(history.commits) == last


@needs_signals
@pytest.mark.skipif(not THOROUGH, reason="takes minutes; set STATESTORE_THOROUGH=1")
@pytest.mark.parametrize("seed", range(8))
def test_a_run_survives_kill_at_any_moment(long_folder, record, start, run, seed):
    """Killed again and again: what is left verifies and is never less, --resume goes on, and in the end all is done."""
    chance, left = random.Random(seed), 0
    arguments = chance.choice(list(MODES.values()))
    for _ in range(3):
        process = start(long_folder, *arguments, *["--resume"] * bool(left))
        status, _ = _interrupt(process, record, bool, chance.uniform(0, 2), by=signal.SIGKILL)
        assert status in (-9, 0)
        found = verify(record)
        assert found.problems == ()
        assert found.commits >= left
        left = found.commits

    status, _, errors = run(long_folder, *arguments, "--resume")

    assert (status, errors) == (0, "")
    assert verify(record).ok
    with open_history(record) as history:
        assert history.closed
        assert history.state_at("head")["counts"]["complete"] == 61


@needs_signals
@pytest.mark.skipif(not THOROUGH, reason="takes minutes; set STATESTORE_THOROUGH=1")
@pytest.mark.parametrize("seed", range(40))
def test_an_interrupt_at_any_moment_leaves_a_readable_record(long_folder, record, start, seed):
    """Wherever Ctrl-C strikes after the record was begun, from planning to report, the file opens and adds up."""
    chance = random.Random(seed)
    arguments = chance.choice(list(MODES.values()))

    status, errors = _interrupt(start(long_folder, *arguments), record, bool, chance.uniform(0, 2))

    assert (status, errors) in [(130, INTERRUPTED), (0, "")]
    with open_history(record) as history:
        state = history.state_at("head")
        assert not history.torn
        assert sum(state["counts"].values()) == len(state["tasks"])


def test_the_command_in_the_readme_runs(folder, tmp_path, run):
    """The main job is started in the README as it can be started: here on the small folder, thoroughly as it stands."""
    (arguments,) = re.findall(r"python examples/orchestrator\.py([^\n&|;#`]*)", README.read_text())[:1]

    status, output, errors = run(*([] if THOROUGH else [folder]), *shlex.split(arguments))

    assert (status, errors) == (0, "")
    assert output.startswith("Surveyed ")
