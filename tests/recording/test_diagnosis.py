"""Diagnosis: each trouble is named with its evidence, and a healthy run gets no warning."""

import asyncio
import random
import threading

import pytest

from statestore import Memory, MemorySample, Run, Slice, Store, Timing, open_history
from statestore.recording.diagnosis import Evidence, diagnose
from statestore.recording.gauges import Gauges, ProcessReading
from statestore.recording.overhead import Overhead, measure_overhead
from statestore.testing import FakeClock
from statestore.values import GaugeSample
from tests.recording.conftest import counter

MS = 1_000_000
SECOND = 1_000_000_000
MB = 1_000_000


def evidence(timing=None, duration_ns=None, **more):
    """What there is to know of a run."""
    return Evidence(
        roots=timing.tree() if timing else [],
        stats=timing.all_stats() if timing else {},
        duration_ns=timing.now_ns() if duration_ns is None else duration_ns,
        **more,
    )


def kinds(findings):
    return [finding.kind for finding in findings]


def gauge(at_s, cpu_s, **more):
    return GaugeSample(at_ns=int(at_s * SECOND), cpu_ns=int(cpu_s * SECOND), threads=1, **more)


def climbing(bytes_per_s, count=100, history_per_s=0):
    return [
        MemorySample(i * SECOND, 50 * MB + i * bytes_per_s + i % 3 * 4096, history_bytes=i * history_per_s)
        for i in range(count)
    ]


class TestDominant:
    """Where the time goes, by own time."""

    def test_name_that_takes_most_is_named_with_its_slowest(self, clock):
        """Not its parent, in which it runs."""
        timing = Timing(clock=clock)
        with timing.span("run"):
            for item in range(5):
                with timing.span("parse", file=f"f{item}.py"):
                    clock.advance((item + 1) * MS)
            with timing.span("write"):
                clock.advance(MS)

        (finding,) = diagnose(evidence(timing))
        assert (finding.kind, finding.level) == ("dominant", "note")
        assert finding.sentence.startswith("parse takes 94% of the recorded time, 15 ms of 16 ms; ")
        assert finding.sentence.endswith("the slowest one took 5 ms (file=f4.py)")
        assert finding.evidence["slowest_ns"] == 5 * MS

    def test_measures_do_not_count_beside_the_spans_that_they_cover(self, clock):
        """From mark to mark is the same time once more."""
        timing = Timing(clock=clock)
        timing.mark("begin")
        for name, elapsed in (("parse", 9), ("write", 1)):
            with timing.span(name):
                clock.advance(elapsed * MS)
        timing.measure("all of it", "begin")

        (finding,) = diagnose(evidence(timing))
        assert finding.sentence.startswith("parse takes 90% of the recorded time, 9 ms of 10 ms; ")

    def test_largest_is_named_when_none_dominates(self, clock):
        """A fifth is worth a note; a run in which all is even is not."""
        timing = Timing(clock=clock)
        for name, elapsed in (("a", 4), ("b", 3), ("c", 3)):
            with timing.span(name):
                clock.advance(elapsed)
        even = Timing(clock=clock)
        for name in range(20):
            with even.span(f"step {name}"):
                clock.advance(5)

        assert kinds(diagnose(evidence(timing))) == ["largest"]
        assert diagnose(evidence(even)) == []


class TestTails:
    """One in a hundred that takes much longer than the others."""

    def test_second_population_is_found(self, clock):
        """With both its usual and its unusual time."""
        timing = Timing(clock=clock)
        for n in range(1_000):
            with timing.span("fetch"):
                clock.advance(500 * MS if n % 50 == 0 else 2 * MS)

        (finding,) = diagnose(evidence(timing))
        assert (finding.kind, finding.level) == ("tail", "note")
        assert "fetch usually takes 2 ms, but one in a hundred takes 500 ms or more" in finding.sentence

    @pytest.mark.parametrize(("usual", "rare"), [(1_000, 4 * MS), (100 * MS, 900 * MS)])
    def test_tails_that_nobody_waits_for_are_none(self, clock, usual, rare):
        """Too short to be felt, or not far out."""
        timing = Timing(clock=clock)
        for n in range(1_000):
            with timing.span("fetch"):
                clock.advance(rare if n % 50 == 0 else usual)

        assert diagnose(evidence(timing)) == []


