"""When a series of runs changed its level: from which run on things took longer, or less."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import exp
from random import Random
from typing import Final

import msgspec

# A change is between levels: two runs are no level.
_SHORTEST: Final = 3
# Up to so many runs chance is measured by shuffling them; beyond, Pettitt's formula is as good.
_SHUFFLED: Final = 50
_SHUFFLES: Final = 5_000


class Change(msgspec.Struct, frozen=True):
    """From `index` on, the values lie on another level: `before` and `after` are the medians on either side.

    `p_value` is the probability that values without any change, in any order, part as clearly.
    """

    index: int
    before: float
    after: float
    p_value: float


def find_change(values: Sequence[float]) -> Change | None:
    """The clearest change of level in a series; None for fewer than six values, or where all are equal.

    A. N. Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28, 1979. It goes by ranks,
    so that single outliers, which durations have, are no change. His formula for the p-value is too careful for short
    series: there it comes from 5,000 shuffles (always the same ones).
    """
    ranks = _ranks(values)
    places = range(_SHORTEST, len(values) - _SHORTEST + 1)
    if not places or len(set(values)) < 2:
        return None
    partings = _partings(ranks)
    index = max(places, key=lambda place: abs(partings[place - 1]))
    statistic = abs(partings[index - 1])
    p_value = _shuffled_p(tuple(sorted(ranks)), statistic) if len(values) <= _SHUFFLED else _p(statistic, len(values))
    return Change(index, _middle(values[:index]), _middle(values[index:]), p_value)


def find_changes(values: Sequence[float], significance: float) -> list[Change]:
    """The changes that are significant, in their order: what lies on either side of one is looked through again.

    L. Y. Vostrikova, Detecting disorder in multidimensional random processes, Soviet Mathematics Doklady 24, 1981.
    """
    found = list(_find_between(values, 0, len(values), significance))
    ends = [0, *[index for index, _ in found], len(values)]
    levels = [_middle(values[start:stop]) for start, stop in pairwise(ends)] if found else []
    return [Change(found[i][0], before, after, found[i][1]) for i, (before, after) in enumerate(pairwise(levels))]


def _find_between(values: Sequence[float], start: int, stop: int, significance: float) -> Iterator[tuple[int, float]]:
    found = find_change(values[start:stop])
    if found is not None and found.p_value < significance:
        place = start + found.index
        yield from _find_between(values, start, place, significance)
        yield place, found.p_value
        yield from _find_between(values, place, stop, significance)


def _partings(ranks: Sequence[float]) -> list[float]:
    """For each place how clearly what is before it differs from what follows: Pettitt's U, from sums of ranks."""
    middle = (len(ranks) + 1) / 2
    return [2 * (total - number * middle) for number, total in enumerate(accumulate(ranks), 1)]


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each value among all, from 1; equal ones share the mean of theirs."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def _p(statistic: float, count: int) -> float:
    return min(2 * exp(-6 * statistic**2 / (count**3 + count**2)), 1.0)


def _shuffled_p(ranks: tuple[float, ...], statistic: float) -> float:
    reached = sum(other >= statistic for other in _by_chance(ranks))
    return (reached + 1) / (_SHUFFLES + 1)


@cache
def _by_chance(ranks: tuple[float, ...]) -> list[float]:
    order, random = list(ranks), Random(len(ranks))  # noqa: S311  # nothing is kept secret by it
    found = []
    for _ in range(_SHUFFLES):
        random.shuffle(order)
        partings = _partings(order)
        found.append(max(map(abs, partings[_SHORTEST - 1 : len(ranks) - _SHORTEST])))
    return found


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]  # the nearest-rank median, as everywhere here
