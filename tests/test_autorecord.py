"""Programs whose stores are recorded without their knowing."""

import os
import signal
import subprocess
import sys

import pytest

from statestore import open_history

HEAD = """
import atexit, os, sys, warnings
from statestore import *

count = Slice("count", initial=0)

@count.action
def added(value, by=1):
    return value + by
"""


@pytest.fixture
def start(tmp_path):
    """Runs a program with STATESTORE_RECORD set; gives exit status, output and errors."""

    def run(code, path="run.history", *options, **environment):
        program = tmp_path / "program.py"
        program.write_text(HEAD + code)
        variables = {**os.environ, "STATESTORE_RECORD": path, **environment}
        command = [sys.executable, *options, str(program)]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    return run


def names(folder):
    """The history files in a folder."""
    return sorted(path.name for path in folder.rglob("*.history"))


def test_a_store_is_recorded_without_a_change_to_the_code(start, tmp_path):
    """Commits, spans, readings of memory and of the process; also when nobody closes the store."""
    assert start("store = Store(count)\nfor _ in range(100): store.dispatch(added())") == (0, "", "")
    with open_history(tmp_path / "run.history") as source:
        assert source.closed
        assert len(source.commits) == len(source.spans) == 100
        assert source.state_at("head") == 100
        assert len(source.samples) >= 2
        assert len(source.gauges) >= 2
        assert source.header.store == "store"


def test_a_store_that_is_dropped_has_a_whole_file(start, tmp_path):
    """As at the end of a function, long before the program's own."""
    code = "import gc\ndef work():\n    Store(count).dispatch(added())\nwork(); gc.collect(); print('after')"
    assert start(code) == (0, "after\n", "")
    with open_history(tmp_path / "run.history") as source:
        assert source.closed
        assert len(source.commits) == 1


def test_the_program_sees_nothing_of_it(start):
    """Middleware, results, errors and threads' exceptions are what they are without."""
    code = """
history = History()
store = Store(count, middleware=[history, thunk])
assert store.middleware == (history, thunk)
assert store.dispatch(added(2)) == added(2)
assert store.dispatch(lambda store: "result") == "result"
try:
    store.dispatch(3)
except ActionError as error:
    print(error)
assert history.undo() and store.state == 0
store.close()
try:
    store.dispatch(added())
except DispatchError as error:
    print(error)
print(sys.argv[1:], __name__)
sys.exit(5)
"""
    assert start(code) == start(code, path="")


def test_each_store_gets_a_file(start, tmp_path):
    """The second store is `run-2.history`, and what is there already stays as it is."""
    (tmp_path / "run-3.history").write_bytes(b"somebody's")
    code = "for number in range(3):\n    store = Store(count)\n    store.dispatch(added(number + 1))\n    store.close()"
    assert start(code) == (0, "", "")
    assert names(tmp_path) == ["run-2.history", "run-3.history", "run-4.history", "run.history"]
    assert (tmp_path / "run-3.history").read_bytes() == b"somebody's"
    states = []
    for name in ("run.history", "run-2.history", "run-4.history"):
        with open_history(tmp_path / name) as source:
            states.append(source.state_at("head"))
    assert states == [1, 2, 3]


def test_name_and_process_are_filled_in(start, tmp_path):
    """The name of a store makes a name of a file, and folders are made."""
    assert start("Store(count, name='a/b c'); print(os.getpid())", "out/{name}-{pid}.history")[0] == 0
    (path,) = (tmp_path / "out").iterdir()
    assert path.name.startswith("a-b-c-")
    assert path.stem.rpartition("-")[2].isdigit()


def test_a_folder_gets_the_files(start, tmp_path):
    """Where the path is a folder that exists, the files in it are called run.history."""
    (tmp_path / "records").mkdir()
    start("Store(count)", "records")
    assert names(tmp_path / "records") == ["run.history"]


def test_a_relative_path_is_one_of_the_folder_at_the_start(start, tmp_path):
    """Wherever the program goes meanwhile."""
    (tmp_path / "elsewhere").mkdir()
    start("os.chdir('elsewhere'); Store(count)")
    assert (tmp_path / "run.history").exists()


def test_a_store_with_a_journal_is_left_alone(start, tmp_path):
    """It has one file, its own."""
    code = "with Run(count, 'own.history') as run: run.dispatch(added())\nprint(len(run.store.middleware))"
    assert start(code) == start(code.replace("own", "other"), path="")
    assert names(tmp_path) == ["other.history", "own.history"]


def test_recorders_of_the_program_are_not_doubled(start, tmp_path):
    """A run without a file has Timing, Memory and Gauges: what they record is in the file once, and milestones too."""
    code = """
with Run(count) as run:
    with run.span("block"):
        run.dispatch(added())
    run.milestone("reached")
    run.undo()
print(len(run.memory.samples), len(run.gauges.samples))
"""
    _, output, _ = start(code)
    with open_history(tmp_path / "run.history") as source:
        assert sorted(span.name for span in source.spans) == ["block", "count/added"]
        assert [milestone.name for milestone in source.milestones] == ["reached"]
        assert [move.kind for move in source.moves] == ["undo"]
        assert output.split() == [str(len(source.samples)), str(len(source.gauges))]


