"""Statistics from a stream."""

from hypothesis import given
from hypothesis import strategies as st

from statestore import Timing
from statestore.recording.tally import stats_of, tally, tally_actions, tally_spans
from tests.recording.conftest import added


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2**40)), max_size=4_000))
def test_a_stream_gives_what_the_values_give(durations):
    """By name the count, sum and bounds are those of the durations, however they are put together on the way."""
    found = stats_of(tally(durations))
    for name in "abc":
        own = [elapsed for other, elapsed in durations if other == name]
        assert (name in found) == bool(own)
        if own:
            stats = found[name]
            assert (stats.count, stats.total_ns, stats.min_ns, stats.max_ns) == (len(own), sum(own), min(own), max(own))
            assert stats.median_ns == sorted(own)[(len(own) - 1) // 2]
    totals = [stats.total_ns for stats in found.values()]
    assert totals == sorted(totals, reverse=True)


def test_the_spans_of_a_run_give_its_statistics(make_store, clock):
    """What is tallied from the spans is what the recorder itself says."""
    timing = Timing()
    with make_store(timing) as store:
        for elapsed in (5, 1, 3):
            with timing.span("step"):
                clock.advance(elapsed)
                store.dispatch(added())
        assert stats_of(tally_spans(timing.spans)) == timing.all_stats()


def test_the_reducers_time_by_action(make_store):
    """Commits tell how long the reducer took, by type of action."""
    from statestore import History

    history = History()
    with make_store(history) as store:
        store.dispatch(added())
        store.dispatch(added())
    found = tally_actions(history.commits)
    assert list(found) == ["counter/added"]
    assert stats_of(found)["counter/added"].total_ns == sum(commit.elapsed_ns for commit in history.commits)
