"""The two examples that do something wrong on purpose, each run as a process of its own."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script: str) -> str:
    done = subprocess.run([sys.executable, EXAMPLES / script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


def test_a_leak_is_diagnosed():
    """The pipeline that keeps a megabyte for every item is told first that its memory climbs steadily."""
    assert run("leaky_pipeline.py").startswith("warning: memory climbs steadily")


def test_a_blocked_event_loop_is_diagnosed_with_its_culprit():
    """The job that hashes in its event loop is told so, and which span it was."""
    first, *_ = run("blocked_loop.py").splitlines()
    assert first.startswith("warning: the event loop was held up")
    assert "probably by hash" in first