def test_what_cannot_be_stored_does_not_stop_the_program(start, tmp_path):
    """Its text is stored instead."""
    code = (
        "store = Store(lambda state, action: state + 1, 0)\nstore.dispatch(Action('odd', object())); print(store.state)"
    )
    assert start(code) == (0, "1\n", "")
    with open_history(tmp_path / "run.history") as source:
        assert len(source.commits) == 1


def test_a_place_that_cannot_be_written_does_not_stop_the_program(start, tmp_path):
    """It is said in one line, also where warnings are errors."""
    (tmp_path / "file").write_text("no folder")
    code = "store = Store(count); store.dispatch(added()); print(store.state)"
    status, output, errors = start(code, "file/run.history", "-W", "error")
    assert (status, output, errors.count("\n")) == (0, "1\n", 1)
    assert "cannot be recorded" in errors


def test_what_runs_at_the_end_of_the_program_is_recorded(start, tmp_path):
    """Also what was registered for the end before there was a store."""
    code = "atexit.register(lambda: store.dispatch(added()))\nstore = Store(count)\nstore.dispatch(added())"
    assert start(code) == (0, "", "")
    with open_history(tmp_path / "run.history") as source:
        assert source.closed
        assert len(source.commits) == 2


def test_an_error_that_ends_the_program_ends_it_as_ever(start, tmp_path):
    """Same traceback, same status; the file has what happened before."""
    code = "store = Store(count)\nstore.dispatch(added())\nraise ValueError('boom')"
    assert start(code) == start(code, path="")
    with open_history(tmp_path / "run.history") as source:
        assert source.closed
        assert len(source.commits) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_record_their_own_stores(start, tmp_path, method):
    """Several at once, each into a file of its own; a store that a child inherits stays the parent's."""
    code = f"""
import multiprocessing

def work(number):
    own = Store(count, name=f"child {{number}}")
    for _ in range(number):
        own.dispatch(added())

if __name__ == "__main__":
    store = Store(count)
    store.dispatch(added())
    context = multiprocessing.get_context("{method}")
    children = [context.Process(target=work, args=(number,)) for number in (1, 2, 3)]
    for child in children: child.start()
    for child in children: child.join()
    store.dispatch(added())
"""
    assert start(code)[::2] == (0, "")
    found = {}
    for name in names(tmp_path):
        with open_history(tmp_path / name) as source:
            assert source.closed
            found[source.header.store] = len(source.commits)
    assert found == {"store": 2, "child 1": 1, "child 2": 2, "child 3": 3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_that_uses_the_parents_store_leaves_the_parents_file_whole(start, tmp_path):
    """The child goes on unrecorded."""
    code = """
store = Store(count)
store.dispatch(added())
if (child := os.fork()) == 0:
    store.dispatch(added())
    store.close()
    sys.exit(0)
os.waitpid(child, 0)
store.dispatch(added(10))
"""
    assert start(code) == (0, "", "")
    assert names(tmp_path) == ["run.history"]
    with open_history(tmp_path / "run.history") as source:
        assert source.closed
        assert source.state_at("head") == 11


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_killed_program_leaves_what_was_written(start, tmp_path):
    """The file is whole, and says that it was not closed."""
    code = """
import time
store = Store(count)
for _ in range(100): store.dispatch(added())
while os.path.getsize("run.history") < 700: time.sleep(0.01)
os.kill(os.getpid(), 9)
"""
    status, _, _ = start(code)
    assert status == -signal.SIGKILL
    with open_history(tmp_path / "run.history") as source:
        assert len(source.commits) == 100
        assert not source.closed


def test_threads_make_stores_at_once(start, tmp_path):
    """Each gets its file, none is written twice."""
    code = """
from concurrent.futures import ThreadPoolExecutor
def work(number):
    with Store(count) as store:
        for _ in range(number): store.dispatch(added())
with ThreadPoolExecutor(8) as pool: list(pool.map(work, range(1, 25)))
"""
    assert start(code) == (0, "", "")
    found = []
    for name in names(tmp_path):
        with open_history(tmp_path / name) as source:
            assert source.closed
            found.append(len(source.commits))
    assert sorted(found) == list(range(1, 25))


def test_without_the_variable_nothing_is_loaded(tmp_path):
    """Neither the module nor what it needs."""
    variables = {name: value for name, value in os.environ.items() if name != "STATESTORE_RECORD"}
    code = "import sys, statestore; statestore.Store; print([name for name in sys.modules if 'autorecord' in name])"
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"
