"""Whether a series of readings climbs: its slope, how sure that is, and whether it goes on or levels off."""

from collections.abc import Sequence
from math import erf, sqrt
from statistics import median

import msgspec

# Slopes between all pairs of 60 points are 1,770; more points tell no more about a straight line, and neighbouring
# readings of memory depend on each other, so that taken one by one they would make noise look significant.
MAX_POINTS = 60
# Fewer readings than this look steady too easily: two or three steps of an allocator are enough.
MIN_READINGS = 20
# The first quarter of a run loads modules and fills caches and pools: that is growth, but no trend.
WARM_UP = 0.25
# A climb is steady if each of so many parts of the run climbs: a random walk did that, and was significant, in 1 of 60
# simulated runs, with 4 parts in 4 of 60.
PARTS = 5
# What levels off climbs less and less: its last half climbs less than this share of the first half. A logarithm, which
# is how caches fill, comes to 0.54 after the warm-up; a straight line to 1.
LEVELLING = 0.6
# One run in a thousand may look significant by chance: a hint that cries wolf is switched off.
SIGNIFICANCE = 0.001


class Trend(msgspec.Struct, frozen=True):
    """The slope of a series, in units per second, and what speaks for it.

    `low` and `high` bound the slope with 95 % confidence. `p_value` is the probability that readings without any trend
    look like this; `confidence` is what is left of it to 1. `is_steady` says that the climb is significant and neither
    the warm-up alone nor levelling off.

    The slope is that of Theil and Sen (the median of the slopes between all pairs of readings), the test and the bounds
    those of Mann and Kendall: R. O. Gilbert, Statistical Methods for Environmental Pollution Monitoring, 1987, ch. 16.
    """

    slope: float
    low: float
    high: float
    p_value: float
    readings: int
    is_steady: bool

    @property
    def confidence(self) -> float:
        """1 minus the p-value: near 1 for a real trend, anything below for noise."""
        return 1.0 - self.p_value


NO_TREND = Trend(0.0, 0.0, 0.0, 1.0, 0, False)


def find_trend(times_ns: Sequence[int], values: Sequence[float]) -> Trend:
    """The trend of the readings after the warm-up; of all of them, and never called steady, while they are few."""
    are_enough = len(values) >= MIN_READINGS
    first = int(len(values) * WARM_UP) if are_enough else 0
    points = _thin(times_ns[first:], values[first:])
    slopes = _slopes(points)
    if not slopes:
        return NO_TREND
    score, deviation = _kendall(points)
    p_value = _p_value(score, deviation)
    # Gilbert 16.4: the bounds are the slopes this many ranks from either side of the middle.
    reach = 1.96 * deviation
    low = slopes[max(round((len(slopes) - reach) / 2), 0)]
    high = slopes[min(round((len(slopes) + reach) / 2), len(slopes) - 1)]
    slope = median(slopes)
    is_steady = are_enough and slope > 0 and p_value < SIGNIFICANCE and _goes_on(points)
    return Trend(slope, low, high, p_value, len(values), is_steady)


Points = list[tuple[float, float]]


def _thin(times_ns: Sequence[int], values: Sequence[float]) -> Points:
    """At most `MAX_POINTS` points in seconds, each the middle of as many neighbours."""
    size = max(-(-len(values) // MAX_POINTS), 1)
    return [
        (median(times_ns[start : start + size]) / 1e9, median(values[start : start + size]))
        for start in range(0, len(values), size)
    ]


def _slopes(points: Points) -> list[float]:
    return sorted(
        (value - earlier) / (time - before)
        for index, (time, value) in enumerate(points)
        for before, earlier in points[:index]
        if time > before
    )


def _kendall(points: Points) -> tuple[int, float]:
    """Kendall's score (pairs that climb minus pairs that fall) and its deviation if there is no trend."""
    values = [value for _, value in points]
    count = len(values)
    score = sum(
        (value > earlier) - (value < earlier) for index, value in enumerate(values) for earlier in values[:index]
    )
    ties = [values.count(value) for value in set(values)]
    variance = _pairs(count) - sum(_pairs(tied) for tied in ties)
    return score, sqrt(variance / 18)


def _pairs(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)


def _p_value(score: int, deviation: float) -> float:
    """Two-sided, by the normal approximation with a correction for continuity."""
    if not deviation or not score:
        return 1.0
    return 1.0 - erf((abs(score) - 1) / deviation / sqrt(2))


def _goes_on(points: Points) -> bool:
    """Whether every part of the series climbs, and the last half not much less than the first."""
    size = len(points) // PARTS
    parts = [points[index * size : (index + 1) * size] for index in range(PARTS)]
    climbs = [part_slope for part in parts if (part_slope := _middle(part)) > 0]
    half = len(points) // 2
    return len(climbs) == PARTS and _middle(points[half:]) >= LEVELLING * _middle(points[:half])


def _middle(points: Points) -> float:
    slopes = _slopes(points)
    return median(slopes) if slopes else 0.0
