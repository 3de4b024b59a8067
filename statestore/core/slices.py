"""Slices: a named part of the state with its initial value and the functions that change it."""

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from statestore.core.creators import ActionCreator, make_creator
from statestore.errors import ActionError
from statestore.tree.drafts import run_recipe
from statestore.tree.equality import same
from statestore.tree.freezing import freeze
from statestore.values import Action, Change, Path

P = ParamSpec("P")
Handler: TypeAlias = Callable[[Any, Action], Any]
H = TypeVar("H", bound=Handler)


class Slice:
    """A part of the state: `Slice("backlog", initial={"tasks": {}})`. It is itself a reducer.

    Args:
        name: the first part of its action types, and its key under `combine`.
        initial: the state before the first action; plain data is frozen.

    A slice function edits the draft it gets, or returns the next value (as it must for a value without parts).
    """

    def __init__(self, name: str, *, initial: Any) -> None:
        if not isinstance(name, str) or not name:
            raise ActionError(f"a slice needs a name, a string that is not empty, not {name!r}")
        self.name = name
        self.initial = freeze(initial)
        self._handlers: dict[str, tuple[Handler, ...]] = {}
        self._matchers: tuple[tuple[Callable[[Action], bool], Handler], ...] = ()
        self._own: set[str] = set()

    def action(self, fn: Callable[Concatenate[Any, P], Any]) -> ActionCreator[P]:
        """Makes `fn(draft, ...)` the response to an action of its name; gives the creator of that action."""
        creator = make_creator(f"{self.name}/{getattr(fn, '__name__', '')}", fn)
        if creator.type in self._own:
            raise ActionError(f"slice {self.name!r} has an action {creator.type!r} already; give this one another name")
        self._own.add(creator.type)

        def handle(draft: Any, action: Action) -> Any:
            payload = action.payload
            if type(payload) is not dict:
                payload = _arguments(action)
            return fn(draft, **payload)  # type: ignore[call-arg]  # its keys are the parameters

        handle.__qualname__ = creator.type
        self._add(creator.type, handle)
        return creator

    def on(self, trigger: Any) -> Callable[[H], H]:
        """Makes a function `(draft, action)` respond to actions of elsewhere.

        Args:
            trigger: a creator, a type as a string, or a predicate over actions, which is asked for every action.
        """
        type_ = trigger if isinstance(trigger, str) else getattr(trigger, "type", None)
        if not isinstance(type_, str) and not callable(trigger):
            raise ActionError(f"slice.on takes an action creator, a type or a predicate, not {trigger!r}")

        def register(handler: H) -> H:
            if not callable(handler):
                raise ActionError(f"slice.on decorates a function of (draft, action), not {handler!r}")
            if isinstance(type_, str):
                self._add(type_, handler)
            else:
                self._matchers += ((trigger, handler),)
            return handler

        return register

    def _add(self, type_: str, handler: Handler) -> None:
        self._handlers[type_] = (*self._handlers.get(type_, ()), handler)

    def __call__(self, state: Any, action: Action) -> Any:
        """The next state; the state itself when the action is none of this slice's business."""
        return self.reduce(state, action, (), None)

    def reduce(self, state: Any, action: Action, path: Path, changes: list[Change] | None) -> Any:
        """As calling it, and appends what changed to `changes`, with paths below `path`."""
        handlers = self._handlers.get(action.type, ())
        if self._matchers:
            handlers += tuple([handler for matches, handler in self._matchers if matches(action)])
        if len(handlers) == 1:
            return run_recipe(handlers[0], action, state, path, changes)
        return _reduce_in_turn(handlers, state, action, path, changes) if handlers else state

    def __repr__(self) -> str:
        return f"<Slice {self.name!r}: {', '.join(self._handlers) or 'no actions'}>"


def _arguments(action: Action) -> Mapping[str, Any]:
    """The payload of an action that was made by hand: no payload stands for no arguments."""
    payload = {} if action.payload is None else action.payload
    if not isinstance(payload, Mapping) or not all(isinstance(name, str) for name in payload):
        raise ActionError(
            f"the payload of {action.type!r} holds arguments by name, as its creator makes it; found {payload!r}"
        )
    return payload


def _reduce_in_turn(
    handlers: tuple[Handler, ...], state: Any, action: Action, path: Path, changes: list[Change] | None
) -> Any:
    known = 0 if changes is None else len(changes)
    before, edits = state, 0
    for handler in handlers:
        after = run_recipe(handler, action, state, path, changes)
        edits += after is not state
        state = after
    if edits > 1 and same(before, state):
        # What one did another has undone, and then nothing has changed.
        if changes is not None:
            del changes[known:]
        return before
    return state
