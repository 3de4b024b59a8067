"""Stacks of spans by their parents: the same as the tree that Timing shows."""

from collections import Counter

from hypothesis import given

from statestore.exporters.ancestry import OTHER, Stacks, own_times
from statestore.recording.spantree import build_tree
from tests.exporters.traced import history_of, span, spans


def own_by_path(source, stacks=None):
    stacks = stacks or Stacks()
    found = Counter()
    for stack, own_ns in own_times(source, stacks):
        found[tuple(stacks.path(stack))] += own_ns
    return found


def own_in_tree(given_spans):
    found = Counter()
    paths = [(root, (root.name,)) for root in build_tree(given_spans)]
    while paths:
        node, path = paths.pop()
        found[path] += node.own_ns
        paths += [(child, (*path, child.name)) for child in node.children]
    return found


@given(spans(max_size=40))
def test_paths_and_own_times_are_those_of_the_tree(given_spans):
    """Across threads and tasks, with overlapping children, parents that are missing, and ids that are used again."""
    assert own_by_path(history_of(*given_spans)) == own_in_tree(history_of(*given_spans).spans)


def test_a_child_in_another_thread_stands_on_its_parent():
    """Overlapping children cover their parent once, and only as long as it runs."""
    source = history_of(
        span(1, 0, 100, name="work"),
        span(2, 10, 60, 1, name="part", thread_id=8),
        span(3, 40, 120, 1, name="part", thread_id=9),
        span(4, 130, 140, 2, name="late", thread_id=8),
    )
    assert own_by_path(source) == {("work",): 10, ("work", "part"): 50 + 80, ("work", "part", "late"): 10}


def test_ids_begin_anew_when_a_run_is_resumed():
    """A child belongs to the last span of that id that started before it."""
    source = history_of(
        span(1, 0, 10, name="first"),
        span(2, 1, 2, 1, name="in"),
        span(1, 20, 30, name="second"),
        span(2, 21, 25, 1, "in"),
    )
    assert own_by_path(source) == {("first",): 9, ("first", "in"): 1, ("second",): 6, ("second", "in"): 4}


def test_stacks_beyond_the_limit_count_under_one_name():
    """What a million different names take is bounded, and no time is lost."""
    source = history_of(span(1, 0, 100, name="work"), *[span(n, n, n + 1, 1, name=f"item {n}") for n in range(2, 20)])
    found = own_by_path(source, Stacks(limit=5))
    assert found["work", OTHER] == 14
    assert found.total() == 100
    assert len(found) <= 7


def test_a_span_cannot_be_its_own_ancestor():
    """Nor its child's child: a broken file makes no circle."""
    found = own_by_path(
        history_of(span(1, 0, 5, 1, name="self"), span(2, 6, 9, 3, name="a"), span(3, 7, 8, 2, name="b"))
    )
    assert found == {("self",): 5, ("a",): 2, ("a", "b"): 1}
