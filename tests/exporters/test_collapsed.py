"""Collapsed stacks: every nanosecond that was worked, on its stack."""

import pytest
from hypothesis import given

from statestore import StateStoreError
from statestore.exporters import export
from statestore.exporters.collapsed import collapsed
from statestore.recording.spantree import build_tree, walk
from tests.exporters.traced import history_of, span, spans


def lines_of(source, **options):
    """The weights by stack."""
    lines = b"".join(collapsed(source, **options)).decode().splitlines()
    found = {stack: int(weight) for stack, weight in (line.rsplit(" ", 1) for line in lines)}
    assert len(found) == len(lines)
    return found


@given(spans(max_size=40))
def test_lines_add_up_to_the_time_that_was_worked(given_spans):
    """No time is lost or counted twice, and every stack has some."""
    source = history_of(*given_spans)
    found = lines_of(source)
    assert sum(found.values()) == sum(node.own_ns for node in walk(build_tree(source.spans)))
    assert all(weight > 0 for weight in found.values())


def test_a_line_has_a_stack_and_nanoseconds():
    """In the order of the text, so that two runs can be compared line by line."""
    source = history_of(span(2, 10, 40, 1, "part"), span(1, 0, 100, name="work"), span(3, 120, 121, 1, "part"))
    assert b"".join(collapsed(source)) == b"work 70\nwork;part 31\n"


def test_names_cannot_break_a_line():
    """Semicolons part frames and line ends part stacks; a name that is empty is still one."""
    source = history_of(span(1, 0, 5, name="a;b\nc  d"), span(2, 6, 9, name=""), span(3, 10, 14, name="é"))
    assert lines_of(source) == {"a,b c d": 5, "(no name)": 3, "é": 4}


def test_attached_profiles_give_functions():
    """Below the span that they were taken in; several of one name add up."""
    source = history_of(
        span(1, 0, 9, name="parse", metadata={"stacks": {"main (a.py:1);read (a.py:5)": 40, "main (a.py:1)": 2}}),
        span(2, 9, 12, name="parse", metadata={"stacks": {"main (a.py:1)": 3}}),
        span(3, 12, 15, name="not profiled", metadata={"stacks": 5}),
    )
    assert lines_of(source, stacks=True) == {"parse;main (a.py:1)": 5, "parse;main (a.py:1);read (a.py:5)": 40}


def test_a_run_without_profiles_says_so(tmp_path):
    """An empty picture would look like a program that did nothing."""
    with pytest.raises(StateStoreError, match="no span of this run has a profile attached: record with StackProfiler"):
        export(history_of(span(1, 0, 5)), "collapsed", tmp_path / "x", stacks=True)
    assert list(tmp_path.iterdir()) == []


def test_the_page_opens_the_main_job(tmp_path, speedscope_app, main_job):
    """The page shows each step with its nanoseconds."""
    speedscope_app.open(export(main_job, "collapsed", tmp_path / "main.collapsed.txt"))
    nodes = list(walk(build_tree(main_job.spans)))
    for _, own, name in speedscope_app.frames:
        assert int(own.split(" ")[0].replace(",", "")) == sum(node.own_ns for node in nodes if node.name == name)
    assert {name for _, _, name in speedscope_app.frames} == {node.name for node in nodes}
    assert speedscope_app.complaints() == []
