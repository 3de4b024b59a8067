"""Marks: named moments to measure from and to."""

from threading import get_ident

from statestore.recording.frames import new_id, process_id
from statestore.values import Span

# Marks are set by programs, again and again under the same names; whoever makes up names gets the newest so many.
_MAX_MARKS = 10_000


class Marks:
    """The newest moment of each name, in nanoseconds since the run began."""

    def __init__(self) -> None:
        self._moments: dict[str, int] = {}

    def set(self, name: str, at_ns: int) -> int:
        """Remembers a moment; the name's earlier one is forgotten."""
        self._moments.pop(name, None)
        self._moments[name] = at_ns
        if len(self._moments) > _MAX_MARKS:
            del self._moments[next(iter(self._moments))]
        return at_ns

    def span(self, name: str, from_mark: str, to_mark: str | None, now_ns: int) -> Span:
        """The time between two marks, or from one until now.

        Raises:
            LookupError: there is no such mark.
            ValueError: the second came before the first.
        """
        started_ns = self._at(from_mark)
        ended_ns = now_ns if to_mark is None else self._at(to_mark)
        if ended_ns < started_ns:
            raise ValueError(f"mark {to_mark!r} came before {from_mark!r}: measure from the earlier to the later one")
        return Span(
            new_id(), None, name, "measure", started_ns, ended_ns, process_id=process_id(), thread_id=get_ident()
        )

    def _at(self, name: str) -> int:
        if name not in self._moments:
            known = ", ".join(map(repr, list(self._moments)[-20:])) or "none yet"
            raise LookupError(f"there is no mark {name!r}; there are {known}")
        return self._moments[name]
