"""Where the time went by stack of names: each span under its parent's, with the time in which none of its own ran."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any, Final

import msgspec

from statestore.exporters.lanes import valid
from statestore.exporters.sorting import Sorter
from statestore.ports import Source

# Names are made by programs (`f"item {i}"`): beyond so many stacks, 30 MB of them, the rest goes under one name.
STACKS: Final = 100_000
OTHER: Final = "(other names)"


class Stacks:
    """Stacks of names, each known by a number, and what stands on which; 0 is the empty one."""

    def __init__(self, limit: int = STACKS) -> None:
        self.names: list[str] = [""]
        self.below: list[int] = [0]
        self._limit = limit
        self._numbers: dict[tuple[int, str], int] = {}

    def push(self, stack: int, name: str) -> int:
        """The stack with one name more on it."""
        number = self._numbers.get((stack, name))
        if number is not None:
            return number
        if len(self.names) > self._limit:
            return self._numbers.get((stack, OTHER)) or self._crowd(stack)
        return self._add(stack, name)

    def _crowd(self, stack: int) -> int:
        # One more for each stack that there is, and none on those.
        return stack if self.names[stack] == OTHER else self._add(stack, OTHER)

    def _add(self, stack: int, name: str) -> int:
        self._numbers[stack, name] = number = len(self.names)
        self.names.append(name)
        self.below.append(stack)
        return number

    def path(self, stack: int) -> list[str]:
        """The names, outermost first."""
        names = []
        while stack:
            names.append(self.names[stack])
            stack = self.below[stack]
        return names[::-1]


class _Node(msgspec.Struct, array_like=True, gc=False):
    """A span, and what is found out about its children: how long they ran, and when the last one started."""

    id: int
    parent_id: int | None
    started_ns: int
    ended_ns: int
    name: str
    own_ns: int = 0
    last_ns: int | None = None


_start: Callable[[_Node], Any] = lambda node: (node.started_ns, node.id)  # noqa: E731
_by_id: Callable[[_Node], Any] = lambda node: (node.id, node.started_ns)  # noqa: E731
_by_parent: Callable[[_Node], Any] = lambda node: (node.parent_id, node.started_ns, node.id)  # noqa: E731
_weigh: Callable[[_Node], int] = lambda node: len(node.name)  # noqa: E731


def own_times(source: Source, stacks: Stacks) -> Iterator[tuple[int, int]]:
    """For every span its stack, by parents across threads and tasks, and its own time in nanoseconds.

    Own time is what no child covers; children that overlap count once. A parent is the last span of that id that
    started before, as ids begin anew when a run is resumed; a span without one stands alone. Bounded in memory: what
    is held is the spans that still have children to come.
    """
    with Sorter(_Node, _start, _weigh) as in_time:
        _join(source, in_time)
        yield from _climb(in_time, stacks)


def _join(source: Source, in_time: Sorter[_Node]) -> None:
    """Puts to each span what its children cover."""
    with Sorter(_Node, _by_id, _weigh) as parents, Sorter(_Node, _by_parent, lambda _: 0) as children:
        for span in source.spans:
            ended_ns = max(span.started_ns, span.ended_ns)
            parents.add(_Node(span.id, span.parent_id, span.started_ns, ended_ns, valid(span.name)))
            if span.parent_id is not None:
                children.add(_Node(span.id, span.parent_id, span.started_ns, ended_ns, ""))
        coming = _Children(children.items())
        earlier: _Node | None = None
        for node in parents.items():
            if earlier is not None:
                coming.cover(earlier, until=node)
                in_time.add(earlier)
            earlier = node
        if earlier is not None:
            coming.cover(earlier, until=None)
            in_time.add(earlier)


class _Children:
    """Children by parent and start, handed out to the parents in the same order."""

    def __init__(self, children: Iterator[_Node]) -> None:
        self._children = children
        self._next = next(children, None)

    def cover(self, parent: _Node, until: _Node | None) -> None:
        """Takes the children of a parent; `until` is the next span, which may have the same id."""
        limit = _start(until) if until is not None and until.id == parent.id else None
        covered, reached = 0, parent.started_ns
        child = self._next
        while child is not None and child.parent_id <= parent.id:  # type: ignore[operator]  # not None: they have parents
            if limit is not None and child.parent_id == parent.id and _start(child) > limit:
                break
            if child.parent_id == parent.id and _start(child) > _start(parent):
                parent.last_ns = child.started_ns
                start, end = max(child.started_ns, reached), min(child.ended_ns, parent.ended_ns)
                if end > start:
                    covered, reached = covered + end - start, end
            child = next(self._children, None)
        self._next = child
        parent.own_ns = parent.ended_ns - parent.started_ns - covered


def _climb(nodes: Sorter[_Node], stacks: Stacks) -> Iterator[tuple[int, int]]:
    expecting: dict[int | None, int] = {}
    leaving: list[tuple[int, int]] = []
    last: dict[int, int] = {}
    for node in nodes.items():
        while leaving and leaving[0][0] < node.started_ns:
            at_ns, ended = heappop(leaving)
            if last.get(ended) == at_ns:
                del last[ended], expecting[ended]
        stack = stacks.push(expecting.get(node.parent_id, 0), node.name)
        # A span of the same id that comes later is the parent from then on, also if it has no children.
        if node.last_ns is not None:
            expecting[node.id], last[node.id] = stack, node.last_ns
            heappush(leaving, (node.last_ns, node.id))
        else:
            expecting.pop(node.id, None)
            last.pop(node.id, None)
        yield stack, node.own_ns