class TestEventLoop:
    """A loop that is held up."""

    def test_blocked_loop_is_found_with_the_span_that_blocked_it(self, clock):
        """From real gauges of a real loop, among spans that only waited."""
        timing, gauges = Timing(), Gauges(0.5)

        async def waits():
            with timing.span("waits"):
                await asyncio.sleep(2)

        async def blocks():
            await asyncio.sleep(0.7)
            with timing.span("blocks", file="big.py"):
                clock.advance(400 * MS)

        async def main():
            with Store(counter, middleware=[timing, gauges], clock=clock):
                await asyncio.gather(waits(), waits(), blocks())

        with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
            runner.run(main())

        (warning,) = [each for each in diagnose(evidence(timing, gauges=gauges.samples)) if each.level == "warning"]
        assert warning.kind == "blocked loop"
        assert 380 * MS <= warning.evidence["delay_ns"] <= 400 * MS
        assert "probably by blocks, which took 400 ms (file=big.py)" in warning.sentence

    def test_delay_without_a_suspect_is_still_said(self):
        """Not everything that blocks has a span."""
        samples = [gauge(0, 0), gauge(1, 0.5, loop_delay_max_ns=250 * MS)]
        (finding,) = diagnose(evidence(duration_ns=SECOND, gauges=samples))

        assert "held up for 250 ms; 1 of 2 readings" in finding.sentence

    def test_delay_on_a_busy_machine_is_none(self):
        """When the loop's thread only waited for a processor, nothing in the program held it up."""
        starved = [gauge(0, 0), gauge(1, 0.5, loop_delay_max_ns=250 * MS, loop_held_ns=20 * MS)]
        both = [*starved, gauge(2, 1, loop_delay_max_ns=180 * MS, loop_held_ns=170 * MS)]

        assert diagnose(evidence(duration_ns=SECOND, gauges=starved)) == []
        (finding,) = diagnose(evidence(duration_ns=2 * SECOND, gauges=both))
        assert "held up for 170 ms; 1 of 3 readings" in finding.sentence

    def test_small_delays_are_none(self):
        """Below what people and asyncio's debug mode call slow."""
        samples = [gauge(n, n / 2, loop_delay_max_ns=90 * MS) for n in range(5)]

        assert diagnose(evidence(duration_ns=5 * SECOND, gauges=samples)) == []


