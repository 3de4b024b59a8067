"""Numbers with their units."""

import pytest

from statestore.recording.units import format_bytes, format_ns


@pytest.mark.parametrize(
    ("elapsed_ns", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1_000, "1 µs"), (36_580, "36.6 µs"), (1_500_000, "1.5 ms"), (2e12, "2000 s")],
)
def test_a_duration_has_three_digits(elapsed_ns, text):
    """And the largest unit in which it is at least one."""
    assert format_ns(elapsed_ns) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (34_512_345, "34.5 MB"), (-2e9, "-2.0 GB")]
)
def test_a_size_is_in_powers_of_a_thousand(count, text):
    """As disks and networks count, growth below zero included."""
    assert format_bytes(count) == text
