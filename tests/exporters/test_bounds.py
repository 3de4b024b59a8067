"""However long a run is, writing it for telemetry and data tools takes the memory of a few blocks."""

import tracemalloc

import pytest

from statestore import open_history
from statestore.exporters import export, parquet
from statestore.exporters.otel import readable
from tests.exporters.watched import begin, task_set

SHORT, LONG = 600, 2_400
# Of a step: two spans, a commit, a milestone and a move, which take some 2,000 as objects. What may grow, up to a
# limit: the ids that links lead to, the columns of a row group, the blocks that a file keeps.
A_STEP_BYTES = 500


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Runs of so many steps, by their number; one of ten for what is loaded once."""
    place = tmp_path_factory.mktemp("lengths")
    return {steps: record(place / f"{steps}.history", steps) for steps in (10, SHORT, LONG)}


def record(path, steps):
    with begin(path) as run:
        for step in range(steps):
            run.store.clock.advance(50_000_000)
            with run.span("step", number=step):
                run.dispatch(task_set(f"T{step % 10}", step))
                run.milestone(f"m{step % 100}")
            run.undo()
    return path


def peak(write, path):
    """Bytes that Python held at most while writing."""
    with open_history(path) as file:
        tracemalloc.start()
        try:
            write(file)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("form", ["otlp", "prometheus", "parquet", "sdk"])
def test_a_longer_run_takes_no_more_memory(form, files, tmp_path, monkeypatch):
    """Four times as many steps: of each of them less is held than a quarter of what it is."""
    monkeypatch.setattr(parquet, "_BATCH", 200)

    def write(file):
        if form == "sdk":
            assert sum(1 for _ in readable(file)) == len(file.spans) + 1
        else:
            export(file, form, tmp_path / "out")

    peak(write, files[10])
    growth = peak(write, files[LONG]) - peak(write, files[SHORT])
    assert growth < A_STEP_BYTES * (LONG - SHORT)
