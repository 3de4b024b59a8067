"""Whether durations differ, and by how much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore.recording.shift import adjust, measure_shift, measure_shifts
from statestore.recording.stats import Distribution

DURATIONS = st.lists(st.integers(1, 10**9), min_size=1, max_size=40)


def of(durations, keep=100_000):
    """The distribution of durations."""
    made = Distribution(keep)
    made.extend(durations)
    return made


def scattered(count, start, step, modulus):
    """Durations without order that are the same everywhere."""
    return [1 + (start + step * i * i) % modulus for i in range(count)]


# What scipy 1.17 says of the same samples: mannwhitneyu(second, first), statistic and p-value, exact without ties
# and up to 20 values, else asymptotic with the correction for continuity.
SCIPY = [
    ([11, 52, 33, 74, 25], [61, 42, 93, 84, 105, 16, 67], 27.0, 0.148989898989899),
    (list(range(1, 21)), list(range(101, 121)), 400.0, 1.4508889103849681e-11),
    ([1, 2, 2, 3, 3, 3], [3, 3, 4, 4, 5], 27.0, 0.026885511853408067),
    (scattered(30, 7, 13, 97), scattered(50, 3, 29, 131), 881.0, 0.19462752570482877),
]


@pytest.mark.parametrize(("first", "second", "u", "p_value"), SCIPY)
def test_it_agrees_with_scipy(first, second, u, p_value):
    """Cliff's delta is Mann and Whitney's U on another scale, and the p-values are scipy's to nine digits."""
    shift = measure_shift(of(first), of(second))
    assert shift.delta == pytest.approx(2 * u / (len(first) * len(second)) - 1)
    assert shift.p_value == pytest.approx(p_value, rel=1e-9)


@given(DURATIONS, DURATIONS)
def test_the_delta_counts_pairs(first, second):
    """It is the share of pairs in which the second is longer, less that in which it is shorter."""
    pairs = [(a, b) for a in first for b in second]
    expected = (sum(b > a for a, b in pairs) - sum(b < a for a, b in pairs)) / len(pairs)
    assert measure_shift(of(first), of(second)).delta == pytest.approx(expected)


@given(DURATIONS, DURATIONS)
def test_exchanging_them_turns_the_sign(first, second):
    """The other way round the delta is negative, the ratio one over it, and the p-value the same."""
    there, back = measure_shift(of(first), of(second)), measure_shift(of(second), of(first))
    assert there.delta == pytest.approx(-back.delta)
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 <= there.p_value <= 1


@given(DURATIONS, st.integers(2, 50))
def test_the_ratio_is_how_many_times_as_long(durations, factor):
    """All durations times seven give a ratio of seven, whatever their distribution."""
    shift = measure_shift(of(durations), of([duration * factor for duration in durations]))
    assert shift.ratio == pytest.approx(factor)


def test_equal_samples_do_not_differ():
    """Neither do samples of one value."""
    for durations in ([5] * 30, [1, 2, 3]):
        shift = measure_shift(of(durations), of(durations))
        assert (shift.delta, shift.size, shift.ratio, shift.is_significant) == (0, "negligible", 1, False)


def test_durations_in_buckets_give_nearly_the_same():
    """Beyond what is kept exactly the result is that of the exact ones, within the width of a bucket."""
    first, second = scattered(3_000, 7, 13, 99_991), scattered(3_000, 3, 29, 120_011)
    exact, bucketed = measure_shift(of(first), of(second)), measure_shift(of(first, 10), of(second, 10))
    assert bucketed.delta == pytest.approx(exact.delta, abs=0.01)
    assert bucketed.ratio == pytest.approx(exact.ratio, rel=0.02)


def test_looking_at_more_names_takes_more_to_find_one():
    """Holm's correction: the least p-value times their number, the next one times one less, never falling."""
    assert adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust([0.5, 0.9]) == [1.0, 1.0]
    assert adjust([]) == []


def test_names_of_one_run_only_have_no_shift():
    """There is nothing to compare them with."""
    same = of([1, 2, 3])
    assert measure_shifts({"a": same, "b": same}, {"b": same, "c": same}).keys() == {"b"}
