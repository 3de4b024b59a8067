"""The report: the same findings for people, on a terminal and off it, and for machines."""

import io
import json

import pytest

from statestore import Memory, Run, freeze
from statestore.testing import FakeClock
from tests.recording.conftest import added, broken, counter

MS = 1_000_000


class Terminal(io.StringIO):
    """A file that people look at."""

    def isatty(self):
        return True


@pytest.fixture
def run(clock):
    """A finished run with something in every section."""
    with Run(counter, clock=clock) as run:
        with run.span("work"):
            for _ in range(3):
                with run.span("step"):
                    clock.advance(30 * MS)
                    run.dispatch(added())
            with pytest.raises(ValueError, match="broken"):
                run.dispatch(broken())
            clock.advance(10 * MS)
        run.milestone("done", freeze({"steps": [1, 2, 3]}), by={"whom": "me"})
    return run


def test_spans_of_one_name_are_one_line_with_total_own_time_and_share(run):
    """Under the same parents; what failed is counted."""
    lines = str(run.report()).splitlines()
    start = lines.index("Where the time went           count   total    own  share")

    assert lines[start + 1 : start + 5] == [
        "work                              1  100 ms  10 ms   100%",
        "  step                            3   90 ms  90 ms    90%",
        "    counter/added                 3    0 ns   0 ns     0%",
        "  counter/broken  (1 failed)      1    0 ns   0 ns     0%",
    ]


def test_it_begins_with_what_to_look_at_and_what_recording_cost(run):
    """Then come statistics, milestones, memory and the process."""
    text = str(run.report())

    assert text.startswith("Run of 100 ms, 3 commits; recording itself took ")
    assert "note:    step takes 90% of the recorded time" in text.splitlines()[1]
    for part in (
        "Statistics by name",
        "Milestones      at    after\ndone        100 ms  +100 ms",
        "\nMemory  ",
        "\nProcess  ",
    ):
        assert part in text


def test_a_terminal_gets_it_with_rich_and_a_pipe_as_text(run):
    """The same words; escapes only where they are understood."""
    report, pipe, terminal = run.report(), io.StringIO(), Terminal()
    report.print(pipe)
    report.print(terminal)

    assert pipe.getvalue() == f"{report}\n"
    assert "\x1b[1m" in terminal.getvalue()
    words = set(str(report).split())
    assert {word for word in words if word not in terminal.getvalue()} == set()


def test_printing_goes_to_standard_output(run, capsys):
    """As `print` does."""
    run.report().print()

    assert capsys.readouterr().out.startswith("Run of 100 ms")


def test_machines_get_plain_data(run):
    """JSON, although milestones may hold parts of the state."""
    plain = json.loads(json.dumps(run.report().as_dict()))

    (milestone,) = plain["milestones"]
    assert (milestone["data"], milestone["metadata"]) == ({"steps": [1, 2, 3]}, {"by": {"whom": "me"}})
    assert plain["laps"] == [{"from_name": "start", "to_name": "done", "elapsed_ns": 100 * MS}]
    assert plain["spans"][0]["children"][0] == {
        "name": "step", "count": 3, "total_ns": 90 * MS, "own_ns": 90 * MS, "failed": 0,
        "children": [{"name": "counter/added", "count": 3, "total_ns": 0, "own_ns": 0, "failed": 0, "children": []}],
    }  # fmt: skip
    assert plain["findings"][0]["kind"] == "dominant"
    assert plain["overhead"]["dispatches"] == 3
    assert plain["process"]["last"]["threads"] >= 1
    assert plain["process"]["loop_delays"] is None


def test_lines_that_grew_are_in_it_when_they_were_traced():
    """The most grown first, without what the report itself allocates."""
    kept = []
    with Run(counter, clock=FakeClock(), memory=Memory(interval=None, trace=True)) as run:
        kept.append(bytearray(3_000_000))
        report = run.report()

    assert "Lines that have grown most" in str(report)
    assert report.as_dict()["memory"]["growing_lines"][0]["file"] == __file__
    assert not any("overhead.py" in line.file for line in report.growing)
    assert "Lines that have grown most" not in str(Run(counter, clock=FakeClock()).report())


def test_long_runs_are_cut_where_nobody_reads_on(clock):
    """Many names and many milestones are counted, not listed; machines get all."""
    with Run(counter, clock=clock) as run:
        for n in range(30):
            with run.span(f"name {n}"):
                clock.advance(MS)
            run.milestone(f"m{n}")
        report = run.report()

    assert "... and 18 more names" in str(report)
    assert "... 18 more" in str(report)
    assert len(report.as_dict()["statistics"]) == len(report.as_dict()["milestones"]) == 30
