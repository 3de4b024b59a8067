"""Sorting in runs: the same as sorting at once."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from statestore.exporters.sorting import RUN_BYTES, Sorter


class Item(msgspec.Struct, array_like=True):
    """Something to sort: `place` says when it came."""

    key: int
    place: int
    text: str = ""


def sorter(run):
    return Sorter(Item, lambda item: item.key, lambda item: len(item.text), run)


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc")), max_size=200), st.integers(1, 60))
def test_each_group_comes_sorted(items, run):
    """As `sorted` has it, equal ones in the order in which they came, however short the runs are."""
    with sorter(run) as sorting:
        for place, (key, group) in enumerate(items):
            sorting.add(Item(key, place), group)
        for group in "abc":
            expected = sorted((key, place) for place, (key, of) in enumerate(items) if of == group)
            assert [(item.key, item.place) for item in sorting.items(group)] == expected
        assert list(sorting.items("never seen")) == []


def test_more_than_a_page_of_a_run_comes_back():
    """A run is read by pages, and all pages are read."""
    with sorter(3_000) as sorting:
        for place in range(10_000):
            sorting.add(Item(-place % 997, place))
        assert sum(1 for _ in sorting.items()) == 10_000
        assert [item.key for item in sorting.items()] == sorted(-place % 997 for place in range(10_000))


def test_heavy_items_are_not_held():
    """They go to the temporary file by their weight, and it is closed with the block."""
    with sorter(10**6) as sorting:
        for place in range(20):
            sorting.add(Item(0, place, "x" * (RUN_BYTES // 8)))
        assert sorting._length < 8
        file = sorting._file
        assert not file.closed
        assert [item.place for item in sorting.items()] == list(range(20))
    assert file.closed
