"""The order of the work: which tasks can be done now."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter


class Agenda:
    """Which tasks can be done now: those whose needs are settled, the ones that came free last before the others.

    So a package is finished soon after its last module, and not when every module of every package is through.
    """

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        self._sorter = TopologicalSorter(needs)
        self._sorter.prepare()
        self._ready = list(reversed(self._sorter.get_ready()))

    def __bool__(self) -> bool:
        return bool(self._ready)

    def take(self, most: int = 1) -> list[str]:
        """Hands out up to that many tasks."""
        return [self._ready.pop() for _ in range(min(most, len(self._ready)))]

    def settle(self, names: Iterable[str]) -> None:
        """Frees the tasks that needed nothing else than these."""
        self._sorter.done(*names)
        self._ready += self._sorter.get_ready()
