"""Stacks: where the time of one span went, function by function."""

import sys
import time

import pytest

from statestore import ActionError, StateStoreError, Timing
from statestore.recording.profile import STACKS, StackProfiler
from tests.recording.conftest import added

pytest.importorskip("pyinstrument")


def grind(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def outer(seconds):
    grind(seconds)


def test_stacks_are_attached_to_the_span():
    """They name the functions from the outermost to the innermost, and their times add up to about the span's."""
    timing = Timing()
    with StackProfiler(timing).span("grinding", item=1):
        outer(0.05)

    (span,) = timing.spans
    stacks = span.metadata[STACKS]
    assert span.metadata["item"] == 1
    main = next(path for path in stacks if "grind" in path)
    assert main.index("outer") < main.index("grind")
    assert "test_profile.py" in main
    assert sum(stacks.values()) == pytest.approx(span.elapsed_ns, rel=0.5)
    assert all(type(elapsed_ns) is int for elapsed_ns in stacks.values())


def test_block_inside_a_profiled_one_is_an_ordinary_span():
    """Its stacks are in the outer one; nothing fails."""
    timing = Timing()
    stacks = StackProfiler(timing)
    with stacks.span("all"), stacks.span("part"):
        outer(0.02)

    all_of_it, part = timing.spans
    assert STACKS not in part.metadata
    assert part.parent_id == all_of_it.id
    assert any("grind" in path for path in all_of_it.metadata[STACKS])


@pytest.mark.parametrize("match", [added, added.type, lambda action: action.type == "counter/added"])
def test_matching_dispatches_are_profiled(make_store, match):
    """By creator, type or predicate; the others go by."""
    timing = Timing()
    store = make_store(timing, StackProfiler(timing).of(match), clock=None)
    store.reducer.on("slow")(lambda draft, action: None)
    store.subscribe(lambda store: grind(0.02))
    store.dispatch(added())
    store.dispatch({"type": "slow"})

    (profiled,) = [span for span in timing.spans if STACKS in span.metadata]
    assert any("grind" in path for path in profiled.metadata[STACKS])
    dispatch = next(span for span in timing.spans if span.name == "counter/added")
    assert profiled.parent_id == dispatch.id
    assert dispatch.seq == 1


def test_error_in_a_profiled_block_goes_on_and_stops_the_profiler():
    """The next block can be profiled again."""
    timing = Timing()
    stacks = StackProfiler(timing)
    for _ in range(2):
        with pytest.raises(KeyError), stacks.span("fails"):
            raise KeyError

    assert [span.status for span in timing.spans] == ["KeyError"] * 2
    assert all(STACKS in span.metadata for span in timing.spans)


def test_without_pyinstrument_it_says_what_to_install(monkeypatch):
    """At once, not in the middle of a run."""
    monkeypatch.setitem(sys.modules, "pyinstrument", None)
    with pytest.raises(StateStoreError, match=r"statestore\[profile\]"):
        StackProfiler(Timing())


def test_wrong_arguments_are_refused_with_a_reason():
    """Each message says what was found."""
    with pytest.raises(ActionError, match="not None"):
        StackProfiler(None)
    with pytest.raises(ActionError, match="not 0"):
        StackProfiler(Timing(), interval=0)
    with pytest.raises(ActionError, match="not 5"):
        StackProfiler(Timing()).of(5)
