"""When a series of runs changed its level."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore.recording.changepoint import find_change, find_changes


def noise(seed, *levels):
    """So many values around each level, the spread a twentieth of it."""
    random = Random(seed)
    return [random.gauss(level, level / 20) for count, level in levels for _ in range(count)]


def test_a_step_is_found_where_it_is():
    """Its place, the levels on either side, and a small p-value."""
    found = find_change(noise(1, (12, 100), (8, 150)))
    assert found.index == 12
    assert found.before == pytest.approx(100, rel=0.1)
    assert found.after == pytest.approx(150, rel=0.1)
    assert found.p_value < 0.001


def test_a_long_series_goes_by_the_formula():
    """Beyond 50 values it is as good."""
    found = find_change(noise(2, (60, 100), (40, 120)))
    assert abs(found.index - 60) <= 1
    assert found.p_value < 0.001


@pytest.mark.parametrize("length", [12, 60])
def test_noise_seldom_looks_like_a_change(length):
    """Of series without any change no more than one in twenty has one at 5 %, give or take chance."""
    found = [find_change(noise(seed, (length, 100))).p_value < 0.05 for seed in range(200)]
    assert (
        sum(found) <= 20
    )  # 10 expected; more than 20 would come once in a thousand tries, and these are always the same


def test_single_outliers_are_no_change():
    """It goes by ranks: one run that hung says nothing of the others."""
    values = noise(3, (15, 100))
    values[7] = 10_000
    assert find_changes(values, 0.05) == []


def test_several_changes_are_found_in_order():
    """Each with the level before and after it."""
    found = find_changes(noise(4, (15, 100), (15, 200), (15, 50)), 0.01)
    assert [change.index for change in found] == [15, 30]
    assert [round(change.before, -1) for change in found] == [100, 200]
    assert found[1].before == found[0].after


@given(st.lists(st.integers(0, 10), max_size=30))
def test_any_series_has_an_answer(values):
    """Whatever the values, a change lies inside the series with three values on either side; too few have none."""
    found = find_change(values)
    if found is None:
        assert len(values) < 6 or len(set(values)) == 1
    else:
        assert 3 <= found.index <= len(values) - 3
        assert 0 < found.p_value <= 1


@given(st.lists(st.floats(1, 1e9), min_size=6, max_size=20, unique=True))
def test_the_unit_makes_no_difference(values):
    """Milliseconds change where nanoseconds do, as surely."""
    one, other = find_change(values), find_change([value * 2 for value in values])
    assert (one.index, one.p_value) == (other.index, other.p_value)
