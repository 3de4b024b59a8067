"""Timing candidates side by side: interleaved in one run, so that a drift of the machine's speed hits all alike."""

import gc
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter_ns

Candidate = Callable[[], float]
"""Does its work and says how many nanoseconds an operation of it took; what it sets up and clears away is its own."""


def timed(work: Callable[[], int]) -> Candidate:
    """A candidate out of work that says how many operations it was, all of it counted."""

    def run() -> float:
        started = perf_counter_ns()
        operations = work()
        return (perf_counter_ns() - started) / operations

    return run


@dataclass(frozen=True)
class Sample:
    """Nanoseconds an operation: the median of the rounds, with the fastest and the slowest."""

    median_ns: float
    fastest_ns: float
    slowest_ns: float


def time_side_by_side(candidates: Mapping[str, Candidate], rounds: int = 9) -> dict[str, Sample]:
    """Runs each candidate once a round, in turn, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            gc.collect()
            operation_ns = run()
            if number:
                times[name].append(operation_ns)
    return {name: Sample(statistics.median(t), min(t), max(t)) for name, t in times.items()}


def ratio(candidate: Candidate, to: Candidate, rounds: int = 9) -> float:
    """The median of the rounds' ratios of one candidate to another."""
    ratios = []
    for number in range(rounds + 1):
        gc.collect()
        base_ns = to()
        gc.collect()
        operation_ns = candidate()
        if number:
            ratios.append(operation_ns / base_ns)
    return statistics.median(ratios)


def calls_more(candidate: Candidate, than: Candidate, rounds: int) -> float:
    """How many empty Python calls an operation of one candidate costs more than of another, in the median round."""
    more = []
    gc.collect()
    for number in range(rounds + 1):
        base_ns, call_ns, operation_ns = than(), empty_call_ns(), candidate()
        if number:
            more.append((operation_ns - base_ns) / call_ns)
    return statistics.median(more)


def empty_call_ns(calls: int = 10_000) -> float:
    """What calling an empty Python function costs here and now: the unit in which fixed costs are budgeted."""

    def empty() -> None:
        pass

    started = perf_counter_ns()
    for _ in range(calls):
        empty()
    called = perf_counter_ns() - started
    started = perf_counter_ns()
    for _ in range(calls):
        pass
    return (called - (perf_counter_ns() - started)) / calls
