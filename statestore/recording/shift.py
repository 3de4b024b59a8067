"""Whether one run's durations are longer than another's: how sure that is, and how much it comes to."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from math import erfc, exp, log, sqrt
from statistics import median
from typing import Final, Literal, TypeAlias

import msgspec

from statestore.recording.stats import Distribution

Size: TypeAlias = Literal["negligible", "small", "medium", "large"]

# J. Romano et al., Appropriate statistics for ordinal level data, 2006: what Cohen calls small, medium and large for
# normal distributions, on Cliff's scale.
_SIZES: Final[tuple[tuple[float, Size], ...]] = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
# Up to so many on both sides, and without ties, the test is exact; beyond, the normal approximation is good to 0.01.
_EXACT: Final = 20
# The pairs of so many quantiles from each side stand for all pairs: 10,000 logarithms, some milliseconds a name.
_QUANTILES: Final = 100
# One in twenty differences that are none may look like one, over all names together.
SIGNIFICANCE: Final = 0.05


class Shift(msgspec.Struct, frozen=True):
    """How the durations of a second sample compare with those of a first.

    `delta` is the share of pairs in which the second is longer, less the share in which it is shorter, from -1 to 1,
    and `size` what such a number is called. `ratio` is how many times as long the second takes, the middle one of the
    ratios of all pairs. `p_value` is the probability that two samples of the same durations differ as much or more.

    N. Cliff, Dominance statistics, Psychological Bulletin 114, 1993; J. L. Hodges and E. L. Lehmann, Estimates of
    location based on rank tests, Annals of Mathematical Statistics 34, 1963, here of the logarithms; H. B. Mann and
    D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the other, ibid. 18,
    1947, two-sided, with the correction for ties.
    """

    delta: float
    size: Size
    ratio: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether chance is no good explanation."""
        return self.p_value < SIGNIFICANCE


def measure_shift(first: Distribution, second: Distribution) -> Shift:
    """Compares two samples of one duration or more; costs their sorting."""
    u, sizes, ties = _count_pairs(first.counts(), second.counts())
    delta = 2 * u / (sizes[0] * sizes[1]) - 1
    exact = not ties and max(sizes) <= _EXACT
    p_value = _exact_p(u, *sizes) if exact else _approximate_p(u, *sizes, ties)
    return Shift(delta, _size_of(delta), _ratio(first, second), p_value)


def measure_shifts(first: Mapping[str, Distribution], second: Mapping[str, Distribution]) -> dict[str, Shift]:
    """The shifts of the names that both have, with p-values for looking at all of them at once (see `adjust`)."""
    shifts = {name: measure_shift(one, second[name]) for name, one in first.items() if name in second}
    adjusted = adjust([shift.p_value for shift in shifts.values()])
    return {
        name: msgspec.structs.replace(shift, p_value=p_value)
        for (name, shift), p_value in zip(shifts.items(), adjusted, strict=True)
    }


def adjust(p_values: Sequence[float]) -> list[float]:
    """The p-values made as much larger as there are chances to be wrong.

    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    adjusted, least = [1.0] * len(p_values), 0.0
    for done, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(p_values[i] * (len(p_values) - done), 1.0))
        adjusted[i] = least
    return adjusted


def _count_pairs(first: Mapping[int, int], second: Mapping[int, int]) -> tuple[float, tuple[int, int], int]:
    """In how many pairs the second is longer, a tie counting half; the sizes; and Σ(t³ - t) over the ties."""
    u, below, ties = 0.0, 0, 0
    for value in sorted({*first, *second}):
        here, there = first.get(value, 0), second.get(value, 0)
        u += there * (below + here / 2)
        below += here
        ties += (here + there) ** 3 - (here + there)
    return u, (below, sum(second.values())), ties


def _approximate_p(u: float, m: int, n: int, ties: int) -> float:
    both = m + n
    variance = m * n / 12 * (both + 1 - (ties / (both * (both - 1)) if both > 1 else 0))
    if variance <= 0:
        return 1.0
    return min(erfc(max(abs(u - m * n / 2) - 0.5, 0) / sqrt(2 * variance)), 1.0)


def _exact_p(u: float, m: int, n: int) -> float:
    ways = _ways(m, n)
    tail = sum(ways[: int(min(u, m * n - u)) + 1])
    return min(2 * tail / sum(ways), 1.0)


@cache
def _ways(m: int, n: int) -> tuple[int, ...]:
    """In how many orders of m and n values the second is longer in 0, 1, 2, ... pairs."""
    if not m or not n:
        return (1,)
    # The longest of all is one of the second, which is then longer than all m, or one of the first.
    ways = [0] * (m * n + 1)
    for shift, shorter in ((m, _ways(m, n - 1)), (0, _ways(m - 1, n))):
        for u, count in enumerate(shorter):
            ways[u + shift] += count
    return tuple(ways)


def _ratio(first: Distribution, second: Distribution) -> float:
    pairs = product(_logarithms(first), _logarithms(second))
    return exp(median([longer - shorter for shorter, longer in pairs]))


def _logarithms(durations: Distribution) -> list[float]:
    return [log(max(value, 1)) for value in _spread(durations)]


def _spread(durations: Distribution) -> Iterable[int]:
    """All durations, or as many quantiles as stand for them."""
    counts = durations.counts()
    if sum(counts.values()) <= _QUANTILES:
        return [value for value, count in counts.items() for _ in range(count)]
    return durations.quantiles([(i + 0.5) / _QUANTILES for i in range(_QUANTILES)])


def _size_of(delta: float) -> Size:
    return next((size for limit, size in _SIZES if abs(delta) < limit), "large")
