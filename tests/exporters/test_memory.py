"""Long runs are exported in bounded memory."""

import subprocess
import sys

import pytest

from statestore import Run
from tests.conftest import THOROUGH
from tests.exporters.traced import board, task_set

MB = 1_000_000
TRACES = ["chrome", "collapsed", "perfetto", "speedscope", "cpuprofile"]


def export_in_process(*arguments):
    """How much an export added to the peak of a new process, and how long the file became; in bytes."""
    pytest.importorskip("resource")
    command = [sys.executable, "-m", "tests.exporters.long", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(number) for number in done.stdout.split()]


# The first two go through all there is of sorting; the others sort in the same rooms.
@pytest.mark.parametrize("form", TRACES if THOROUGH else TRACES[:2])
def test_200_000_spans_take_tens_of_megabytes(form):
    """Held as objects, they would be over a hundred."""
    grown, written = export_in_process(form, 200_000)
    assert grown < 60 * MB
    assert written > 0


@pytest.mark.skipif(not THOROUGH, reason="STATESTORE_THOROUGH=1 exports a file of a million commits")
def test_a_million_commits_take_no_more(tmp_path):
    """Each with its span, out of a file: the memory is that of a fifth of them, the file a hundred megabytes."""
    with Run(board, tmp_path / "long.history") as run:
        for number in range(1_000_000):
            run.dispatch(task_set(f"T{number % 1_000}", number))
    for form in TRACES[:2]:
        grown, _ = export_in_process(form, 0, tmp_path / "long.history")
        assert grown < 90 * MB
