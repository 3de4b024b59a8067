"""`statestore spans`."""

import json

from statestore import open_history


def test_a_tree(ask, job):
    """Every span has a line, deeper by its parents, with the time of its own where something ran in it."""
    lines = ask("spans", job)[1].splitlines()
    with open_history(job) as source:
        assert len(lines) == len(source.spans)
        names = {span.id: span for span in source.spans}
        depths = {span.id: 0 for span in source.spans}
        for span in sorted(names.values(), key=lambda span: span.started_ns):
            depths[span.id] = depths[span.parent_id] + 1 if span.parent_id in names else 0
    assert sorted((len(line) - len(line.lstrip())) // 2 for line in lines) == sorted(depths.values())
    work = next(line.split("\t") for line in lines if line.startswith("work"))
    assert work[3] == "100%"
    assert work[2]


def test_the_slowest(ask, job):
    """So many, the slowest first, whatever name; or of a name."""
    found = [json.loads(line) for line in ask("spans", job, "--slowest", "3", "--json")[1].splitlines()]
    with open_history(job) as source:
        longest = sorted((span.elapsed_ns for span in source.spans), reverse=True)[:3]
    assert [span["elapsed_ns"] for span in found] == longest
    modules = ask("spans", job, "--slowest", "2", "--name", "module")[1].splitlines()
    assert [line.split("\t")[3] for line in modules] == ["module", "module"]


def test_those_of_a_range(ask, job):
    """The dispatches of its commits."""
    found = [json.loads(line) for line in ask("spans", job, "--range", "2..5", "--json")[1].splitlines()]
    assert [span["seq"] for span in found if span["seq"] is not None] == [3, 4, 5]


def test_those_that_failed(ask, tmp_path):
    """With the error that ended them."""
    from statestore import Run, Slice

    with Run(Slice("count", initial=0), tmp_path / "run.history") as run:
        try:
            with run.span("fine"), run.span("broken"):
                raise KeyError("x")
        except KeyError:
            pass
    rows = [line.split("\t") for line in ask("spans", tmp_path / "run.history", "--failed")[1].splitlines()]
    assert [(row[3], row[4]) for row in rows] == [("broken", "KeyError"), ("fine", "KeyError")]
