"""Two runs side by side: where they part, and what came of it."""

from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any

from statestore.errors import ActionError
from statestore.ports import Source
from statestore.tree.diff import Diff, diff
from statestore.tree.equality import same
from statestore.values import Change, Commit


@dataclass(frozen=True)
class Comparison:
    """How two lineages relate; true when they differ.

    `common` counts the commits that they share; `left` and `right` are the first that differ, None where a lineage
    ends.
    """

    one: Source
    other: Source
    common: int
    left: Commit | None
    right: Commit | None
    roots: Diff

    def __bool__(self) -> bool:
        return bool(self.roots) or self.left is not None or self.right is not None

    @cached_property
    def parting(self) -> Diff:
        """How the states differ after the first commits that differ."""
        return diff(self.one.state_at(self.left or "head"), self.other.state_at(self.right or "head"))

    @cached_property
    def diff(self) -> Diff:
        """How the states at the two heads differ."""
        return diff(self.one.state_at("head"), self.other.state_at("head"))

    def __str__(self) -> str:
        if self.roots:
            return f"they begin with different states:\n{self.roots}"
        if not self:
            return f"no difference in {self.common} commits"
        return (
            f"the same for {self.common} commits, then\n"
            f"  left:  {_describe(self.left)}\n  right: {_describe(self.right)}\n"
            f"after which the states differ by\n{self.parting}"
        )


def compare(one: Source, other: Source) -> Comparison:
    """Finds the first commit, on the lineages of the two heads, whose action or changes differ.

    Times and seqs do not count: two runs of one program are the same. Reads both lineages up to there.
    """
    for given in (one, other):
        check_source(given, "compare")
    roots = diff(one.state_at("root"), other.state_at("root"))
    common = 0
    for left, right in zip_longest(one.lineage(), other.lineage()):
        if left is None or right is None or not _alike(left, right):
            return Comparison(one, other, common, left, right, roots)
        common += 1
    return Comparison(one, other, common, None, None, roots)


def check_source(given: Any, asker: str) -> Source:
    """What was given, if it can be asked as a history can."""
    if not hasattr(given, "lineage") or not hasattr(given, "state_at"):
        raise ActionError(f"{asker} takes a history or an opened file, not {given!r}")
    return given  # type: ignore[no-any-return]


def _alike(left: Commit, right: Commit) -> bool:
    return left.action == right.action and same_changes(left.changes, right.changes)


def same_changes(left: tuple[Change, ...], right: tuple[Change, ...]) -> bool:
    """Whether two commits changed the same; values are compared as strictly as state is."""
    if len(left) != len(right):
        return False
    return all(
        a[0] == b[0] and a[1] == b[1] and same(a[2], b[2]) and same(a[3], b[3])
        for a, b in zip(left, right, strict=True)
    )


def _describe(commit: Commit | None) -> str:
    if commit is None:
        return "ends here"
    payload: Any = commit.action.payload
    return f"{commit.seq} {commit.action.type} {payload if payload is not None else ''}".rstrip()
