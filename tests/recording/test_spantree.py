"""The tree of spans: own times, shapes that no input can break, and its text."""

from hypothesis import given
from hypothesis import strategies as st

from statestore import Span, Timing
from statestore.recording.spantree import build_tree, format_ns, format_tree, walk


def span(id, parent_id, started_ns, ended_ns, **more):
    return Span(id, parent_id, f"s{id}", "block", started_ns, ended_ns, **more)


def test_own_time_counts_overlapping_children_once():
    """And only what of them lies within the parent."""
    (root,) = build_tree(
        [span(1, None, 0, 100), span(2, 1, 10, 40), span(3, 1, 30, 50), span(4, 1, 90, 500), span(5, 2, 10, 40)]
    )

    assert root.own_ns == 100 - 40 - 10
    assert [child.own_ns for child in root.children] == [0, 20, 410]
    assert root.elapsed_ns == 100


def test_nodes_have_the_fields_of_their_spans():
    """Each is a span, with children."""
    original = span(1, None, 5, 9, status="KeyError", metadata={"a": 1}, seq=7, task="t", reducer_ns=2)
    (node,) = build_tree([original])

    assert {name: getattr(node, name) for name in Span.__struct_fields__} == {
        name: getattr(original, name) for name in Span.__struct_fields__
    }
    assert node.children == []


def test_children_of_what_is_unknown_are_roots(clock):
    """Of spans that still run, and of those that were let go."""
    timing = Timing(clock=clock)
    with timing.span("running"), timing.span("parent"), timing.span("child"):
        pass
    with timing.span("still running"):
        with timing.span("inner"):
            pass
        names = [root.name for root in timing.tree()]

    assert names == ["running", "inner"]
    assert [root.id for root in build_tree([span(7, 3, 0, 1)])] == [7]


spans = st.lists(
    st.builds(span, st.integers(1, 30), st.none() | st.integers(1, 30), st.integers(-5, 50), st.integers(-5, 50)),
    max_size=30,
    unique_by=lambda span: span.id,
)


@given(spans)
def test_no_input_is_lost_or_runs_in_a_circle(spans):
    """Whatever ids and times a file holds, each span is in the tree once, and no own time is negative or too long."""
    nodes = list(walk(build_tree(spans)))

    assert sorted(node.id for node in nodes) == sorted(span.id for span in spans)
    for node in nodes:
        assert min(node.elapsed_ns, 0) <= node.own_ns <= max(node.elapsed_ns, 0)
    assert len(format_tree(build_tree(spans)).splitlines()) == len(spans)


def test_deep_trees_need_no_deep_stack():
    """A chain of ten thousand spans is built, walked and written."""
    chain = [span(i, i - 1 or None, i, 50_000 - i) for i in range(1, 10_001)]
    roots = build_tree(chain)

    assert len(list(walk(roots))) == 10_000
    text = format_tree(roots, max_lines=10)
    assert text.endswith("... and 9990 more spans")


def test_text_says_what_a_person_looks_for(clock):
    """Name, total and own time, share of the root, metadata, failure."""
    timing = Timing(clock=clock)
    try:
        with timing.span("run", phase="one"):
            clock.advance(3_000)
            with timing.span("part"):
                clock.advance(1_000)
                raise KeyError("x")
    except KeyError:
        pass

    assert timing.format_tree().splitlines() == [
        "run  4 µs, own 3 µs  100%  phase=one  error='x'  [KeyError]",
        "  part  1 µs  25%  error='x'  [KeyError]",
    ]


def test_durations_are_written_with_three_digits():
    """In the unit that suits them."""
    written = [format_ns(ns) for ns in (0, 999, 1_500, 12_345, 999_499, 1_234_567, 61_000_000_000, 5e12, -2_000)]

    assert written == ["0 ns", "999 ns", "1.5 µs", "12.3 µs", "999 µs", "1.23 ms", "61 s", "5000 s", "-2 µs"]
