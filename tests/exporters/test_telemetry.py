"""A run as a trace: ids, parents, events and links, before any library sees it."""

from hypothesis import given
from hypothesis import strategies as st

from statestore import Commit, Milestone, Span, open_history
from statestore.exporters.telemetry import EVENTS, LINKED, Trace, traced
from statestore.testing import FakeClock
from statestore.values import Action, Header, Session
from tests.exporters.watched import MS, WALL_NS, begin, make_run, make_source, task_set  # noqa: F401  # fixtures

HEADER = Header("", "x", 1_000, 5)


def trace(*sessions, header=HEADER):
    return Trace(header, sessions or [Session(process_id=5)])


def span(id, started_ns, ended_ns, parent_id=None, **fields):
    return Span(id, parent_id, f"s{id}", "block", started_ns, ended_ns, **fields)


def commit(seq, parent):
    return Commit(seq, parent, Action("x"), (), 0, 0)


def spans_of(source):
    return list(traced(source, Trace(source.header, source.sessions)))


def test_every_span_has_its_parent(source):
    """Ids are unique, each parent is a span of the trace, and those that had none stand under the run's own."""
    found = {traced.id: traced for traced in spans_of(source)}
    (root,) = [traced for traced in found.values() if traced.parent_id is None]
    recorded = {span.id: span for span in source.spans}

    assert len(found) == len(recorded) + 1
    assert root.name == "watched"
    by_start = {(traced.name, traced.started_ns, traced.ended_ns): traced for traced in found.values()}
    for span in recorded.values():
        own = by_start[span.name, WALL_NS + span.started_ns, WALL_NS + span.ended_ns]
        parent = found[own.parent_id]
        if span.parent_id is None:
            assert parent is root
        else:
            assert parent.started_ns == WALL_NS + recorded[span.parent_id].started_ns
        assert root.started_ns <= own.started_ns <= own.ended_ns <= root.ended_ns


def test_the_live_run_and_its_file_are_the_same_trace(run):
    """Ids, names, times, attributes, events and links, span by span; only the order differs."""
    live = sorted(spans_of(run.history), key=lambda traced: traced.id)
    run.close()
    with open_history(run.journal.path) as file:
        assert sorted(spans_of(file), key=lambda traced: traced.id)[1:] == live[1:]
        assert Trace(file.header, file.sessions).id == Trace(run.history.header, run.history.sessions).id


def test_milestones_are_events_where_they_were_reached(source):
    """Inside a block it is the block's, outside of all the run's."""
    spans = {traced.name: traced for traced in spans_of(source)}

    (half,) = spans["setup"].events
    assert (half.name, half.at_ns) == ("half way", WALL_NS + MS)
    assert half.attributes == {"by": "test", "statestore.seq": 1, "statestore.data": '{"done":1}'}
    assert [event.name for event in spans["watched"].events] == ["begun"]


def test_a_dispatch_elsewhere_links_to_what_it_goes_on_from(source):
    """The commit after an undo has one link, to the span that made its parent; no other has any."""
    linked = [traced for traced in spans_of(source) if traced.links]
    (branch,) = [commit for commit in source.commits if commit.parent != commit.seq - 1]
    (made,) = [span for span in source.spans if span.seq == branch.parent]

    assert [traced.attributes["statestore.seq"] for traced in linked] == [branch.seq]
    maker = next(traced for traced in spans_of(source) if traced.attributes.get("statestore.seq") == made.seq)
    assert list(linked[0].links) == [maker.id]


def test_attributes(source):
    """Metadata under their own names, what is no scalar as JSON; the rest by the conventions or under `statestore.`."""
    spans = {traced.attributes.get("statestore.seq", traced.name): traced for traced in spans_of(source)}
    setup = spans["setup"].attributes

    assert {**setup, "thread.id": 0} == {
        "worker": "w0", "share": 0.5, "big": str(2**70), "parts": "[1,2]", "statestore.kind": "block", "thread.id": 0,
    }  # fmt: skip
    assert spans[1].attributes["statestore.kind"] == "dispatch"
    assert spans[1].attributes["statestore.reducer_ns"] == 0
    assert spans[3].attributes["thread.id"] != setup["thread.id"]
    assert spans[4].attributes["statestore.task"] == "upload"
    failed = spans["board/task_broken"]
    assert failed.error == "'no such task\\ud800'"
    assert (failed.attributes["error.type"], failed.attributes["action"]) == ("KeyError", "board/task_broken")
    assert [traced.name for traced in spans.values() if traced.error is not None] == ["board/task_broken"]


