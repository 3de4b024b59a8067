"""`statestore compare A B`: two runs side by side, what they did, how long it took, and how much memory it held."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from statestore.cli.arguments import Place, PlaceType, json_option
from statestore.cli.output import print_json, print_lines, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import as_record, fields
from statestore.cli.source import opened
from statestore.cli.text import clean
from statestore.recording.units import format_bytes, format_ns

if TYPE_CHECKING:
    from statestore.history.compare import Comparison
    from statestore.history.file import HistoryFile
    from statestore.recording.shift import Shift
    from statestore.recording.stats import Distribution, Stats

DIFFERENT: Final = 1
COLUMNS: Final = ("name", ">count A", ">count B", ">median A", ">median B", ">B/A", ">delta", "size", ">p")
_MEMORY: Final = ("memory", ">A", ">B", ">B - A")


class Timed(NamedTuple):
    """One name in both runs; None where a run does not have it."""

    name: str
    one: "Stats | None"
    other: "Stats | None"
    shift: "Shift | None"

    def is_beyond(self, factor: float) -> bool:
        """Whether it takes longer or less by more than this factor, and not by chance."""
        shift = self.shift
        return shift is not None and shift.is_significant and not 1 / factor <= shift.ratio <= factor


@click.command()
@click.argument("a", type=PlaceType(takes_ref=False), metavar="A")
@click.argument("b", type=PlaceType(takes_ref=False), metavar="B")
@click.option("--times", is_flag=True, help="Another time is a difference too, if it is significant.")
@click.option("--threshold", type=click.FloatRange(min=1), metavar="X", help="As --times, for more than X times only.")
@json_option
def compare(a: Place, b: Place, times: bool, threshold: float | None, as_json: bool) -> int:
    r"""Lays run B beside run A: where their actions part, how long things took by name, and memory.

    B/A is how many times as long B takes, by the pairs of all durations (Hodges and Lehmann). delta is Cliff's, the
    share of pairs in which B takes longer less that in which it takes less; p is that of Mann and Whitney's test, by
    Holm for as many names as there are.

    Exit status 1 says that actions or states differ. Times are another matter in every run, and count with --times or
    --threshold only.

    \b
    Examples:
      statestore compare run.history other.history
      statestore compare run.history other.history --threshold 1.5
    """
    with opened(a.path) as one, opened(b.path) as other:
        comparison = one.compare(other)
        timed = list(_time(_collect(one), _collect(other)))
        memory = [_memory(one), _memory(other)]
        print_json(_records(comparison, timed, memory)) if as_json else _print(comparison, timed, memory)
    slower = (times or threshold is not None) and any(name.is_beyond(threshold or 1) for name in timed)
    return DIFFERENT if comparison or slower else 0


def _collect(source: "HistoryFile") -> "dict[str, Distribution]":
    from statestore.recording.tally import tally_actions, tally_spans

    if not source.spans:
        return tally_actions(progress(source.commits, len(source.commits), "reading commits"))
    return tally_spans(progress(source.spans, len(source.spans), "reading spans"))


def _time(one: "dict[str, Distribution]", other: "dict[str, Distribution]") -> Iterator[Timed]:
    """The names, those that took most time in either run first."""
    from statestore.recording.shift import measure_shifts
    from statestore.recording.tally import stats_of

    ours, theirs, shifts = stats_of(one), stats_of(other), measure_shifts(one, other)
    names = {name: stats.total_ns for name, stats in ours.items()}
    for name, stats in theirs.items():
        names[name] = max(names.get(name, 0), stats.total_ns)
    for name in sorted(names, key=lambda name: -names[name]):
        yield Timed(name, ours.get(name), theirs.get(name), shifts.get(name))


def _memory(source: "HistoryFile") -> dict[str, int] | None:
    from statestore.recording.memory import average_of, growth_of

    samples = list(source.samples)
    if not samples:
        return None
    return {
        "peak_bytes": max(sample.rss_bytes for sample in samples),
        "average_bytes": average_of(samples).rss_bytes,
        "growth_bytes": growth_of(samples).rss_bytes,
    }


def _records(comparison: "Comparison", timed: list[Timed], memory: list[dict[str, int] | None]) -> Iterator[Any]:
    left, right = [commit and as_record(commit) for commit in (comparison.left, comparison.right)]
    roots = bool(comparison.roots)
    yield {"kind": "actions", "common": comparison.common, "a": left, "b": right, "begin_differently": roots}
    for name in timed:
        one, other, shift = [value and fields(value) for value in name[1:]]
        yield {"kind": "times", "name": name.name, "a": one, "b": other, "shift": shift}
    yield {"kind": "memory", "a": memory[0], "b": memory[1]}


def _print(comparison: "Comparison", timed: list[Timed], memory: list[dict[str, int] | None]) -> None:
    print_lines(map(clean, str(comparison).splitlines()))
    if timed:
        print_lines([""])
        print_rows(COLUMNS, map(_row, timed))
    one, other = memory
    if one and other:
        print_lines([""])
        print_rows(_MEMORY, _memory_rows(one, other))


def _row(name: Timed) -> tuple[Any, ...]:
    both, shift = (name.one, name.other), name.shift
    counts = [stats.count if stats else 0 for stats in both]
    medians = [format_ns(stats.median_ns) if stats else "-" for stats in both]
    if shift is None:
        return (name.name, *counts, *medians, "-", "-", "-", "-")
    ratio = f"{shift.ratio:.2f}"
    if shift.is_significant and shift.size != "negligible":
        ratio = click.style(ratio, fg="red" if shift.ratio > 1 else "green")
    return (name.name, *counts, *medians, ratio, f"{shift.delta:+.2f}", shift.size, f"{shift.p_value:.2g}")


def _memory_rows(one: dict[str, int], other: dict[str, int]) -> Iterator[tuple[str, ...]]:
    for what, size in one.items():
        change = other[what] - size
        yield (
            what.removesuffix("_bytes"),
            format_bytes(size),
            format_bytes(other[what]),
            f"{'+' if change > 0 else ''}{format_bytes(change)}",
        )
