"""Ranges: the commits after one ref up to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import HistoryError, Span
from statestore.history.ranges import ends, stretch
from tests.history.counts import grown


def ancestors(parents, seq):
    """The seqs from the root to that one."""
    found = set()
    while seq:
        found.add(seq)
        seq = parents[seq]
    return found


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.data())
def test_a_range_is_what_git_means_by_it(moves, data):
    """`A..B` are the ancestors of B that are none of A, B among them, oldest first, on any tree."""
    history, parents = grown(moves)
    a, b = (data.draw(st.integers(0, len(moves))) for _ in "ab")
    wanted = sorted(ancestors(parents, b) - ancestors(parents, a))
    found = stretch(history, f"{a}..{b}")
    assert [commit.seq for commit in found.commits] == wanted
    assert [seq for seq in range(len(moves) + 2) if found.commits.has(seq)] == wanted


def test_open_ends_are_the_head():
    """`A..` ends there and `..B` begins there; a ref alone begins at the root."""
    history, _ = grown([0, 0, 0, 0])
    history.undo()
    for text, seqs in {"1..": [2, 3], "..4": [4], "3": [1, 2, 3], "..": [], "4..3": [], "root..2": [1, 2]}.items():
        assert [commit.seq for commit in stretch(history, text).commits] == seqs


@pytest.mark.parametrize("text", ["1..2..3", "1...2", "a..head", "1..99", "nothing"])
def test_what_is_no_range_is_refused(text):
    """Three refs, three dots, and refs that name nothing."""
    history, _ = grown([0, 0])
    with pytest.raises(HistoryError):
        stretch(history, text)


def test_the_refs_of_a_range():
    """The first is None where the range begins at the root."""
    assert ends("a..b~2") == ("a", "b~2")
    assert ends("b") == (None, "b")


def test_what_ran_meanwhile_belongs_to_it():
    """Spans of its commits, and those without a commit that began and ended in its time."""
    history, _ = grown([0, 0, 0])
    found = stretch(history, "1..2")
    first, second = history.commit(1), history.commit(2)
    after, until = first.started_ns + first.elapsed_ns, second.started_ns + second.elapsed_ns
    assert (found.after_ns, found.until_ns) == (after, until)
    assert found.holds(Span(1, None, "dispatch", "dispatch", 0, 10**18, seq=2))
    assert not found.holds(Span(1, None, "dispatch", "dispatch", after, until, seq=3))
    assert found.holds(Span(1, None, "block", "block", after, until))
    assert not found.holds(Span(1, None, "block", "block", after - 1, until))
    assert not stretch(history, "2..1").has(0)
