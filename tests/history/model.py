"""A history as naive as can be: every state is a deep copy, and every question is answered by looking at them all."""

import copy
from dataclasses import dataclass, field
from typing import Any

from statestore.values import Action

RESUMED, SQUASHED, PATCHED = "@@statestore/resume", "@@statestore/squash", "@@statestore/apply"


class BrokenError(Exception):
    """What the reducer raises when it is told to."""


def reduce_plainly(state: dict[str, Any], action: Action, version: int) -> None:
    """Edits plain data in place, as the slice of the tests edits its draft; `version` 2 counts twice as fast."""
    payload = action.payload
    match action.type.removeprefix("board/"):
        case "put":
            state["tasks"][payload["key"]] = {"status": payload["status"], "by": version}
        case "drop":
            state["tasks"].pop(payload["key"], None)
        case "insert":
            state["order"].insert(min(payload["at"], len(state["order"])), payload["item"])
        case "remove":
            if state["order"]:
                del state["order"][payload["at"] % len(state["order"])]
        case "lane":
            state["lanes"].insert(min(payload["at"], len(state["lanes"])), {"filled": 0})
        case "fill":
            if state["lanes"]:
                state["lanes"][payload["at"] % len(state["lanes"])]["filled"] += version
        case "move":
            if state["lanes"]:
                lane = state["lanes"].pop(payload["at"] % len(state["lanes"]))
                state["lanes"].insert(payload["to"], lane)
        case "count":
            state["count"] += version
        case "select":
            state["selected"] = payload["item"]
        case "@@statestore/apply":
            for op, path, value in payload["patches"]:
                patch_plainly(state, op, path, value)
        case "fail":
            state["count"] += 100
            if state["count"] % 2 == payload["parity"]:
                raise BrokenError("told to")


def patch_plainly(state: dict[str, Any], op: str, path: list[str], value: Any) -> None:
    """Replaces or removes a part of the state; raises where there is none."""
    for depth, key in enumerate(path):
        if key not in state:
            raise BrokenError(f"nothing at {path}")
        if depth < len(path) - 1:
            state = state[key]
    if op == "replace":
        state[key] = value
    else:
        del state[key]


@dataclass
class Node:
    """A commit of the model."""

    parent: int
    action: Action
    state: Any
    changed: bool
    group: int | None = None
    version: int = 1
    """Of the reducer that made it."""


