"""The example that debugs a recorded run, on records of the main job."""

import subprocess
import sys

from survey.backlog import backlog, failed, implementing, planned

from statestore import Run
from tests.examples.conftest import EXAMPLES


def debug(*arguments):
    """Runs the example to its end; gives exit status, output and errors."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / "debug_a_run.py", *arguments], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_the_main_jobs_run_is_debugged(run, folder, tmp_path):
    """The action that broke the invariant is found, blamed and skipped, and what would have been is shown."""
    assert run(folder)[0] == 0
    status, output, errors = debug(tmp_path / "orchestrator.history")
    assert (status, errors) == (0, "")
    found, action, *rest = output.splitlines()
    assert "was the first after which a task had failed" in found
    assert action.startswith("  backlog/failed {'name': 'broken.py'")
    assert "~ root['tasks']['broken.py']['status']: 'implementing' -> 'failed'" in rest
    number = found.split()[1]
    assert f"  blame: commit {number}, backlog/failed" in rest
    before, after = rest[-3], rest[-2]
    assert (before.split(":")[0], "2 failed" in before) == ("At the end of the run", True)
    assert (after.split(":")[0], "1 failed" in after) == (f"Without commit {number}", True)
    assert rest[-1] == "  broken.py: implementing"


def test_a_run_with_branches_is_debugged(tmp_path):
    """What was undone before has seqs of its own, and yet the right action is skipped."""
    path = tmp_path / "branched.history"
    with Run(backlog, path) as run:
        for name in ("undone", "a", "b"):
            run.dispatch(planned(name, kind="module"))
            if name == "undone":
                run.undo()
        for name in ("a", "b"):
            run.dispatch(implementing(name))
        run.dispatch(failed("a", reason="it is broken"))
        run.dispatch(failed("b", reason="it is too"))
    status, output, errors = debug(path)
    assert (status, errors) == (0, "")
    assert output.splitlines()[-3:] == [
        "At the end of the run:      2 failed",
        "Without commit 6:      1 implementing, 1 failed",
        "  a: implementing",
    ]


def test_a_run_without_failures_is_told_so(tmp_path):
    """Where the invariant holds throughout there is nothing to debug."""
    with Run(backlog, tmp_path / "fine.history") as run:
        run.dispatch(planned("a", kind="module"))
    assert debug(tmp_path / "fine.history")[1].startswith("No task has failed in any of the 1 commits")


def test_wrong_use_is_one_line(tmp_path):
    """A file that is not there, or none at all, is told on the error stream without a traceback."""
    for arguments in ([], [tmp_path / "nothing.history"]):
        status, output, errors = debug(*arguments)
        assert (status, output, errors.count("\n")) == (1, "", 1)
