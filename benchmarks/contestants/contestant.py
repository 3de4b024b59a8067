"""What a contestant is: one way to keep a state and what happened to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.steps import Step


class Contestant:
    """One way to keep a state. What it cannot do it leaves as it is here, and its place in a table stays empty.

    Args:
        folder: where it may keep files.
    """

    name: ClassVar[str]
    group: ClassVar[str]
    needs: ClassVar[Sequence[str]] = ()
    """The distributions that it is about, by the names under which they are installed."""
    workloads: ClassVar[Sequence[str]] = ("mapping", "list", "churn", "tasks")
    records: ClassVar[bool] = True
    """Whether it keeps what happened, so that every earlier state can be had again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def stored(self) -> Path | None:
        """The file that it writes."""
        return None

    def begin(self, state: dict[str, Any]) -> None:
        """Takes the first state, plain data of its own."""
        raise NotImplementedError

    def act(self, step: Step) -> None:
        """Does one step: this is what is timed."""
        raise NotImplementedError

    def state(self) -> Any:
        """The state now, as plain data."""
        raise NotImplementedError

    def undo(self) -> None:
        """Takes the last step back."""
        raise NotImplementedError

    def jump(self, steps: int) -> None:
        """Goes to the state after so many steps."""
        raise NotImplementedError

    def skip(self, index: int) -> None:
        """Makes the state as it would be had the step at that index not been done."""
        raise NotImplementedError

    def finish(self) -> None:
        """Closes what is open, so that all is in the file."""

    def reopen(self, steps: int) -> Any:
        """Reads the file as another process would, and gives the state after so many steps, as plain data."""
        raise NotImplementedError
