"""`statestore memory FILE`: how much memory the run held, and whether it kept climbing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, file_argument, json_option, range_option
from statestore.cli.output import note, print_json, print_rows
from statestore.cli.records import fields
from statestore.cli.source import opened, selected
from statestore.recording.units import format_bytes, format_ns

if TYPE_CHECKING:
    from statestore.values import MemorySample

COLUMNS = (">at", ">resident", ">since the first", ">heap blocks", ">collector", ">commits", ">history")


@click.command()
@file_argument()
@click.option("--samples", "as_samples", is_flag=True, help="Every reading, instead of what they come to.")
@range_option
@json_option
def memory(file: Place, as_samples: bool, span: str | None, as_json: bool) -> None:
    r"""Says what the readings of memory come to: growth, average, trend, and whether it looks like a leak.

    The trend is the slope of the resident size after the warm-up, by Theil and Sen; it is called steady where it is
    significant, goes on through every part of the run, and does not level off. A leak is a hint, not a proof.

    \b
    Examples:
      statestore memory run.history
      statestore memory run.history --samples
    """
    with opened(file.path) as source:
        chosen = selected(source, file, span)
        samples = [sample for sample in source.samples if chosen is None or chosen.has(sample.at_ns)]
        if not samples:
            note("memory was not read")
        if as_samples:
            print_json(map(fields, samples)) if as_json else print_rows(COLUMNS, _rows(samples))
        elif samples:
            summary = _summary(samples)
            print_json([summary]) if as_json else print_rows(("what", "|value"), _in_words(summary))


def _rows(samples: "Sequence[MemorySample]") -> Iterator[tuple[Any, ...]]:
    for sample in samples:
        yield (
            format_ns(sample.at_ns),
            format_bytes(sample.rss_bytes),
            format_bytes(sample.rss_bytes - samples[0].rss_bytes),
            f"{sample.heap_blocks:,}",
            format_ns(sample.gc_pause_ns),
            f"{sample.history_commits:,}",
            format_bytes(sample.history_bytes),
        )


def _summary(samples: "Sequence[MemorySample]") -> dict[str, Any]:
    from statestore.recording.diagnosis import Evidence, find_leak
    from statestore.recording.memory import average_of, growth_of, trend_of

    trend = trend_of(samples)
    evidence = Evidence(roots=(), stats={}, duration_ns=samples[-1].at_ns, samples=samples)
    return {
        "readings": len(samples),
        "first": fields(samples[0]),
        "last": fields(samples[-1]),
        "peak_bytes": max(sample.rss_bytes for sample in samples),
        "growth": fields(growth_of(samples)),
        "average": fields(average_of(samples)),
        "trend": {**fields(trend), "confidence": trend.confidence},
        "leak_hint": next((finding.sentence for finding in find_leak(evidence)), None),
    }


def _in_words(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    growth, trend = summary["growth"], summary["trend"]
    yield "readings", f"{summary['readings']:,}"
    for name in ("first", "last", "average"):
        yield name, format_bytes(summary[name]["rss_bytes"])
    yield "peak", format_bytes(summary["peak_bytes"])
    yield "growth", f"{format_bytes(growth['rss_bytes'])}, {growth['heap_blocks']:+,} heap blocks"
    yield "of it the history", format_bytes(growth["history_bytes"])
    slopes = [f"{format_bytes(trend[name])}/s" for name in ("slope", "low", "high")]
    steady = "steady" if trend["is_steady"] else "not steady"
    yield "trend", f"{slopes[0]} (between {slopes[1]} and {slopes[2]}), p = {trend['p_value']:.2g}, {steady}"
    yield "leak", summary["leak_hint"] or "no hint of one"
