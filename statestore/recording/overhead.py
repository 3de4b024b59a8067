"""What recording itself costs: counted and measured on this machine, not guessed."""

from collections.abc import Iterable
from time import perf_counter_ns
from typing import Any

import msgspec

from statestore.ports import SystemClock
from statestore.recording.dispatching import record_dispatches
from statestore.recording.series import Series
from statestore.recording.timing import Timing
from statestore.values import Action

# Enough that the clock's own resolution does not matter, few enough that a report does not wait for it: about 5 ms.
_ROUNDS = 5
_PER_ROUND = 500


class Overhead(msgspec.Struct, frozen=True):
    """The time that recording took of a run, in nanoseconds.

    `dispatch_ns` and `block_ns` are what one span costs here and now, measured on a recorder made for that; `filing_ns`
    and `reading_ns` were added up during the run. What observers do with the values, such as a journal, is not in it.
    """

    dispatches: int
    dispatch_ns: float
    blocks: int
    block_ns: float
    filing_ns: int
    reading_ns: int

    @property
    def total_ns(self) -> int:
        """All of it."""
        spans_ns = self.dispatches * self.dispatch_ns + self.blocks * self.block_ns
        return round(spans_ns) + self.filing_ns + self.reading_ns


def measure_overhead(timing: Timing, series: Iterable[Series[Any]] = ()) -> Overhead:
    """What the recorders of a run have cost so far; takes about 5 ms."""
    log = timing.log
    log.distributions()  # files what is pending, so that it is counted
    dispatch_ns, block_ns = _cost_of_one()
    return Overhead(
        dispatches=log.dispatches,
        dispatch_ns=dispatch_ns,
        blocks=log.blocks,
        block_ns=block_ns,
        filing_ns=log.filing_ns,
        reading_ns=sum(each.reading_ns for each in series),
    )


def _cost_of_one() -> tuple[float, float]:
    """What a recorded dispatch costs beyond the dispatch itself, and what a block costs: the best of a few rounds."""
    timing = Timing(clock=SystemClock())
    recorded, action = record_dispatches(timing, _pass), Action("calibration")
    dispatches, blocks = [], []
    for _ in range(_ROUNDS):
        began_ns = perf_counter_ns()
        for _ in range(_PER_ROUND):
            _pass(action)
        passed_ns = perf_counter_ns()
        for _ in range(_PER_ROUND):
            recorded(action)
        recorded_ns = perf_counter_ns()
        for _ in range(_PER_ROUND):
            with timing.span("calibration"):
                pass
        blocks.append(perf_counter_ns() - recorded_ns)
        dispatches.append((recorded_ns - passed_ns) - (passed_ns - began_ns))
    return max(min(dispatches), 0) / _PER_ROUND, min(blocks) / _PER_ROUND


def _pass(action: Action) -> Action:
    return action
