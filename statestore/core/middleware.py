"""Composing middleware around dispatch, and the small middleware that ships with the store."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from statestore.errors import ActionError
from statestore.ports import Dispatch, Middleware, StoreLike
from statestore.values import Action

_LOGGER = logging.getLogger("statestore")


def compose(store: Any, middleware: Sequence[Middleware], innermost: Dispatch) -> Dispatch:
    """Wraps `innermost` so that the first middleware is the outermost one."""
    dispatch = innermost
    for i, layer in reversed(list(enumerate(middleware))):
        try:
            dispatch = layer(store, dispatch)
            if not callable(dispatch):
                raise ActionError(f"middleware {layer!r} returned {dispatch!r}; it returns its dispatch, or `next`")
        except BaseException:
            call_all(closers(middleware[i:]))
            raise
    return dispatch


def closers(layers: Sequence[Any]) -> list[Callable[[], object]]:
    """The `close` of every layer that has one, innermost first; what keeps what others record comes after those."""
    closing = [layer for layer in reversed(layers) if callable(getattr(layer, "close", None))]
    return [layer.close for layer in sorted(closing, key=lambda layer: bool(getattr(layer, "closes_last", False)))]


def call_all(hooks: Iterable[Callable[[], object]]) -> None:
    """Calls each, also when one raises; the first error is raised when all have been called."""
    first: Exception | None = None
    for hook in hooks:
        try:
            hook()
        except Exception as error:  # noqa: BLE001  whatever it is, the others are called first
            first = first or error
    if first is not None:
        raise first


def check_middleware(middleware: Any) -> tuple[Middleware, ...]:
    """Refuses what cannot be middleware before any of it is installed."""
    if callable(middleware) or not isinstance(middleware, Iterable) or isinstance(middleware, str | bytes | Mapping):
        raise ActionError(f"middleware= takes a sequence of middleware, such as [thunk], not {middleware!r} by itself")
    layers = tuple(middleware)
    for layer in layers:
        if not callable(layer):
            raise ActionError(f"middleware is a function of (store, next), not {type(layer).__name__} {layer!r}")
        if isinstance(layer, type):
            raise ActionError(f"{layer.__name__} is a class; install an instance of it: {layer.__name__}()")
    return layers


def as_action(action: Any) -> Action:
    """Makes an `Action` of a mapping with a `type`; refuses everything else, saying what to do."""
    if isinstance(action, Action):
        return _checked(action)
    if isinstance(action, Mapping):
        if foreign := set(action) - {"type", "payload", "meta"}:
            raise ActionError(
                f"an action has type, payload and meta; {sorted(map(str, foreign))} belong in its payload"
            )
        if not isinstance(action.get("type"), str):
            raise ActionError(f"an action needs a string `type`, found {action.get('type')!r} in {action!r}")
        return _checked(Action(action["type"], action.get("payload"), action.get("meta")))
    if hasattr(action, "match") and isinstance(getattr(action, "type", None), str):
        raise ActionError(f"{action.type!r} is an action creator; call it with its arguments to make the action")
    if callable(action):
        raise ActionError(
            f"expected an action, found the function {getattr(action, '__qualname__', action)!r}; "
            "install the `thunk` middleware to dispatch functions"
        )
    raise ActionError(f"expected an Action or a mapping with a `type`, found {type(action).__name__} {action!r}")


def _checked(action: Action) -> Action:
    if not isinstance(action.type, str):
        raise ActionError(f"the type of an action is a string such as 'tasks/added', not {action.type!r}")
    if action.meta is not None and not isinstance(action.meta, Mapping):
        raise ActionError(f"the meta of an action is a mapping or None, not {action.meta!r}")
    return action


def thunk(store: StoreLike, next: Dispatch) -> Dispatch:
    """Lets a function of the store be dispatched: `store.dispatch(lambda store: ...)`, sync or async.

    `dispatch` then returns what the function returns: of an async one, its awaitable.
    """

    def dispatch(action: Any) -> Any:
        if callable(action) and not hasattr(action, "match"):
            return action(store)
        return next(action)

    return dispatch


def log_actions(store: StoreLike, next: Dispatch) -> Dispatch:
    """Logs each action to the logger `statestore`: INFO when it was applied, ERROR with the error when it was not."""

    def dispatch(action: Any) -> Any:
        started = store.now_ns()
        name = getattr(action, "type", action)
        try:
            result = next(action)
        except Exception as error:
            _LOGGER.error("%s: %s failed: %s: %s", store.name, name, type(error).__name__, error)
            raise
        _LOGGER.info("%s: %s in %.1f µs", store.name, name, (store.now_ns() - started) / 1000)
        return result

    return dispatch
