"""A stretch of a lineage, as a person names it: `A..B`, the commits after A up to B, with git's meaning."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from statestore.errors import HistoryError
from statestore.history.log import Commits
from statestore.history.past import Past
from statestore.values import Span


class Stretch(NamedTuple):
    """The commits of a range, and the time from the end of what came before them to the end of the last.

    What is no commit belongs to it by its time: what was measured while another branch was worked on as well.
    """

    commits: Commits
    after_ns: int
    until_ns: int

    def has(self, at_ns: int) -> bool:
        """Whether a moment lies in it."""
        return self.after_ns <= at_ns <= self.until_ns

    def holds(self, span: Span) -> bool:
        """Whether a span made one of its commits, or began and ended in its time without making any."""
        if span.seq is not None:
            return self.commits.has(span.seq)
        return self.has(span.started_ns) and self.has(span.ended_ns)


def stretch(past: Past, text: str) -> Stretch:
    """The commits of `A..B` that are on the lineage of B and not on that of A, oldest first.

    `A..` goes up to the head, `..B` begins at it, and `B` alone at the root. Costs nothing until the commits are read.

    Raises:
        HistoryError: it is no range, or a ref in it names nothing.
    """
    start, end = ends(text)
    lineage = past.lineage(end)
    before = [] if start is None else past.lineage(start).runs
    commits = lineage.after(_last_shared(before, lineage.runs))
    if not len(commits):
        return Stretch(commits, 0, -1)
    first, last = commits[0], commits[-1]
    base = past.commit_at(first.parent) if first.parent >= past.first else None
    return Stretch(
        commits, base.started_ns + base.elapsed_ns if base is not None else 0, last.started_ns + last.elapsed_ns
    )


def ends(text: str) -> tuple[Any, Any]:
    """The two refs of a range; the first is None where it begins at the root.

    Raises:
        HistoryError: there are more than two.
    """
    if ".." not in text:
        return None, text
    start, _, end = text.partition("..")
    if ".." in end or end.startswith(".") or start.endswith("."):
        raise HistoryError(f"{text!r} is no range: one is A..B, the commits after A up to B")
    return start or "head", end or "head"


def _last_shared(one: Sequence[range], other: Sequence[range]) -> int:
    """The newest seq on both lineages; all before it is common to them, as they are ways through one tree."""
    common = [min(a[-1], b[-1]) for a in one for b in other if a and b and max(a.start, b.start) <= min(a[-1], b[-1])]
    return max(common, default=0)
