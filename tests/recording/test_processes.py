"""Worker processes: their spans come back with the result, under the span that submitted the work."""

import asyncio
import copy
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait

import pytest

from statestore import Span, Timing
from statestore.recording.processes import Recorded, Submission, adopt
from statestore.testing import FakeClock
from tests.recording import workers

# Python 3.12 warns of every fork of a process with threads; that the worker gets on with it is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

KINDS = [kind for kind in ("fork", "spawn", "forkserver") if kind in multiprocessing.get_all_start_methods()]


@pytest.fixture(scope="module", params=KINDS)
def pool(request):
    """A pool of two processes, started in each of the ways that there are."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(request.param)) as pool:
        yield pool


def shape(nodes):
    return {node.name: shape(node.children) for node in nodes}


def test_worker_spans_are_under_the_span_that_submitted_them(pool):
    """The call is a span, and what its process recorded is inside, with times within those of the submitter."""
    timing = Timing()
    with timing.span("fan out") as block:
        futures = [timing.submit(pool, workers.measured, item) for item in range(4)]
        results = [future.result() for future in futures]

    assert [result for result, _ in results] == [0, 2, 4, 6]
    (root,) = timing.tree()
    assert root.id == block.id
    assert [shape([child]) for child in root.children] == [{"measured": {"outer": {"inner": {}}}}] * 4
    assert sorted(node.metadata["item"] for node in root.walk() if node.name == "outer") == [0, 1, 2, 3]
    assert {node.process_id for node in root.walk()} == {os.getpid(), *[worker for _, worker in results]}
    for node in root.walk():
        assert root.started_ns <= node.started_ns <= node.ended_ns <= root.ended_ns
    assert len({span.id for span in timing.spans}) == len(timing.spans)
    assert timing.stats("inner").count == 4


def test_nothing_of_an_earlier_call_comes_with_a_later_one(pool):
    """Each call brings its own spans only."""
    timing = Timing()
    with timing.span("first"):
        timing.submit(pool, workers.measured, 1).result()
    with timing.span("second"):
        timing.submit(pool, workers.plain, 1).result()

    assert shape(timing.tree()) == {"first": {"measured": {"outer": {"inner": {}}}}, "second": {"plain": {}}}


def test_failure_in_a_worker_is_raised_with_its_spans_recorded(pool):
    """The error is the worker's, with the traceback from there; its spans are failed ones."""
    timing = Timing()
    with timing.span("main"):
        future = timing.submit(pool, workers.fails)
        with pytest.raises(KeyError, match="from the worker") as caught:
            future.result()

    assert "workers.py" in str(caught.value.__cause__)
    assert vars(caught.value) == {}
    statuses = {span.name: span.status for span in timing.spans}
    assert statuses == {"main": "ok", "fails": "KeyError", "before the failure": "KeyError"}


def test_metadata_that_cannot_travel_does_not_cost_the_result(pool):
    """It arrives as text."""
    timing = Timing()
    assert timing.submit(pool, workers.with_strange_metadata).result() == "done"

    (strange,) = [span for span in timing.spans if span.name == "strange"]
    assert "lock" in strange.metadata["held"]


def test_timing_can_be_sent_to_a_worker(pool):
    """As an argument: what it records there comes back; a copy within the process is the thing itself."""
    timing = Timing()
    with timing.span("main"):
        assert timing.submit(pool, workers.with_the_senders, timing, 3).result() == 3
        assert timing.submit(pool, workers.with_the_senders, timing, 4).result() == 4

    assert shape(timing.tree()) == {"main": {"with_the_senders": {"by the sender's": {}}}}
    assert [span.metadata["item"] for span in timing.spans if "item" in span.metadata] == [3, 4]
    assert copy.deepcopy(timing) is timing


def test_futures_are_ordinary_ones(pool):
    """They can be waited for together, and awaited."""
    timing = Timing()
    futures = [timing.submit(pool, workers.plain, item) for item in range(3)]
    done, pending = wait(futures, timeout=30)

    async def main():
        return await asyncio.wrap_future(timing.submit(pool, workers.plain, 41))

    assert {future.result() for future in done} == {1, 2, 3}
    assert pending == set()
    assert asyncio.run(main()) == 42


def test_cancelled_work_is_cancelled():
    """What has not begun never begins; its future says so and records nothing."""
    timing = Timing()
    with ProcessPoolExecutor(1) as pool:
        busy = [pool.submit(time.sleep, 0.2) for _ in range(3)]
        future = timing.submit(pool, workers.plain, 1)
        assert future.cancel()
        wait([*busy, future], timeout=30)

    assert future.cancelled()
    assert timing.spans == []


def test_threads_can_be_submitted_to_in_the_same_way():
    """In a pool of threads, the call is a bound and timed one."""
    timing = Timing()
    with ThreadPoolExecutor(2) as pool, timing.span("main"):
        assert timing.submit(pool, workers.plain, 1).result() == 2

    assert shape(timing.tree()) == {"main": {"plain": {}}}


def test_other_pools_can_use_the_parts():
    """`remote` there, `submission` and `receive` here."""
    timing = Timing()
    with multiprocessing.get_context("fork").Pool(1) as pool, timing.span("main"):
        submission = timing.submission()
        recorded = pool.apply_async(timing.remote(workers.measured), (3,)).get(30)
        assert timing.receive(recorded, submission)[0] == 6

    assert shape(timing.tree()) == {"main": {"measured": {"outer": {"inner": {}}}}}


class TestTimeAxis:
    """Times of another process are put on the axis of this one."""

    span = Span(7, None, "work", "function", 5_000, 9_000, process_id=99)

    def test_one_clock_needs_no_shift(self):
        """Where both read the same monotonic clock, times stay as they are, whatever two readings differ by."""
        (span,) = adopt(Recorded(None, [self.span], 1_000_400), Submission(3, 4_000, 1_000_000), 1_000, True)

        assert (span.started_ns, span.ended_ns, span.parent_id, span.process_id) == (4_000, 8_000, 3, 99)

    def test_clocks_apart_are_brought_together_by_the_wall_clock(self):
        """Both know the same wall clock: its distance to each monotonic clock gives theirs."""
        hour = 3_600_000_000_000
        (span,) = adopt(Recorded(None, [self.span], 2 * hour), Submission(3, 4_000, hour), 1_000, True)

        assert span.started_ns == 4_000 + hour

    def test_in_fake_time_work_begins_when_it_was_submitted(self):
        """No other process knows a fake clock; durations stay real."""
        (span,) = adopt(Recorded(None, [self.span], 0), Submission(None, 4_000, 0), 1_000, False)

        assert (span.started_ns, span.elapsed_ns, span.parent_id) == (3_000, 4_000, None)


def test_forked_child_can_record_although_a_thread_held_the_lock():
    """The lock that another thread held when the process forked does not exist in the child."""
    timing = Timing(clock=FakeClock())
    with timing.log._lock:
        child = os.fork()
        if not child:
            with timing.span("in the child"):
                pass
            os._exit(0 if len(timing.spans) == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
