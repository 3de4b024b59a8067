"""The course of a run: its milestones, snapshots, moves and alerts in one line of time."""

from collections.abc import Iterator
from typing import NamedTuple

from statestore.ports import Source


class Moment(NamedTuple):
    """Something that happened: `kind` is milestone, snapshot, alert or the move's own; `seq` the commit it is about."""

    at_ns: int
    kind: str
    name: str
    seq: int | None


def timeline(source: Source) -> list[Moment]:
    """All moments, the first one first; costs a reading of what was observed, not of the commits."""
    return sorted(_moments(source), key=lambda moment: moment.at_ns)


def _moments(source: Source) -> Iterator[Moment]:
    for milestone in source.milestones:
        yield Moment(milestone.at_ns, "milestone", milestone.name, milestone.seq)
    for snapshot in source.snapshots:
        yield Moment(snapshot.at_ns, "snapshot", snapshot.name, snapshot.seq)
    for move in source.moves:
        yield Moment(move.at_ns, move.kind, f"{move.from_seq} to {move.to_seq}", move.to_seq)
    for alert in source.alerts:
        yield Moment(alert.at_ns, "alert", alert.sentence, None)
