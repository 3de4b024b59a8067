"""The reading API over any recorded past: the one of a run that goes on, and the one in a file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from statestore.errors import ActionError, HistoryError
from statestore.history import questions
from statestore.history.bisecting import bisect
from statestore.history.branches import Branches
from statestore.history.log import Commits
from statestore.history.refs import resolve
from statestore.tree.diff import Diff
from statestore.values import (
    Alert,
    Commit,
    GaugeSample,
    Header,
    MemorySample,
    Milestone,
    Move,
    Path,
    Session,
    Snapshot,
    Span,
)

if TYPE_CHECKING:
    from statestore.history.compare import Comparison


class Past(ABC):
    """Commits, their states, and every question about them.

    A ref is a seq, `head`, `root` (or 0), `head~2`, a snapshot's name, a `Commit` or a `Snapshot`. Whatever takes one
    raises HistoryError where it names nothing, and says what would have been valid.
    """

    @property
    @abstractmethod
    def header(self) -> Header:
        """What the run says about itself."""

    @property
    @abstractmethod
    def sessions(self) -> Sequence[Session]:
        """Which processes recorded what there is, oldest first: of a live run, the one that runs."""

    @property
    @abstractmethod
    def branches(self) -> Branches:
        """Which commit followed which."""

    @property
    @abstractmethod
    def position(self) -> int:
        """The seq at the head, or the root that the head is at."""

    @abstractmethod
    def commit_at(self, seq: int) -> Commit:
        """The commit with that seq."""

    def read(self, run: range) -> Iterator[Commit]:
        """The commits of consecutive seqs, upwards or downwards."""
        return map(self.commit_at, run)

    def read_lazily(self, run: range) -> Iterator[Any]:
        """The same, for those who seldom ask what a commit changed; see `Commits.lazily`."""
        return self.read(run)

    @abstractmethod
    def state_of(self, position: int) -> Any:
        """The state at a seq or root."""

    @property
    @abstractmethod
    def snapshots(self) -> Sequence[Snapshot]:
        """The kept snapshots, oldest first."""

    @property
    @abstractmethod
    def moves(self) -> Sequence[Move]:
        """Where the head went other than by a new action, oldest first."""

    @property
    @abstractmethod
    def spans(self) -> Sequence[Span]:
        """The recorded spans."""

    @property
    @abstractmethod
    def milestones(self) -> Sequence[Milestone]:
        """The recorded milestones."""

    @property
    @abstractmethod
    def samples(self) -> Sequence[MemorySample]:
        """The recorded readings of memory."""

    @property
    @abstractmethod
    def gauges(self) -> Sequence[GaugeSample]:
        """The recorded readings of how the process ran."""

    @property
    @abstractmethod
    def alerts(self) -> Sequence[Alert]:
        """The rules that were broken."""

    @property
    def first(self) -> int:
        """The oldest seq that is remembered."""
        return self.branches.first

    @property
    def newest(self) -> int:
        """The newest seq; less than `first` when there is no commit."""
        return self.branches.newest

    @property
    def root(self) -> int:
        """The root under the head."""
        return self.branches.lineage(self.position)[0]

    def back(self, position: int, steps: int) -> int | None:
        """The position so many commits before another one; None beyond its root."""
        return self.branches.back(position, steps)

    def parent(self, seq: int) -> int:
        """The position that a commit was applied to."""
        return self.branches.parent(seq)

    @property
    def commits(self) -> Sequence[Commit]:
        """All commits that are remembered, of every branch, in the order in which they were made."""
        return Commits(self.read, [range(self.first, self.newest + 1)])

    def __len__(self) -> int:
        return self.newest - self.first + 1

    def __bool__(self) -> bool:
        return True  # an empty history is not nothing

    @property
    def head(self) -> Commit | None:
        """The commit whose state is the state now; None at the root."""
        position = self.position
        return self.commit_at(position) if position >= self.first else None

    @property
    def tips(self) -> Sequence[Commit]:
        """The commits that nothing followed, oldest first: the ends of the branches."""
        return Commits(self.read, [range(tip, tip + 1) for tip in self.branches.tips()])

    def commit(self, ref: Any) -> Commit:
        """The commit that a ref names; HistoryError for the root, which is none."""
        position = resolve(ref, self)
        if position < self.first:
            raise HistoryError(f"{ref!r} names a root, where a state is but no commit; ask state_at for it")
        return self.commit_at(position)

    def lineage(self, ref: Any = "head") -> Commits:
        """The commits that led to a ref, from the first after the root to the commit itself."""
        return Commits(self.read, self.branches.lineage(resolve(ref, self))[1], self.read_lazily)

    def state_at(self, ref: Any) -> Any:
        """The state at a ref. Costs at most a few hundred applied patches, nothing for a neighbour of the last one."""
        return self.state_of(resolve(ref, self))

    def diff(self, a: Any, b: Any) -> Diff:
        """What differs between two states; of neighbours, what their commit recorded, without comparing anything."""
        return questions.diff_between(self, resolve(a, self), resolve(b, self))

    def blame(self, path: Path, ref: Any = "head") -> Commit | None:
        """The last commit on the lineage of a ref that set the path or anything above it; None if none did.

        An element of a list is followed back through insertions, removals and moves of elements, so `path` names it by
        where it is at the ref. Of something that was removed it is the removal. Costs a reading of the commits back to
        the one that is found.
        """
        return questions.blame(self, path, ref)

    def where(self, path: Path, ref: Any = "head") -> list[Commit]:
        """All commits on the lineage of a ref that touched the path, something above it or in it, oldest first."""
        return questions.where(self, path, ref)

    def bisect(self, predicate: Callable[[Any], bool]) -> Commit | None:
        """The first commit on the lineage whose state satisfies the predicate, None if none does.

        As with git, the answer is right where the predicate, once true, stays true. Costs O(log n) states.
        """
        if not callable(predicate):
            raise ActionError(f"bisect takes a function of the state, not {predicate!r}")
        return bisect(self, self.lineage(), lambda state: bool(predicate(state))).first

    def find(
        self,
        type: Any = None,
        payload: Any = None,
        predicate: Callable[[Commit], bool] | None = None,
    ) -> list[Commit]:
        """The commits of every branch that meet all that is given, in order.

        Args:
            type: the action's type, as a text in which `*` stands for anything, or an action creator.
            payload: the action's payload; of a mapping, the entries that it must have.
            predicate: any function of the commit.
        """
        return list(questions.find(self.commits, type, payload, predicate))

    def compare(self, other: Any) -> "Comparison":
        """Lays another past beside this one: where the lineages part, and how the states differ then."""
        from statestore.history.compare import compare  # a question that is seldom asked

        return compare(self, other)
