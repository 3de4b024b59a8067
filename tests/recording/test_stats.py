"""Statistics of durations, against exact references."""

import statistics
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import Timing
from statestore.recording.stats import Distribution, Stats, merge_distributions
from statestore.testing import FakeClock

# From nothing to a century, with the small and the equal ones in which rounding errors would show.
durations = st.lists(
    st.one_of(st.integers(0, 300), st.integers(0, 2**53), st.sampled_from([5, 1_000, 10**9])), min_size=1, max_size=200
)


def nearest_rank(values, percent):
    """The textbook definition, in whole numbers of per mille."""
    return sorted(values)[max(ceil(percent * 10 * len(values) / 1_000), 1) - 1]


def collected(values, keep=100_000):
    distribution = Distribution(keep)
    distribution.extend(values)
    return distribution


@given(durations)
def test_statistics_are_exact_up_to_keep(values):
    """Every field equals its definition."""
    stats = collected(values).stats()

    assert (stats.count, stats.measured) == (len(values), len(values))
    assert (stats.min_ns, stats.max_ns, stats.total_ns) == (min(values), max(values), sum(values))
    assert stats.mean_ns == pytest.approx(statistics.fmean(values))
    assert stats.stdev_ns == pytest.approx(statistics.pstdev(values), rel=1e-9, abs=1e-6)
    for percent, found in ((50, stats.median_ns), (95, stats.p95_ns), (99, stats.p99_ns), (99.9, stats.p999_ns)):
        assert found == nearest_rank(values, percent)


@given(durations)
def test_percentiles_lie_within_one_percent_beyond_keep(values):
    """All else stays exact."""
    exact, rough = collected(values).stats(), collected(values, keep=0).stats()

    for percent, found in ((50, rough.median_ns), (95, rough.p95_ns), (99, rough.p99_ns), (99.9, rough.p999_ns)):
        assert found == pytest.approx(nearest_rank(values, percent), rel=0.01)
    for name in ("count", "min_ns", "max_ns", "mean_ns", "stdev_ns", "total_ns", "measured"):
        assert getattr(rough, name) == getattr(exact, name)


@given(durations, durations, st.integers(0, 250))
def test_merging_two_runs_gives_the_statistics_of_one_over_both(first, second, keep):
    """Whether none, one or both are in buckets already, and in either order."""
    both = collected(first + second, keep).stats()
    one, other = collected(first, keep), collected(second, keep)

    assert merge_distributions({"x": one}, {"x": other})["x"].stats() == both
    assert merge_distributions({"x": other}, {"x": one})["x"].stats() == both
    assert one.stats() == collected(first, keep).stats()


@given(durations, st.data())
def test_it_does_not_matter_in_which_portions_durations_come(values, data):
    """Nor where the limit falls among them."""
    keep = data.draw(st.integers(0, len(values)))
    cut = data.draw(st.integers(0, len(values)))
    portions = Distribution(keep)
    portions.extend(values[:cut])
    portions.extend(values[cut:])

    assert portions.stats() == collected(values, keep).stats()


def test_names_of_one_run_only_are_merged_as_they_are():
    """Merging covers the names of all runs."""
    merged = merge_distributions({"a": collected([1])}, {"b": collected([2])}, {})

    assert {name: each.stats().max_ns for name, each in merged.items()} == {"a": 1, "b": 2}


def test_nothing_measured_means_no_statistics():
    """An empty distribution has none, in either form."""
    empty = Distribution(10)
    assert empty.stats() is None
    empty.condense()
    assert empty.stats() is None
    assert empty.exact_count == 0


def test_negative_durations_are_refused():
    """Time does not run backwards; a silent wrap-around would be worse than an error."""
    for keep in (0, 10):
        with pytest.raises(OverflowError):
            Distribution(keep).extend([-1])


def test_timing_has_the_documented_fields():
    """`stats` of a name, None for an unknown one, all by name."""
    clock = FakeClock()
    timing = Timing(clock=clock)
    for elapsed in (1, 2, 3, 10):
        with timing.span("step"):
            clock.advance(elapsed)

    assert timing.stats("step") == Stats(
        count=4, min_ns=1, max_ns=10, mean_ns=4.0, median_ns=2, p95_ns=10, p99_ns=10,
        stdev_ns=pytest.approx(3.5355339), p999_ns=10, total_ns=16, measured=4,
    )  # fmt: skip
    assert timing.stats("no such") is None
    assert timing.all_stats() == {"step": timing.stats("step")}


def test_recorders_of_two_runs_merge_by_name(make_store):
    """`timing.distributions` is what `merge_distributions` takes."""
    clock = FakeClock()
    runs = [Timing(keep=keep, clock=clock) for keep in (2, 100)]
    for timing in runs:
        for elapsed in range(1, 11):
            with timing.span("step"):
                clock.advance(elapsed)
    stats = merge_distributions(*[timing.distributions for timing in runs])["step"].stats()

    assert (stats.count, stats.total_ns, stats.median_ns) == (20, 110, 5)


def test_all_names_together_are_limited():
    """Beyond ten times `keep` durations, long series are in buckets although each is below its own limit."""
    clock = FakeClock()
    timing = Timing(keep=200, clock=clock)
    for _ in range(150):
        for name in range(40):
            with timing.span(f"name {name}"):
                clock.advance(5)

    distributions = timing.distributions.values()
    assert sum(each.exact_count for each in distributions) < 200 * 10 + 40 * 100
    assert all(each.stats().median_ns == 5 for each in distributions)
