"""FakeClock and ListSink: what tests of our own and of our users stand on."""

import asyncio
import threading

import pytest

from statestore import Commit, Span, Timing
from statestore.recording.sampler import Sampler
from statestore.testing import FakeClock, ListSink
from tests.recording.conftest import added


def test_time_moves_only_when_it_is_told_to():
    """Monotonic and wall clock move together."""
    clock = FakeClock(start_ns=5, wall_ns=1_000)
    clock.advance(3)
    clock.advance(0)

    assert (clock.now_ns(), clock.wall_ns()) == (8, 1_003)
    with pytest.raises(ValueError, match="-1"):
        clock.advance(-1)


def test_waiting_ends_when_its_time_has_come_or_its_event_is_set():
    """In whichever thread; it says which of the two it was."""
    clock, event, seen = FakeClock(), threading.Event(), []

    def work():
        seen.append(clock.wait(event, 10))
        seen.append(clock.wait(event, 10))

    thread = threading.Thread(target=work)
    thread.start()
    clock.settle(1)
    clock.advance(9)
    assert seen == []
    clock.advance(1)
    assert seen == [False]
    event.set()
    thread.join(10)

    assert seen == [False, True]
    assert clock.now_ns() == 10
    assert clock.wait(threading.Event(), 0) is False


def test_advance_stops_at_every_deadline_on_the_way():
    """Two samplers with different intervals see each of their moments, in order."""
    clock, seen = FakeClock(), []
    samplers = [Sampler(lambda n=n: seen.append((n, clock.now_ns())), n / 1e9, clock, f"every {n}") for n in (20, 30)]
    clock.settle(2)
    clock.advance(60)
    for sampler in samplers:
        sampler.close()

    assert sorted(seen) == [(20, 20), (20, 40), (20, 60), (30, 30), (30, 60)]
    assert [at for _, at in seen] == sorted(at for _, at in seen)


def test_event_loop_lives_in_fake_time():
    """Sleeping takes no real time; timers come in their order."""
    clock, seen = FakeClock(), []

    async def sleeps(seconds):
        await asyncio.sleep(seconds)
        seen.append((seconds, clock.now_ns() // 10**9))

    async def main():
        await asyncio.gather(sleeps(3600), sleeps(5), sleeps(60))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
        runner.run(main())

    assert seen == [(5, 5), (60, 60), (3600, 3600)]
    assert 3610 <= clock.now_ns() / 1e9 < 3611


def test_event_loop_hears_from_threads():
    """What another thread calls is not waited past."""
    clock = FakeClock()

    async def main():
        return await asyncio.to_thread(lambda: "from the thread")

    with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
        assert runner.run(main()) == "from the thread"


def test_list_sink_keeps_what_it_is_asked_to(make_store):
    """All values, or those of some types."""
    timing, everything, commits = Timing(), ListSink(), ListSink(Commit)
    store = make_store(timing)
    store.observe(everything)
    store.observe(commits)
    store.dispatch(added())

    assert [type(value) for value in everything.values] == [Commit, Span]
    assert commits.values == everything.of(Commit)


class TestSampler:
    """The thread behind every series of readings."""

    def test_slow_readings_do_not_shift_the_later_ones(self):
        """Moments are multiples of the interval; those that a reading overran are left out."""
        clock, seen = FakeClock(), []

        def read():
            seen.append(clock.now_ns())
            if len(seen) == 1:
                clock.wait(threading.Event(), 25)  # a reading that takes two and a half intervals

        sampler = Sampler(read, 10 / 1e9, clock, "slow")
        clock.settle(1)
        clock.advance(70)
        sampler.close()

        assert seen == [10, 40, 50, 60, 70]

    def test_reading_that_raises_ends_the_sampler_and_says_why(self):
        """The program goes on."""
        clock = FakeClock()
        sampler = Sampler(lambda: 1 / 0, 1.0, clock, "failing")
        clock.settle(1)
        clock.advance(5 * 10**9)
        sampler.close()

        assert isinstance(sampler.error, ZeroDivisionError)

    def test_it_can_be_closed_from_its_own_reading(self):
        """A reading that closes its store does not wait for itself."""
        clock, samplers = FakeClock(), []
        samplers.append(Sampler(lambda: samplers[0].close(), 1.0, clock, "closing"))
        clock.settle(1)
        clock.advance(10**9)

        assert samplers[0].error is None
        assert not [thread for thread in threading.enumerate() if thread.name == "closing"]
