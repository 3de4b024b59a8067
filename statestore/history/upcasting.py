"""Old actions on new code: what an action of an earlier version would look like today."""

from collections.abc import Callable
from typing import Any

import msgspec

from statestore.errors import ActionError
from statestore.values import Action

Upcast = Callable[[Action], Action]


class Upcaster:
    """Functions that bring actions to their next version, by type and version; itself a function of an action.

        upcast = Upcaster()

        @upcast.register("backlog/task_added", version=1)
        def _(action):
            return Action("backlog/task_added", {**action.payload, "priority": 0})

        replay(source, reducer, upcast=upcast)

    The version of an action is `meta["version"]`, and 1 where there is none. What the function gives has the next
    version, and goes through the function of that one if there is any.
    """

    def __init__(self) -> None:
        self._upcasts: dict[tuple[str, int], Upcast] = {}

    def register(self, kind: Any, version: int = 1) -> Callable[[Upcast], Upcast]:
        """Makes the decorated function responsible for actions of that type (or creator) and version."""
        name = getattr(kind, "type", kind)
        if not isinstance(name, str) or type(version) is not int:
            raise ActionError(f"register takes an action type and a version number, not {kind!r} and {version!r}")
        if (name, version) in self._upcasts:
            raise ActionError(f"there is an upcast of {name!r} from version {version} already")

        def keep(upcast: Upcast) -> Upcast:
            self._upcasts[name, version] = upcast
            return upcast

        return keep

    def __call__(self, action: Action) -> Action:
        """The action in its present form."""
        version = (action.meta or {}).get("version", 1)
        while (upcast := self._upcasts.get((action.type, version))) is not None:
            version += 1
            meta = {**(action.meta or {}), "version": version}
            action = upcast(action)
            if not isinstance(action, Action):
                raise ActionError(f"the upcast to version {version} gave {action!r}, which is no action")
            action = msgspec.structs.replace(action, meta={**meta, **(action.meta or {}), "version": version})
        return action
