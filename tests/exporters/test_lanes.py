"""Lanes: every span on one track, and every track nests."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from statestore.exporters.lanes import Lanes, edges
from statestore.exporters.places import Places
from tests.exporters.traced import history_of, span, spans


def tracks_of(source, describe=lambda _: b""):
    """The tracks with their slices, read whole."""
    with Lanes(source, describe) as lanes:
        return [(track, list(slices)) for track, slices in lanes.tracks()]


@given(spans())
def test_every_span_is_on_one_track(given_spans):
    """None is lost, none is doubled, each is in the lane of its process, thread and task."""
    placed = [
        (track.process_id, track.thread_id, piece.task, piece.started_ns, piece.ended_ns, piece.id, piece.name)
        for track, slices in tracks_of(history_of(*given_spans))
        for piece in slices
        if piece.task == track.task and piece.number == track.number
    ]
    expected = [(s.process_id, s.thread_id, s.task or "", s.started_ns, s.ended_ns, s.id, s.name) for s in given_spans]
    assert sorted(placed) == sorted(expected)


@given(spans(max_time=12, max_size=40))
def test_every_track_nests(given_spans):
    """Of two slices of a track one lies in the other, or they have no time in common; outer ones come first."""
    for _, slices in tracks_of(history_of(*given_spans)):
        for place, one in enumerate(slices):
            for other in slices[place + 1 :]:
                assert one.started_ns <= other.started_ns
                assert other.started_ns >= one.ended_ns or other.ended_ns <= one.ended_ns


@given(spans())
def test_edges_open_and_close_in_order(given_spans):
    """Each closes what was opened last, time never runs back, and all that is opened is closed."""
    for _, slices in tracks_of(history_of(*given_spans)):
        running = []
        track = list(edges(slices))
        assert all(before.at_ns <= after.at_ns for before, after in pairwise(track))
        for edge in track:
            if edge.opens:
                running.append(edge.slice)
            else:
                assert running.pop() is edge.slice
        assert running == []
        assert len(track) == 2 * len(slices)


def test_spans_that_nest_share_the_plain_track():
    """What one thread does in order needs one row, also where spans touch or take no time."""
    given_spans = [span(1, 0, 10), span(2, 0, 4), span(3, 4, 10), span(4, 4, 4), span(5, 10, 12), span(6, 12, 12)]
    [(track, slices)] = tracks_of(history_of(*given_spans))
    assert track.is_plain
    assert [piece.id for piece in slices] == [1, 2, 3, 4, 5, 6]


def test_overlapping_spans_of_a_thread_have_rows_of_their_own():
    """The least that do: a row is used again once it is free."""
    found = tracks_of(history_of(span(1, 0, 10), span(2, 5, 15), span(3, 12, 20), span(4, 16, 30), span(5, 6, 9)))
    assert [(track.number, [piece.id for piece in slices]) for track, slices in found] == [
        (0, [1, 5, 3]),
        (1, [2, 4]),
    ]


def test_threads_are_numbered_by_their_first_starts():
    """Not by when they end, nor by their ids; their tasks and rows follow them."""
    found = tracks_of(
        history_of(
            span(1, 50, 60, thread_id=1),
            span(2, 0, 100, thread_id=9),
            span(3, 10, 20, thread_id=5, task="upload"),
            span(4, 15, 25, thread_id=5, task="upload"),
        )
    )
    assert [(track.thread, track.thread_id, track.task, track.number) for track, _ in found] == [
        (1, 9, "", 0),
        (2, 5, "upload", 0),
        (2, 5, "upload", 1),
        (3, 1, "", 0),
    ]


def test_a_span_that_ends_before_it_starts_takes_no_time():
    """So a broken file is shown as far as it goes."""
    [(_, [piece])] = tracks_of(history_of(span(1, 10, 4)))
    assert (piece.started_ns, piece.ended_ns) == (10, 10)


def test_names_are_valid_text():
    """Half of a surrogate pair, as in names of files, cannot be written: it becomes a question mark."""
    [(track, [piece])] = tracks_of(history_of(span(1, 0, 1, name="caf\udce9", task="t\udce9")))
    assert (piece.name, track.task) == ("caf?", "t?")


def test_time_before_the_run_is_known():
    """Spans of a Timing that is older than its store start before zero; readers drop what does."""
    with Lanes(history_of(span(1, -5, 3), span(2, 1, 2))) as lanes:
        assert lanes.first_ns == -5
    with Lanes(history_of(span(1, 5, 7))) as lanes:
        assert lanes.first_ns == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_no_more_tracks_than_run_at_once(intervals):
    """Ten thousand spans one after the other do not make ten thousand rows."""
    ordered = sorted(((start, start + length) for start, length in intervals), key=lambda one: (one[0], -one[1]))
    places = Places()
    used = {places.take(start, end) for start, end in ordered}
    most = max((sum(1 for start, end in ordered if start <= now < end) for now in range(81)), default=0)
    assert len(used) <= max(most, 1) + 1


def test_live_run_and_file_give_the_same_tracks(everything, everything_file):
    """The one tells spans in the order of their starts, the other in that of their ends."""
    assert tracks_of(everything.history) == tracks_of(everything_file)
