"""Bisection, with states that cannot be tested."""

from math import log2

from hypothesis import given
from hypothesis import strategies as st

from statestore.history.bisecting import bisect
from tests.history.counts import grown

HISTORY, _ = grown([0] * 60)


def search(count, bad_from, skipped):
    """Searches the first commits for the first with that count; gives the finding and the seqs that were asked."""
    asked = []

    def judge(state):
        asked.append(state)
        return None if asked[-1] in skipped else asked[-1] >= bad_from

    return bisect(HISTORY, HISTORY.lineage(count), judge), asked


@given(st.integers(0, 60), st.integers(1, 61))
def test_the_first_bad_one_is_found(count, bad_from):
    """Without skips it is the first, or none, in a logarithm of questions."""
    found, asked = search(count, bad_from, set())
    assert (found.first and found.first.seq) == (bad_from if bad_from <= count else None)
    assert found.candidates == ()
    assert found.tested == len(asked) <= log2(count + 1) + 1


@given(st.integers(1, 60), st.integers(1, 61), st.sets(st.integers(1, 60)))
def test_skips_leave_a_range(count, bad_from, skipped):
    """With skips the first is found, or it is among the candidates: skipped ones, and the first known to be bad."""
    found, asked = search(count, bad_from, skipped)
    assert len(asked) == len(set(asked)) == found.tested
    if found.first is not None:
        assert found.first.seq == bad_from
        assert found.candidates == ()
    elif found.candidates:
        seqs = [commit.seq for commit in found.candidates]
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert all(seq in skipped for seq in seqs[:-1])
        assert bad_from in seqs or (bad_from > count and seqs[-1] == count)
    else:
        assert bad_from > count


def test_a_cluster_of_skips_is_jumped_over():
    """Twenty skipped in the middle, far from the first bad one, do not have to be asked one by one."""
    found, asked = search(60, 55, set(range(20, 41)))
    assert found.first.seq == 55
    assert len(asked) <= 8
