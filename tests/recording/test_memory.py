"""Memory: readings, what they say about growth, and that nothing is left running."""

import gc
import threading
import tracemalloc

import pytest

from statestore import Action, ActionError, DispatchError, History, Memory, MemorySample
from statestore.recording.memory import average_of, growth_of, trend_of
from statestore.recording.resident import peak_bytes, resident_bytes
from statestore.testing import ListSink
from tests.recording.conftest import added

SECOND = 1_000_000_000


def test_first_reading_is_taken_at_install_and_one_each_interval(make_store, clock):
    """At their moments, in the time of the store's clock, and one more at the end."""
    memory = Memory(interval=0.5)
    with make_store(memory):
        clock.settle(1)
        clock.advance(2 * SECOND)
        assert [sample.at_ns for sample in memory.samples] == [0, SECOND // 2, SECOND, 3 * SECOND // 2, 2 * SECOND]
        clock.advance(1)

    assert memory.samples[-1].at_ns == 2 * SECOND + 1
    clock.advance(10 * SECOND)
    assert len(memory.samples) == 6


def test_reading_says_what_the_process_holds(make_store):
    """Resident size, blocks of Python's heap, collections, and the history's commits with their bytes."""
    memory, history = Memory(interval=None), History()
    with make_store(memory, history) as store:
        ballast = [object() for _ in range(100_000)]
        for _ in range(100):
            store.dispatch(added())
        gc.collect()
        sample = memory.capture()

    assert sample.rss_bytes > 5_000_000
    assert memory.growth().heap_blocks >= 0.9 * len(ballast)
    assert sample.gc_collections > memory.samples[0].gc_collections
    assert sample.history_commits == 100
    assert 1_000 < sample.history_bytes < 100_000
    assert sample.traced_bytes is None


def test_pauses_of_the_collector_are_added_up(make_store, clock):
    """In the store's time, while the store is open and no longer."""
    memory = Memory(interval=None)

    def slow(phase, info):
        if phase == "start":
            clock.advance(7)

    with make_store(memory) as store:
        gc.callbacks.append(slow)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slow)
        assert memory.capture().gc_pause_ns >= 7
        paused = memory.capture().gc_pause_ns
        store.close()
        gc.collect()

    assert memory.capture().gc_pause_ns == paused


def test_readings_are_published(make_store):
    """Each one, as it is taken."""
    memory, sink = Memory(interval=None), ListSink()
    with make_store(memory) as store:
        store.observe(sink, MemorySample)
        sample = memory.capture()

    assert sink.values == [sample, memory.samples[-1]]


def test_growth_and_average_have_the_fields_of_a_reading():
    """Last minus first, and the rounded mean; what was not always traced is not made up."""
    samples = [
        MemorySample(0, 100, 10, 1, 5, 0, 0, 50),
        MemorySample(10, 130, 10, 2, 5, 3, 30, None),
        MemorySample(20, 121, 13, 2, 9, 6, 60, 71),
    ]

    assert growth_of(samples) == MemorySample(20, 21, 3, 1, 4, 6, 60, 21)
    assert average_of(samples) == MemorySample(10, 117, 11, 2, 6, 3, 30, 60)
    assert growth_of(samples[:2]).traced_bytes is None
    assert growth_of([]) == average_of([]) == MemorySample(0, 0)
    assert growth_of(samples[:1]) == MemorySample(0, 0, 0, 0, 0, 0, 0, 0)


def test_trend_of_a_leak_is_steady():
    """In bytes a second."""
    samples = [MemorySample(i * SECOND, 10**7 + i * 50_000) for i in range(100)]

    assert trend_of(samples).slope == pytest.approx(50_000)
    assert trend_of(samples).is_steady
    assert not trend_of(samples[:1]).is_steady


def test_at_most_keep_readings_are_kept(make_store):
    """The newest."""
    memory = Memory(interval=None, keep=3)
    with make_store(memory):
        samples = [memory.capture() for _ in range(10)]
        assert memory.samples == samples[-3:]


def test_tracing_runs_only_when_it_was_asked_for_and_only_while_open(make_store):
    """The lines that grew most are known while the store is open and after."""
    memory = Memory(interval=None, trace=True)
    with make_store(memory):
        leak = [bytearray(1_000) for _ in range(1_000)]
        (line,) = memory.top_lines(1)
        assert memory.capture().traced_bytes > 1_000_000
    assert not tracemalloc.is_tracing()
    assert line.file == __file__
    assert line.grown_bytes > 1_000 * len(leak)
    assert memory.top_lines(1)[0].line == line.line

    untraced = Memory(interval=None)
    with make_store(untraced), pytest.raises(DispatchError, match="trace=True"):
        untraced.top_lines()


def test_tracing_of_others_is_left_to_them(make_store):
    """What somebody else had started goes on."""
    tracemalloc.start()
    try:
        with make_store(Memory(interval=None, trace=True)):
            pass
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_allocations_are_added_up_by_type_of_action_on_request(make_store):
    """What dispatching has allocated and kept; nothing without the request."""
    memory, kept = Memory(interval=None, by_action=True), []
    with make_store(memory) as store:
        store.reducer.on("hoard")(lambda draft, action: kept.append([object() for _ in range(1_000)]))
        for _ in range(5):
            store.dispatch(Action("other"))
        for _ in range(3):
            store.dispatch(Action("hoard"))

    assert memory.allocated["hoard"].count == 3
    assert memory.allocated["hoard"].blocks >= 3_000 > memory.allocated["other"].blocks
    assert Memory(interval=None).allocated == {}


def test_off_the_chain_it_adds_nothing_to_a_dispatch(make_store):
    """Memory and the dispatch path have nothing to do with each other."""
    memory = Memory(interval=None)
    inner = object()
    store = make_store()

    assert memory(store, inner) is inner
    memory.close()


def test_nothing_runs_after_closing(make_store, clock):
    """No thread, no callback of the collector; closing again does nothing."""
    threads, callbacks = threading.active_count(), len(gc.callbacks)
    memory = Memory(interval=0.1, daemon=False)
    store = make_store(memory)
    assert threading.active_count() == threads + 1
    store.close()
    memory.close()

    assert threading.active_count() == threads
    assert len(gc.callbacks) == callbacks
    assert len(memory.samples) == 2


def test_wrong_arguments_are_refused_with_a_reason(make_store):
    """Each message says what was found."""
    for interval in (0, -1, "often", float("nan"), float("inf"), True):
        with pytest.raises(ActionError, match=str(interval)):
            Memory(interval=interval)
    with pytest.raises(ActionError, match="keep"):
        Memory(keep=1)
    memory = Memory(interval=None)
    with make_store(memory, name="first"), pytest.raises(DispatchError, match="first"):
        make_store(memory)


def test_peak_is_not_below_what_is_resident():
    """The fallback for systems that say less has the right unit."""
    assert 1_000_000 < resident_bytes() <= 1.5 * peak_bytes()
