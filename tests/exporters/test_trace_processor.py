"""Chrome's and Perfetto's own trace, asked with SQL in Perfetto's trace processor."""

import pytest

from statestore.exporters import export, find_format
from tests.exporters.traced import history_of, span

# Where the trace processor puts the arguments of either.
ARGS = {"chrome": "args", "perfetto": "debug"}


@pytest.fixture(scope="module", params=ARGS)
def form(request):
    """One format after the other, so that a trace stays open for all tests of it."""
    return request.param


@pytest.fixture(scope="module")
def main_trace(form, main_job, tmp_path_factory):
    """The path of the main job's trace."""
    return export(main_job, form, tmp_path_factory.mktemp("trace") / f"main{find_format(form).suffix}")


@pytest.fixture
def opened(form, tmp_path, trace_processor):
    """Opens the trace of a source in the trace processor."""

    def opened(source):
        trace_processor.open(export(source, form, tmp_path / f"run{find_format(form).suffix}"))
        return trace_processor

    return opened


def threads_in(trace):
    """The numbers of threads by their ids, which are in their names."""
    rows = trace.query("select tid, name from thread where name like 'thread %'")
    return {int(name.split("(")[1].rstrip(")")): number for number, name in rows}


def test_every_span_has_its_exact_times(main_trace, trace_processor, main_job):
    """On the track of its thread, and the trace processor has nothing to complain of."""
    trace_processor.open(main_trace)
    rows = trace_processor.query(
        "select ts, dur, slice.name, category, tid"
        " from slice join thread_track t on track_id = t.id join thread using (utid)"
    )
    threads = threads_in(trace_processor)
    expected = [(s.started_ns, s.elapsed_ns, s.name, s.kind, threads[s.thread_id]) for s in main_job.spans]
    assert trace_processor.complaints == {}
    assert sorted(rows) == sorted(expected)
    assert sorted(threads.values()) == [1, 2, 3, 4, 5]


def test_what_ran_in_a_span_is_below_it(form, main_trace, trace_processor, main_job):
    """In the picture as by their parents, where both ran in one thread."""
    trace_processor.open(main_trace)
    shown = trace_processor.query(
        f"select extract_arg(child.arg_set_id, '{ARGS[form]}.id'), extract_arg(parent.arg_set_id, '{ARGS[form]}.id')"
        " from slice child join slice parent on child.parent_id = parent.id"
    )
    threads = {s.id: s.thread_id for s in main_job.spans}
    expected = {s.id: s.parent_id for s in main_job.spans if threads.get(s.parent_id) == s.thread_id}
    assert dict(shown) == expected
    assert len(expected) > 50


def test_actions_are_arguments(form, main_trace, trace_processor, main_job):
    """Of the dispatch that applied them."""
    trace_processor.open(main_trace)
    rows = trace_processor.query(
        f"select extract_arg(arg_set_id, '{ARGS[form]}.seq'), extract_arg(arg_set_id, '{ARGS[form]}.payload.name')"
        " from slice where category = 'dispatch'"
    )
    assert sorted(rows) == [(commit.seq, commit.action.payload["name"]) for commit in main_job.commits]


def test_milestones_are_instants_and_memory_is_a_curve(form, main_trace, trace_processor, main_job):
    """So are snapshots and moves; gauges are curves too, and what belongs to a moment is with it."""
    trace_processor.open(main_trace)
    instants = dict(trace_processor.query("select category, count(*) from slice where dur = 0 group by 1"))
    assert instants["milestone"] == len(main_job.milestones) > 0
    assert instants["snapshot"] == len(main_job.snapshots) > 0
    assert instants.get("move", 0) == len(main_job.moves)
    snapshots = trace_processor.query(
        f"select ts, name, extract_arg(arg_set_id, '{ARGS[form]}.seq') from slice where category = 'snapshot'"
    )
    assert sorted(snapshots) == [(snapshot.at_ns, snapshot.name, snapshot.seq) for snapshot in main_job.snapshots]
    readings = trace_processor.query(
        "select ts, value from counter join counter_track t on track_id = t.id where name = 'rss bytes' order by ts"
    )
    assert readings == [(sample.at_ns, sample.rss_bytes) for sample in main_job.samples]


def test_tasks_and_overlapping_spans_have_tracks(opened, everything_file):
    """A task's dispatch is below the span that it ran in; spans that overlap do not push each other out."""
    trace = opened(everything_file)
    spans = len(everything_file.spans)
    assert trace.complaints == {}
    assert trace.query("select count(*), min(dur) from slice where category not in ('milestone', 'snapshot')") == [
        (spans + 2, 0)  # an alert and a move
    ]
    inside = "select child.name from slice child join slice parent on child.parent_id = parent.id"
    assert trace.query(f"{inside} where parent.name = 'fetch'") == [("board/task_set",)] * 3
    turns = trace.query("select track_id, dur from slice where name = 'turn'")
    assert [dur for _, dur in turns] == [1_000, 1_000]
    assert turns[0][0] != turns[1][0]


def test_odd_values_do_no_harm(form, opened, everything):
    """NaN, half a surrogate pair, a number of 70 bits, an object that cannot be shown, and a payload of 10 kB."""
    trace = opened(everything.history)

    def argument(key, where):
        return trace.query(f"select extract_arg(arg_set_id, '{ARGS[form]}.{key}') from slice where {where}")[0][0]

    assert argument("metadata.ratio", "name = 'setup'") == "nan"
    assert "cannot be shown" in argument("metadata.thing", "name = 'doomed'")
    assert argument("status", "name = 'doomed'") == "KeyError"
    second = "ts = (select max(ts) from slice where name = 'board/task_set' and depth = 1 and parent_id in"
    second += " (select id from slice where name = 'setup'))"
    assert argument("payload.value.quote", second) == '"\n'
    assert argument("payload.value.half", second) == "?"
    assert argument("payload.value.big", second) == str(2**70)


def test_times_before_the_run_are_kept(opened):
    """All are counted from the earliest span then, as readers drop what is negative."""
    trace = opened(history_of(span(1, -5_001, 3), span(2, -4_000, -1_000)))
    assert trace.query("select ts, dur from slice order by ts") == [(0, 5_004), (1_001, 3_000)]
    assert trace.complaints == {}
