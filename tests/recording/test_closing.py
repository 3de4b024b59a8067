"""Closing: nothing of any recorder is left running, held or set."""

import asyncio
import gc
import threading
import tracemalloc
from pathlib import Path

import pytest

from statestore import Memory, Milestones, Span, Store, Timing
from statestore.recording.alerts import Above, Alerts, Deviates
from statestore.recording.frames import get_current
from statestore.recording.gauges import Gauges
from statestore.recording.resident import resident_bytes
from tests.recording.conftest import added, counter


def open_files():
    """How many file descriptors this process has open; 0 where that cannot be known."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def recorders():
    return [
        Timing(keep=1_000),
        Milestones(rules={"first": added}),
        Memory(0.01),
        Gauges(0.01),
        Alerts([Deviates(), Above(Span, "elapsed_ns", 10**12)]),
    ]


def leftovers():
    return threading.active_count(), open_files(), len(gc.callbacks), tracemalloc.is_tracing(), get_current()


def test_many_stores_leave_nothing_behind(scaled):
    """Threads, files, callbacks, tracing and the current span are as before, and memory does not climb."""
    before = leftovers()
    sizes = []
    for number in range(scaled(200, 1_000)):
        layers = recorders()
        with Store(counter, middleware=layers) as store, layers[0].span("round"):
            store.dispatch(added())
        if number % (scaled(200, 1_000) // 10) == 0:
            gc.collect()
            sizes.append(resident_bytes())

    assert leftovers() == before
    assert sizes[-1] - sizes[2] < 3_000_000


def test_many_stores_in_an_event_loop_leave_no_timer(scaled):
    """Nor anything else in the loop."""

    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(scaled(50, 1_000)):
            with Store(counter, middleware=recorders()) as store:
                store.dispatch(added())
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert "select" not in vars(loop._selector)
        return [timer for timer in loop._scheduled if not timer.cancelled()]

    before = leftovers()
    assert asyncio.run(main()) == []
    assert leftovers() == before


def test_closing_twice_and_after_an_error_is_the_same(make_store):
    """`with` closes when its block raises; a second close does nothing."""
    before = leftovers()
    layers = recorders()
    with pytest.raises(KeyError), make_store(*layers) as store:
        raise KeyError
    store.close()
    for layer in layers:
        layer.close()

    assert leftovers() == before


def test_what_was_recorded_stays_readable(make_store):
    """After closing, every recorder still answers."""
    timing, milestones, memory, gauges, alerts = recorders()
    with make_store(timing, milestones, memory, gauges, alerts) as store:
        store.dispatch(added())

    assert [span.name for span in timing.spans] == ["counter/added"]
    assert timing.stats("counter/added").count == 1
    assert [milestone.name for milestone in milestones.timeline()] == ["first"]
    assert len(memory.samples) == len(gauges.samples) == 2
    assert alerts.alerts == []
