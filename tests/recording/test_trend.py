"""Trends: a steady climb is told from noise and from a warm-up that levels off."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore.recording.trend import find_trend

SECOND = 1_000_000_000
MEGABYTE = 1_000_000

HEALTHY = {
    "flat": lambda f, noise: 0,
    "noise": lambda f, noise: noise * 0.2,
    "warm-up": lambda f, noise: 30 * (1 - math.exp(-8 * f)) + noise * 0.1,
    "slow warm-up": lambda f, noise: 30 * (1 - math.exp(-3 * f)) + noise * 0.1,
    "a cache that fills": lambda f, noise: 10 * math.log(1 + 20 * f) + noise * 0.1,
    "growth in the first half": lambda f, noise: 20 * min(2 * f, 1) + noise * 0.1,
    "a collector's saw": lambda f, noise: (f * 17 % 1) * 5 + noise * 0.05,
    "falling": lambda f, noise: -20 * f + noise * 0.1,
}
LEAKING = {
    "straight": lambda f, noise: 20 * f + noise * 0.2,
    "in steps of an allocator": lambda f, noise: math.floor(40 * f),
    "after a warm-up": lambda f, noise: 20 * f + 20 * (1 - math.exp(-15 * f)) + noise * 0.2,
    "under a saw": lambda f, noise: 30 * f + (f * 27 % 1) * 3,
}


def series(shape, count, seed=0):
    """Readings one second apart, of a process of 50 MB."""
    noise = random.Random(seed)
    times = [index * SECOND for index in range(count)]
    return times, [50 * MEGABYTE + int(shape(i / count, noise.gauss(0, 1)) * MEGABYTE) for i in range(count)]


@pytest.mark.parametrize("shape", HEALTHY.values(), ids=HEALTHY)
@pytest.mark.parametrize("count", [2, 10, 20, 100, 2_000])
def test_healthy_runs_have_no_steady_climb(shape, count):
    """Whatever their length, in each of many seeded runs."""
    assert not [seed for seed in range(20) if find_trend(*series(shape, count, seed)).is_steady]


@pytest.mark.parametrize("shape", LEAKING.values(), ids=LEAKING)
@pytest.mark.parametrize("count", [20, 100, 2_000])
def test_leaks_are_steady_climbs(shape, count):
    """In each of many seeded runs; the slope is near the true one and within its bounds."""
    for seed in range(10):
        trend = find_trend(*series(shape, count, seed))
        assert trend.is_steady, seed
        assert trend.p_value < 0.001 < trend.confidence
        assert trend.low <= trend.slope <= trend.high


def test_slope_is_per_second():
    """A straight line of one megabyte a second."""
    trend = find_trend([i * SECOND for i in range(100)], [i * MEGABYTE for i in range(100)])

    assert trend.slope == pytest.approx(MEGABYTE)
    assert trend.low == pytest.approx(MEGABYTE) == trend.high


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=19))
def test_slope_of_few_readings_is_the_median_of_all_slopes(values):
    """Theil and Sen's definition, taken literally."""
    pairs = [(values[j] - values[i]) / (j - i) for j in range(len(values)) for i in range(j)]

    assert find_trend([i * SECOND for i in range(len(values))], values).slope == pytest.approx(statistics.median(pairs))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10**15)), max_size=80))
def test_no_readings_make_it_fail(readings):
    """None, one, many at the same moment, huge ones: there is an answer, and it is within its bounds."""
    readings.sort()
    trend = find_trend([at for at, _ in readings], [value for _, value in readings])

    assert trend.low <= trend.slope <= trend.high
    assert 0 <= trend.p_value <= 1


def test_noise_is_significant_as_often_as_the_p_value_says():
    """Of many runs without a trend, about one in ten has a p-value below 0.1."""
    below = sum(find_trend(*series(HEALTHY["noise"], 40, seed)).p_value < 0.1 for seed in range(400))

    assert 20 <= below <= 60
