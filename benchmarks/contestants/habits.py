"""What people do today: a copy of the whole state after every step, kept in a list."""

import copy
import json
import pickle
from typing import Any

from benchmarks.contestants.contestant import Contestant
from benchmarks.steps import Step, change


class Copies(Contestant):
    """The state edited in place, and a copy of it after every step."""

    group = "a copy at every step"

    def begin(self, state: dict[str, Any]) -> None:
        self._state = state
        self._steps: list[Step] = []
        self._kept = [self.copy(state)]

    def act(self, step: Step) -> None:
        change(self._state, step)
        self._steps.append(step)
        self._kept.append(self.copy(self._state))

    def state(self) -> Any:
        return self._state

    def undo(self) -> None:
        self.jump(len(self._kept) - 2)

    def jump(self, steps: int) -> None:
        del self._kept[steps + 1 :], self._steps[steps:]
        self._state = self.restore(self._kept[-1])

    def skip(self, index: int) -> None:
        again = self._steps[index + 1 :]
        self.jump(index)
        for step in again:
            self.act(step)

    def copy(self, state: Any) -> Any:
        """What is kept."""
        raise NotImplementedError

    def restore(self, kept: Any) -> Any:
        """A state of its own out of what was kept."""
        raise NotImplementedError


class DeepCopy(Copies):
    """`copy.deepcopy`."""

    name = "copy.deepcopy"

    def copy(self, state: Any) -> Any:
        return copy.deepcopy(state)

    def restore(self, kept: Any) -> Any:
        return copy.deepcopy(kept)


class Json(Copies):
    """`json.dumps`."""

    name = "json"

    def copy(self, state: Any) -> Any:
        return json.dumps(state)

    def restore(self, kept: Any) -> Any:
        return json.loads(kept)


class Pickle(Copies):
    """`pickle.dumps`."""

    name = "pickle"

    def copy(self, state: Any) -> Any:
        return pickle.dumps(state)

    def restore(self, kept: Any) -> Any:
        return pickle.loads(kept)


class Msgpack(Copies):
    """`msgpack.packb`."""

    name, needs = "msgpack", ("msgpack",)

    def copy(self, state: Any) -> Any:
        import msgpack  # type: ignore[import-untyped]

        return msgpack.packb(state)

    def restore(self, kept: Any) -> Any:
        import msgpack

        return msgpack.unpackb(kept)


CONTESTANTS = (DeepCopy, Json, Pickle, Msgpack)
