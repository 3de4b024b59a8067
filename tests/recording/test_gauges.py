"""Gauges: the processor, threads, the collector and the event loop, in fake time."""

import asyncio
import gc
import threading

import pytest

from statestore import ActionError
from statestore.recording.eventloop import LoopMonitor, starved_ns
from statestore.recording.gauges import Gauges, ProcessReading, read_process
from statestore.testing import FakeClock, ListSink
from statestore.values import GaugeSample
from tests.recording.conftest import added

MS = 1_000_000
SECOND = 1_000_000_000


def in_fake_time(clock, main):
    with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
        return runner.run(main())


def test_readings_come_at_their_interval_and_are_published(make_store, clock):
    """With what the system says of the process."""
    readings = iter(range(100))
    gauges, sink = Gauges(0.5, process=lambda: ProcessReading(next(readings), 3, 20, 10)), ListSink()
    with make_store(gauges) as store:
        store.observe(sink, GaugeSample)
        clock.settle(1)
        clock.advance(SECOND)

    assert [sample.at_ns for sample in gauges.samples] == [0, SECOND // 2, SECOND, SECOND]
    assert [sample.cpu_ns for sample in gauges.samples] == [0, 1, 2, 3]
    assert sink.values == gauges.samples[1:]
    sample = gauges.samples[0]
    assert (sample.threads, sample.voluntary_switches, sample.involuntary_switches) == (3, 20, 10)
    assert (sample.loop_delay_max_ns, sample.loop_utilisation) == (None, None)


def test_system_is_asked_rightly():
    """Work shows in the processor time, threads in their number."""
    before = read_process()
    sum(range(300_000))
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    after = read_process()
    event.set()
    thread.join()

    assert after.cpu_ns > before.cpu_ns
    assert after.threads == before.threads + 1
    assert after.voluntary_switches >= before.voluntary_switches >= 0


def test_longest_pause_is_of_the_time_since_the_reading_before(make_store, clock):
    """The sum goes on."""
    gauges = Gauges(None)

    def slow(phase, info):
        if phase == "start":
            clock.advance(7)

    with make_store(gauges):
        gc.callbacks.append(slow)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slow)
        first, second = gauges.capture(), gauges.capture()

    assert first.gc_longest_ns == 7
    assert second.gc_longest_ns < 7 <= first.gc_pause_ns <= second.gc_pause_ns


class TestEventLoop:
    """How late its timers come, and how busy it is."""

    def test_blocked_loop_shows_as_delay(self, make_store, clock):
        """Something that holds the loop for 300 ms makes the timer come that late, less what it was due anyway."""
        gauges = Gauges(None)

        async def main():
            with make_store(gauges):
                await asyncio.sleep(0.1)
                quiet = gauges.capture()
                clock.advance(300 * MS)
                await asyncio.sleep(0.1)
                return quiet, gauges.capture()

        quiet, blocked = in_fake_time(clock, main)

        assert quiet.loop_delay_max_ns < MS
        assert 290 * MS <= blocked.loop_delay_max_ns <= 300 * MS
        assert blocked.loop_delay_p50_ns < MS
        assert gauges.delays.stats().max_ns == blocked.loop_delay_max_ns

    def test_waiting_for_a_processor_does_not_hold_the_loop(self, clock):
        """On a machine that is busy with other programs timers come late, without anything in the loop to blame."""

        async def main():
            waited = 5 * MS
            monitor = LoopMonitor(asyncio.get_running_loop(), clock, starved=lambda native_id: waited)
            monitor.open()
            await asyncio.sleep(0.1)
            clock.advance(300 * MS)
            waited += 285 * MS
            await asyncio.sleep(0.1)
            starving = monitor.take()
            clock.advance(300 * MS)
            hanging = monitor.take()
            await asyncio.sleep(0.1)
            held = monitor.take()
            monitor.close()
            return starving, hanging, held

        starving, hanging, held = in_fake_time(clock, main)

        assert 290 * MS <= starving.delays.stats().max_ns <= 300 * MS
        assert starving.held_ns <= 15 * MS
        assert hanging.held_ns == hanging.overdue_ns >= 290 * MS
        assert held.held_ns == held.delays.stats().max_ns >= 290 * MS

    def test_system_is_asked_how_long_a_thread_waited_for_a_processor(self):
        """The time only grows; a thread that does not exist has not waited."""
        before = starved_ns(threading.get_native_id())

        assert 0 <= before <= starved_ns(threading.get_native_id())
        assert starved_ns(0) == 0

    def test_utilisation_is_the_share_of_time_in_which_it_did_not_wait(self, make_store, clock):
        """Busy for 30 ms of every 100."""
        gauges = Gauges(None)

        async def main():
            with make_store(gauges):
                for _ in range(10):
                    clock.advance(30 * MS)
                    await asyncio.sleep(0.07)
                return gauges.capture()

        assert in_fake_time(clock, main).loop_utilisation == pytest.approx(0.3, abs=0.02)

    def test_loop_is_found_where_a_commit_comes_from(self, make_store, clock):
        """A store that was made before the loop ran sees it as soon as it dispatches from there."""
        gauges = Gauges(None)
        store = make_store(gauges)
        store.dispatch(added())

        async def main():
            store.dispatch(added())
            await asyncio.sleep(0.1)
            return gauges.capture()

        assert in_fake_time(clock, main).loop_delay_max_ns is not None
        store.dispatch(added())
        assert store.seq == 2, "it does not look any more, so nobody observes commits"
        store.close()

    def test_program_without_a_loop_is_not_watched_for_ever(self, make_store):
        """After a thousand commits it does not look any more."""
        store = make_store(Gauges(None))
        for _ in range(1_200):
            store.dispatch(added())

        assert store.seq == 1_000

    def test_nothing_stays_in_the_loop_after_closing(self, clock, make_store):
        """No timer, and the selector is its own again; closing from another thread and after the loop works too."""

        async def main():
            loop = asyncio.get_running_loop()
            gauges = Gauges(None)
            store = make_store(gauges)
            await asyncio.sleep(0.05)
            assert "select" in vars(loop._selector)
            await asyncio.to_thread(store.close)
            await asyncio.sleep(0)
            assert "select" not in vars(loop._selector)
            assert not [timer for timer in loop._scheduled if not timer.cancelled()]

            return make_store(Gauges(None))

        late = in_fake_time(clock, main)
        late.close()

    def test_two_monitors_of_one_loop_do_not_disturb_each_other(self, make_store, clock):
        """Closed in the order in which they were made, the second one goes on measuring."""
        first, second = Gauges(None), Gauges(None)

        async def main():
            stores = make_store(first), make_store(second)
            stores[0].close()
            await asyncio.sleep(0.1)
            sample = second.capture()
            stores[1].close()
            return sample

        assert in_fake_time(clock, main).loop_utilisation == pytest.approx(0, abs=0.01)

    def test_watching_needs_a_loop(self):
        """The message says what to do."""
        with pytest.raises(ActionError, match="runs in an event loop"):
            Gauges().watch()


def test_nothing_runs_after_closing(make_store):
    """No thread and no callback of the collector."""
    threads, callbacks = threading.active_count(), len(gc.callbacks)
    make_store(Gauges(0.1), clock=FakeClock()).close()

    assert threading.active_count() == threads
    assert len(gc.callbacks) == callbacks
