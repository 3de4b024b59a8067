"""Readings of the process for several stores at once."""

import asyncio
import gc
import weakref

from statestore import History, MemorySample, Slice, Store
from statestore.recording.shared import SharedReadings
from statestore.testing import FakeClock
from statestore.values import GaugeSample

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


def heard(store):
    """What the store publishes of readings from now on."""
    values = []
    store.observe(values.append, MemorySample, GaugeSample)
    return values


def test_a_store_that_joins_and_leaves_gets_a_reading_each_time():
    """Of memory and of the process, on the store's own time axis."""
    clock, readings = FakeClock(), SharedReadings(None)
    with Store(count, clock=clock) as store:
        values = heard(store)
        clock.advance(5)
        leave = readings.join(store, MemorySample, GaugeSample)
        clock.advance(7)
        leave()
    readings.close()
    assert [(type(value), value.at_ns) for value in values] == [
        (kind, at_ns) for at_ns in (5, 12) for kind in (MemorySample, GaugeSample)
    ]
    assert values[0].rss_bytes > 1_000_000


def test_a_store_gets_what_it_asks_for():
    """One that takes readings of memory itself asks for the others only."""
    readings = SharedReadings(None)
    with Store(count) as store:
        values = heard(store)
        readings.join(store, GaugeSample)()
    readings.close()
    assert {type(value) for value in values} == {GaugeSample}


def test_memory_knows_what_the_stores_history_keeps():
    """Of each store its own."""
    readings = SharedReadings(None)
    with Store(count, middleware=[History()]) as store:
        store.dispatch(added())
        values = heard(store)
        readings.join(store, MemorySample)()
    readings.close()
    assert values[-1].history_commits == 1


def test_a_store_that_is_dropped_is_gone():
    """Nothing here holds it, although nobody closed it."""
    readings = SharedReadings(None)
    store = Store(count)
    readings.join(store, MemorySample, GaugeSample)
    store.dispatch(added())
    gone = weakref.ref(store)
    del store
    gc.collect()
    assert gone() is None
    readings.close()


def test_stores_that_come_and_go_quickly_share_a_reading():
    """A hundred stores within 10 ms by the clock take no more readings than one."""
    clock = FakeClock()
    readings = SharedReadings(None, clock)
    taken = [len(readings._memory.samples)]
    for _ in range(100):
        store = Store(count)
        readings.join(store, MemorySample)()
    taken.append(len(readings._memory.samples))
    clock.advance(20_000_000)
    readings.join(store, MemorySample)
    taken.append(len(readings._memory.samples))
    readings.close()
    assert taken == [1, 1, 2]


async def _looked_at(readings):
    with Store(count) as store:
        readings.join(store, GaugeSample)
        store.dispatch(added())
        return readings._gauges._monitor is not None


def test_the_event_loop_is_found_where_a_store_is_used():
    """The first commit that comes out of a loop tells which one it is."""
    readings = SharedReadings(None)
    try:
        assert asyncio.run(_looked_at(readings))
    finally:
        readings.close()


def test_the_collector_is_left_alone_afterwards():
    """Closed, it has no callbacks left."""
    before = list(gc.callbacks)
    SharedReadings(None).close()
    assert gc.callbacks == before
