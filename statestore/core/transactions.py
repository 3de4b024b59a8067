"""All or nothing: what a transaction holds back until it succeeds, and what it puts back when it fails."""

import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

from statestore.errors import DispatchError
from statestore.values import Commit


@dataclass(slots=True, eq=False)
class Group:
    """Commits of one store that are one step; the seq of the first of them is the group's id."""

    owner: object
    label: str
    around: "Group | None"
    first_seq: int | None = None

    def take(self, seq: int) -> int:
        """Takes in the commit with that seq; gives the id."""
        if self.first_seq is None or self.first_seq >= seq:  # there was none, or it was rolled back
            self.first_seq = seq
        return self.first_seq


GROUP: ContextVar[Group | None] = ContextVar("statestore_group", default=None)
"""The groups that are open in this context, the innermost; for `store.grouping`."""


def group_of(owner: object) -> Group | None:
    """The group of that store that is open in this context."""
    group = GROUP.get()
    while group is not None and group.owner is not owner:
        group = group.around
    return group


def current_task() -> Any:
    """The asyncio task that runs here, or None outside of a loop."""
    # Who runs in a loop has imported asyncio; nobody else pays for loading it.
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.current_task() if asyncio is not None else None
    except RuntimeError:
        return None


@dataclass(slots=True)
class Transaction:
    """The working state of a transaction, seen by its own thread and task only."""

    label: str
    state: Any
    head: int
    seq: int
    first_seq: int
    thread: int = field(default_factory=get_ident)
    task: Any = field(default_factory=current_task)
    pending: list[Commit] = field(default_factory=list)

    def add(self, commit: Commit, state: Any) -> None:
        """Holds back a commit, whose state is the working state from now on."""
        self.pending.append(commit)
        self.state = state

    def is_here(self) -> bool:
        """Whether the caller is the thread and task that began the transaction."""
        return self.thread == get_ident() and self.task is current_task()

    def check_owner(self) -> None:
        """Refuses another task of the same thread, which the lock cannot keep out."""
        if not self.is_here():
            raise DispatchError(
                f"transaction {self.label!r} is open in another task; it holds the store, so nothing else may dispatch "
                "while it awaits: end the transaction before the await"
            )

    def savepoint(self) -> "Savepoint":
        """What to go back to if the nested transaction that begins here fails."""
        return Savepoint(self.state, self.head, self.seq, len(self.pending))

    def restore(self, savepoint: "Savepoint") -> None:
        """Goes back to where the savepoint was taken."""
        self.state, self.head, self.seq = savepoint.state, savepoint.head, savepoint.seq
        del self.pending[savepoint.pending :]


@dataclass(frozen=True, slots=True)
class Savepoint:
    """Where a nested transaction began."""

    state: Any
    head: int
    seq: int
    pending: int