@dataclass
class Model:
    """The naive history."""

    state: Any
    limit: int | None = None
    undoable: Any = None
    max_snapshots: int = 3
    version: int = 1
    nodes: dict[int, Node] = field(default_factory=dict)
    head: int = 0
    seq: int = 0
    forgotten: int = 0
    """The newest seq at the last clear."""
    roots: dict[int, Any] = field(default_factory=dict)
    trail: list[int] = field(default_factory=list)
    undone: list[tuple[int, int]] = field(default_factory=list)
    snapshots: list[tuple[int, str, int, Any]] = field(default_factory=list)
    made: int = 0
    paused: Any = None

    def __post_init__(self) -> None:
        self.roots[0] = copy.deepcopy(self.state)

    # Looking

    @property
    def first(self) -> int:
        """The oldest seq that is remembered."""
        first = self.forgotten + 1
        return first if self.limit is None else max(first, self.seq - self.limit + 1)

    def at(self, position: int) -> Any:
        """The state at a position."""
        return self.nodes[position].state if position in self.nodes else self.roots[position]

    def lineage(self, position: int) -> list[int]:
        """The seqs from the root to a position."""
        line = []
        while position >= self.first:
            line.append(position)
            position = self.nodes[position].parent
        return line[::-1]

    def root_of(self, position: int) -> int:
        """The root under a position."""
        while position >= self.first:
            position = self.nodes[position].parent
        return position

    def tips(self) -> list[int]:
        """The seqs without children."""
        parents = {node.parent for seq, node in self.nodes.items() if seq >= self.first}
        return [seq for seq in range(self.first, self.seq + 1) if seq not in parents]

    def descends(self, seq: int, position: int) -> bool:
        """Whether the one is made, directly or not, on the other."""
        return seq != position and (position in self.lineage(seq) or position == self.root_of(seq))

    # Stepping

    def _is_stop(self, position: int, line: list[int]) -> bool:
        later = [seq for seq in line if seq > position]
        for group in {self.nodes[seq].group for seq in later} - {None}:
            if group <= position:
                return False
        if position < self.first or self.undoable is None:
            return True
        group = self.nodes[position].group
        at = position
        while at >= self.first:
            if self.undoable(self.nodes[at].action):
                return True
            at = self.nodes[at].parent
            if group is None or at < self.first or self.nodes[at].group != group:
                return False
        return False

    def stop_before(self, position: int) -> int | None:
        """Where undo leads."""
        line = self.lineage(position)
        for candidate in reversed([self.root_of(position), *line[:-1]] if line else []):
            if self.at(candidate) != self.at(position) and self._is_stop(candidate, line):
                return candidate
        return None

    def stop_after(self, position: int, undone: list[tuple[int, int]]) -> int | None:
        """Where redo leads: back over the last undo; else to the last stop back from where a branch was left."""
        origin = position
        while origin >= self.first and not self.nodes[origin].changed:
            origin = self.nodes[origin].parent
        if undone:
            to, start = undone[-1]
            if start >= self.first and origin <= to <= position and (to == position or self.descends(position, to)):
                return start
        for visited in reversed(self.trail):
            if visited >= self.first and self.descends(visited, origin):
                stop = self._last_stop_behind(visited, origin)
                if stop is not None:
                    return stop
        return None

    def _last_stop_behind(self, end: int, origin: int) -> int | None:
        found, stop = None, end
        while stop is not None and stop > origin:
            if self.at(stop) != self.at(origin):
                found = stop
            stop = self.stop_before(stop)
        return found

    # Changing

    def run(self, state: Any, node_or_action: Any) -> tuple[Any, bool]:
        """The state that follows, and whether the action failed."""
        new = copy.deepcopy(state)
        try:
            reduce_plainly(new, node_or_action, self.version)
        except BrokenError:
            return state, True
        return (state if new == state else new), False

    def dispatch(self, action: Action, group: int | None = None) -> bool:
        """Applies an action; says whether the reducer raised."""
        new, failed = self.run(self.state, action)
        if failed:
            return False
        changed = new is not self.state
        self.state = new
        if self.paused is None:
            self.add(self.head, action, new, changed, group)
            self.visit(self.seq)
            if changed:
                self.undone.clear()
        return True

    def add(self, parent: int, action: Action, state: Any, changed: bool, group: int | None = None) -> int:
        """One more commit."""
        self.seq += 1
        self.nodes[self.seq] = Node(parent, action, copy.deepcopy(state), changed, group, self.version)
        return self.seq

    def visit(self, position: int) -> None:
        """The head is there now."""
        self.head = position
        self.state = self.at(position)

    def travel(self, position: int, undone: list[tuple[int, int]]) -> None:
        """A move; what is left is where a branch was visited last."""
        if position != self.head:
            self.undone = undone
            self.trail.append(self.head)
            self.visit(position)

    def undo(self, steps: int) -> bool:
        """As the history's."""
        position, taken = self.head, []
        for _ in range(steps):
            stop = self.stop_before(position)
            if stop is None:
                return False
            taken.append((stop, position))
            position = stop
        self.travel(position, self.undone + taken)
        return True

    def redo(self, steps: int) -> bool:
        """As the history's."""
        position, undone = self.head, list(self.undone)
        for _ in range(steps):
            stop = self.stop_after(position, undone)
            if stop is None:
                return False
            position = stop
            del undone[-1:]
        self.travel(position, undone)
        return True

    def rewrite(self, fork: int, entries: list[tuple[Action, int | None]]) -> None:
        """Runs the entries on the fork and goes there."""
        state, parent, groups = self.at(fork), fork, {}
        for action, origin in entries:
            node = self.nodes[origin] if origin is not None else None
            group = node.group if node is not None else None
            if group is not None:
                group = groups.setdefault(group, group if group <= fork else self.seq + 1)
            new, _ = self.run(state, action)
            parent = self.add(parent, action, new, new is not state, group)
            state = new
        self.travel(parent, [])

    def squash(self) -> None:
        """As the history's."""
        root = self.root_of(self.head)
        if self.head != root:
            self.travel(self.add(root, Action(SQUASHED), self.state, self.at(root) != self.state), [])

    def clear(self) -> None:
        """As the history's."""
        self.roots = {self.head: copy.deepcopy(self.state)}
        self.nodes, self.trail, self.undone, self.snapshots = {}, [], [], []
        self.forgotten = self.seq

    def snapshot(self, name: str) -> None:
        """As the history's."""
        self.made += 1
        self.snapshots.append((self.made, name, self.head, copy.deepcopy(self.state)))
        del self.snapshots[: -self.max_snapshots]
