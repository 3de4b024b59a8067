"""Statistics by name from a stream of spans or commits, as from a file: in the memory of the distributions alone."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from statestore.recording.stats import Distribution, Stats
from statestore.values import Commit, Span

# Durations are put into a distribution so many at a time, at a tenth of the cost of one by one.
_TOGETHER: Final = 1_024


def tally_spans(spans: Iterable[Span]) -> dict[str, Distribution]:
    """The durations of spans, by their names."""
    return tally((span.name, span.elapsed_ns) for span in spans)


def tally_actions(commits: Iterable[Commit]) -> dict[str, Distribution]:
    """The times that the reducer took, by type of action."""
    return tally((commit.action.type, commit.elapsed_ns) for commit in commits)


def tally(durations: Iterable[tuple[str, int]]) -> dict[str, Distribution]:
    """The distributions of durations in nanoseconds, by name."""
    found: defaultdict[str, Distribution] = defaultdict(Distribution)
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for name, elapsed_ns in durations:
        bucket = waiting[name]
        bucket.append(elapsed_ns)
        if len(bucket) >= _TOGETHER:
            found[name].extend(bucket)
            bucket.clear()
    for name, bucket in waiting.items():
        found[name].extend(bucket)
    return dict(found)


def stats_of(distributions: dict[str, Distribution]) -> dict[str, Stats]:
    """The statistics of distributions, the name that took most time first."""
    known = {name: stats for name, one in distributions.items() if (stats := one.stats()) is not None}
    return dict(sorted(known.items(), key=lambda item: -item[1].total_ns))