class TestProcess:
    """Processor, collector and memory."""

    @pytest.mark.parametrize(
        ("cpu_s", "found"), [(9.7, ["busy processor"]), (0.3, ["idle processor"]), (5, []), (38, ["busy processor"])]
    )
    def test_processor_time_against_wall_time(self, cpu_s, found):
        """Nearly all, nearly none, and what lies between."""
        assert kinds(diagnose(evidence(duration_ns=10 * SECOND, gauges=[gauge(0, 0), gauge(10, cpu_s)]))) == found

    def test_short_runs_are_not_judged(self):
        """They are mostly imports."""
        assert diagnose(evidence(duration_ns=SECOND // 2, gauges=[gauge(0, 0), gauge(0.5, 0.5)])) == []

    def test_pauses_of_the_collector_are_found(self):
        """By their sum, or by one that people see."""
        often = [gauge(0, 0), gauge(10, 5, gc_pause_ns=SECOND)]
        once = [gauge(0, 0), gauge(10, 5, gc_pause_ns=150 * MS, gc_longest_ns=150 * MS)]
        seldom = [gauge(0, 0), gauge(10, 5, gc_pause_ns=150 * MS, gc_longest_ns=20 * MS)]
        by_memory = [MemorySample(0, MB), MemorySample(10 * SECOND, MB, gc_pause_ns=SECOND)]

        assert kinds(diagnose(evidence(duration_ns=10 * SECOND, gauges=often))) == ["collector pauses"]
        assert kinds(diagnose(evidence(duration_ns=10 * SECOND, gauges=once))) == ["collector pauses"]
        assert kinds(diagnose(evidence(duration_ns=10 * SECOND, samples=by_memory))) == ["collector pauses"]
        assert diagnose(evidence(duration_ns=10 * SECOND, gauges=seldom)) == []

    def test_leak_is_hinted_at_with_its_evidence(self):
        """The slope with its bounds, what has grown, and that it is a hint."""
        (finding,) = diagnose(evidence(duration_ns=100 * SECOND, samples=climbing(500_000)))

        assert (finding.kind, finding.level) == ("leak hint", "warning")
        assert "0.5 MB/s" in finding.sentence
        assert "A hint, not a proof" in finding.sentence
        assert finding.evidence["grown_bytes"] == pytest.approx(37 * MB, rel=0.02)

    def test_what_the_history_keeps_is_no_leak(self):
        """Nor is a climb of a few megabytes."""
        explained = climbing(500_000, history_per_s=450_000)

        assert diagnose(evidence(duration_ns=100 * SECOND, samples=explained)) == []
        assert diagnose(evidence(duration_ns=100 * SECOND, samples=climbing(50_000))) == []

    def test_overhead_of_recording_is_found(self):
        """Above a twentieth of the run; it says what to do."""
        costly = Overhead(
            dispatches=1_000_000, dispatch_ns=800.0, blocks=0, block_ns=0.0, filing_ns=200 * MS, reading_ns=0
        )
        (finding,) = diagnose(evidence(duration_ns=10 * SECOND, overhead=costly))

        assert finding.kind == "recording overhead"
        assert finding.sentence.startswith("recording took 1 s, 10% of the run, for 1,000,000 spans")
        assert diagnose(evidence(duration_ns=100 * SECOND, overhead=costly)) == []


def test_warnings_come_before_notes():
    """What is wrong comes before what could be faster."""
    samples = [gauge(0, 0), gauge(10, 10, loop_delay_max_ns=500 * MS)]

    assert [each.level for each in diagnose(evidence(duration_ns=10 * SECOND, gauges=samples))] == ["warning", "note"]


def test_nothing_known_means_nothing_found():
    """An empty run is diagnosed, too."""
    assert diagnose(evidence(duration_ns=0)) == []


def test_overhead_is_measured_and_counted(clock):
    """What was recorded, times what one costs here, and what filing took."""
    timing = Timing(clock=clock)
    for _ in range(10):
        with timing.span("step"):
            pass
    overhead = measure_overhead(timing)

    assert (overhead.dispatches, overhead.blocks) == (0, 10)
    assert overhead.block_ns > 100
    assert overhead.dispatch_ns > 100
    assert overhead.total_ns == round(10 * overhead.block_ns) + overhead.filing_ns
    assert overhead.filing_ns > 0


def test_waiting_for_a_turn_is_no_overhead(clock):
    """A sampling thread that waits for the interpreter's lock, or the system, costs the program nothing meanwhile."""

    def waits():
        threading.Event().wait(0.05)
        return ProcessReading(0, 1, 0, 0)

    gauges = Gauges(None, process=waits)
    with Store(counter, middleware=[gauges], clock=clock):
        pass

    assert 0 < gauges.reading_ns < 50 * MS


def test_evidence_of_a_live_run_is_what_its_recorders_know(clock):
    """Spans and statistics, readings of both kinds, and what recording cost."""
    timing, memory, gauges = Timing(), Memory(None), Gauges(None)
    with Store(counter, middleware=[timing, memory, gauges], clock=clock), timing.span("step"):
        clock.advance(SECOND)
    found = Evidence.of(timing, memory, gauges)

    assert [root.name for root in found.roots] == ["step"]
    assert found.stats["step"].total_ns == found.duration_ns == SECOND
    assert (list(found.samples), list(found.gauges)) == (memory.samples, gauges.samples)
    assert found.overhead.blocks == 1
    assert found.overhead.reading_ns == memory.reading_ns + gauges.reading_ns > 0


def healthy(seed):
    """A run of ten seconds and more: varied work in tasks, memory that warms up, a loop that is never held up long."""
    noise, clock = random.Random(seed), FakeClock()
    timing = Timing()
    gauges = Gauges(0.5, process=lambda: ProcessReading(int(clock.now_ns() * 0.6), 4, 0, 0))

    async def work(n):
        for _ in range(30):
            with timing.span(f"kind {n % 3}"):
                clock.advance(int(noise.lognormvariate(13.5, 0.8)))
                await asyncio.sleep(noise.expovariate(4))

    async def main():
        with Store(counter, middleware=[timing, gauges], clock=clock):
            await asyncio.gather(*[work(n) for n in range(6)])

    with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
        runner.run(main())
    rss, samples = 60.0 * MB, []
    for second in range(120):
        rss += noise.choice((0, 0, 0, 0.3 * MB, -0.2 * MB)) + (3 * MB if second < 12 else 0)
        samples.append(MemorySample(second * SECOND, int(rss), gc_pause_ns=second * MS))
    overhead = Overhead(dispatches=0, dispatch_ns=600.0, blocks=180, block_ns=1_000.0, filing_ns=MS, reading_ns=MS)
    return evidence(timing, samples=samples, gauges=gauges.samples, overhead=overhead)


def test_healthy_runs_get_no_warning(scaled):
    """In a hundred seeded runs."""
    for seed in range(scaled(20, 100)):
        assert [finding for finding in diagnose(healthy(seed)) if finding.level == "warning"] == [], seed


def test_a_file_gives_the_evidence_of_its_run(tmp_path):
    """Spans, statistics, samples and gauges are those of the recorders, the overhead alone is not known any more."""
    path, counter = tmp_path / "run.history", Slice("counter", initial=0)
    with Run(counter, path, clock=FakeClock()) as run:
        with run.span("outer"):
            run.store.clock.advance(5)
            with run.span("inner"):
                run.store.clock.advance(7)
        run.memory.capture()
        live = Evidence.of(run.timing, run.memory, run.gauges)
    with open_history(path) as source:
        read = Evidence.of_source(source)
        assert read.roots == live.roots
        assert read.stats == live.stats
        assert read.duration_ns == live.duration_ns == 12
        assert read.samples == list(source.samples)
        assert read.overhead is None
        (inner,) = (span for span in source.spans if span.name == "inner")
        assert [node.name for node in Evidence.of_source(source, [inner]).roots] == ["inner"]