def test_sessions_do_not_mix(tmp_path):
    """Span ids that a resumed run uses again are other spans, under a root of their own, live and in the file."""
    path, clock, live = tmp_path / "run.history", FakeClock(wall_ns=WALL_NS), []
    for number in range(2):
        with begin(path, clock=clock) as run:
            run.timing.add(span(2, run.store.now_ns() + 1, run.store.now_ns() + 2, parent_id=1))
            run.timing.add(span(1, run.store.now_ns(), run.store.now_ns() + 3))
            run.store.publish(Milestone(f"m{number}", run.store.now_ns() + 1, span_id=2))
            live += [s for s in spans_of(run.history) if s.parent_id is not None]
        clock.advance(100)
    with open_history(path) as file:
        found = spans_of(file)
    roots = [traced for traced in found if traced.parent_id is None]

    assert len({traced.id for traced in found}) == len(found) == 6
    assert {(s.id, s.parent_id, s.name, s.started_ns) for s in live} == {
        (s.id, s.parent_id, s.name, s.started_ns) for s in found if s not in roots
    }
    assert [root.attributes["statestore.session"] for root in roots] == [0, 1]
    inner, outer = [t for t in found if t.name == "s2"], [t for t in found if t.name == "s1"]
    assert [traced.parent_id for traced in inner] == [traced.id for traced in outer]
    assert [traced.parent_id for traced in outer] == [root.id for root in roots]
    assert [traced.events[0].name for traced in inner] == ["m0", "m1"]


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63), st.integers(-5, 10**12), st.integers(-5, 10**12))),
    st.lists(st.integers(0, 10**12), max_size=3),
)
def test_any_numbers_give_a_trace(spans, starts):
    """Whatever ids and times a broken file has, every span gets a 64-bit id but zero, and ends after it starts."""
    sessions = [Session(number, at_ns) for number, at_ns in enumerate([0, *sorted(starts)])]
    tracing = trace(*sessions)
    found = [tracing.span(span(number, start, end, parent_id=number)) for number, start, end in spans]
    for one in [*found, *tracing.roots()]:
        assert 0 < one.id < 2**64
        assert one.started_ns <= one.ended_ns


def test_what_waits_is_bounded():
    """A span has at most so many events and counts the others; links reach back so many commits."""
    tracing = trace()
    for at_ns in range(EVENTS + 5):
        tracing.note(Milestone("m", at_ns, span_id=1))
    made = tracing.span(span(1, 0, 9_999))
    assert (len(made.events), made.dropped_events) == (EVENTS, 5)

    for seq in range(1, LINKED + 3):
        tracing.span(span(seq + 1, 0, 0, seq=seq))
    tracing.note(commit(LINKED + 3, 1))
    tracing.note(commit(LINKED + 4, 4))
    assert tracing.span(span(0, 0, 0, seq=LINKED + 3)).links == ()
    assert len(tracing.span(span(0, 0, 0, seq=LINKED + 4)).links) == 1


def test_what_never_ended_leaves_its_milestones_to_the_run():
    """A process was killed inside a span: its milestones are not lost."""
    tracing = trace()
    tracing.note(Milestone("m", 3, span_id=7))
    (root,) = tracing.roots()
    assert [event.name for event in root.events] == ["m"]
    assert (root.started_ns, root.ended_ns) == (1_000, 1_003)


class Unspeakable:
    """Something that raises when it is to be shown."""

    def __str__(self):
        raise RuntimeError("no words")


def test_awkward_metadata():
    """Objects, huge values, infinities and stacks do not stop a trace or bloat it."""
    metadata = {
        "o": Unspeakable(),
        "long": ["x" * 100_000],
        "inf": float("inf"),
        "stacks": {"a;b": 1},
        "half": "\ud800",
    }
    found = trace().span(span(1, 0, 1, metadata=metadata)).attributes
    assert "cannot be shown" in found["o"]
    assert len(found["long"]) < 5_000
    assert (found["inf"], found["half"]) == ("inf", "?")
    assert "stacks" not in found
