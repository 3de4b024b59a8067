"""What the work itself costs: plain data edited in place, and the persistent structures by hand."""

from typing import Any

from benchmarks.contestants.contestant import Contestant
from benchmarks.steps import Step, change

GROUP = "floors"


class InPlace(Contestant):
    """A dict that is edited."""

    name, group, records = "dict in place", GROUP, False

    def begin(self, state: dict[str, Any]) -> None:
        self._state = state

    def act(self, step: Step) -> None:
        change(self._state, step)

    def state(self) -> Any:
        return self._state


class PatchLog(InPlace):
    """A dict that is edited, with what it takes to edit it back kept in a list."""

    name, records = "dict in place, patch log", True
    workloads = ("mapping", "tasks")

    def begin(self, state: dict[str, Any]) -> None:
        super().begin(state)
        self._log: list[tuple[Step, str]] = []

    def act(self, step: Step) -> None:
        _, task, status = step
        edited = self._state["tasks"][task]
        self._log.append((step, edited["status"]))
        edited["status"] = status

    def undo(self) -> None:
        (_, task, _), before = self._log.pop()
        self._state["tasks"][task]["status"] = before

    def jump(self, steps: int) -> None:
        while len(self._log) > steps:
            self.undo()


class ByHand(Contestant):
    """A persistent structure, every version replaced by the next one."""

    group, records = GROUP, False

    def begin(self, state: dict[str, Any]) -> None:
        self._state = self.freeze(state)

    def state(self) -> Any:
        return self.thaw(self._state)

    def freeze(self, value: Any) -> Any:
        """Plain data in this structure."""
        raise NotImplementedError

    def thaw(self, value: Any) -> Any:
        """This structure as plain data."""
        return {key: self.thaw(part) for key, part in value.items()} if hasattr(value, "items") else value


class Pyrsistent(ByHand):
    """pyrsistent's PMap and PVector."""

    name, needs = "pyrsistent by hand", ("pyrsistent",)

    def freeze(self, value: Any) -> Any:
        from pyrsistent import freeze

        return freeze(value)

    def thaw(self, value: Any) -> Any:
        from pyrsistent import thaw

        return thaw(value)

    def act(self, step: Step) -> None:
        kind, at, state = step[0], step[1], self._state
        tasks = state["tasks"]
        if kind == "set":
            tasks = tasks.set(at, tasks[at].set("status", step[2]))
        elif kind == "add":
            tasks = tasks.set(at, self.freeze({"title": step[2], "status": "planned"}))
        elif kind == "drop":
            tasks = tasks.remove(at)
        elif kind == "insert":
            tasks = tasks[:at].append(self.freeze({"title": step[2], "status": "planned"})).extend(tasks[at:])
        else:
            tasks = tasks.delete(at)
        self._state = state.set("tasks", tasks)


class Immutables(ByHand):
    """`immutables.Map`, which is about mappings only."""

    name, needs = "immutables.Map by hand", ("immutables",)
    workloads = ("mapping", "churn", "tasks")

    def freeze(self, value: Any) -> Any:
        from immutables import Map

        return Map({key: self.freeze(part) for key, part in value.items()}) if isinstance(value, dict) else value

    def act(self, step: Step) -> None:
        kind, at, state = step[0], step[1], self._state
        tasks = state["tasks"]
        if kind == "set":
            tasks = tasks.set(at, tasks[at].set("status", step[2]))
        elif kind == "add":
            tasks = tasks.set(at, self.freeze({"title": step[2], "status": "planned"}))
        else:
            tasks = tasks.delete(at)
        self._state = state.set("tasks", tasks)


class Rpds(ByHand):
    """rpds, persistent structures in Rust: its HashTrieMap."""

    name, needs = "rpds by hand", ("rpds-py",)
    workloads = ("mapping", "churn", "tasks")

    def freeze(self, value: Any) -> Any:
        from rpds import HashTrieMap

        if not isinstance(value, dict):
            return value
        return HashTrieMap({key: self.freeze(part) for key, part in value.items()})

    def act(self, step: Step) -> None:
        kind, at, state = step[0], step[1], self._state
        tasks = state["tasks"]
        if kind == "set":
            tasks = tasks.insert(at, tasks[at].insert("status", step[2]))
        elif kind == "add":
            tasks = tasks.insert(at, self.freeze({"title": step[2], "status": "planned"}))
        else:
            tasks = tasks.remove(at)
        self._state = state.insert("tasks", tasks)


CONTESTANTS = (InPlace, PatchLog, Pyrsistent, Immutables, Rpds)
