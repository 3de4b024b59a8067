"""Who is told that the state changed, and in which order."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from statestore.core.middleware import call_all
from statestore.errors import ActionError
from statestore.tree.equality import same


class Listener:
    """One subscription: `fn(store)` at every change, or `fn(new, old)` when the selected value changed."""

    __slots__ = ("_fn", "_select", "_value")

    def __init__(self, fn: Callable[..., object], select: Callable[[Any], Any] | None, state: Any) -> None:
        if not callable(fn):
            raise ActionError(f"a listener is a function of the store, not {type(fn).__name__} {fn!r}")
        if select is not None and not callable(select):
            raise ActionError(f"select= is a function of the state, not {type(select).__name__} {select!r}")
        self._fn = fn
        self._select = select
        self._value = None if select is None else select(state)

    def notify(self, store: Any) -> None:
        """Tells the listener, unless what it selected is as before."""
        if self._select is None:
            self._fn(store)
            return
        new, old = self._select(store.state), self._value
        if not same(old, new):
            # Kept before the call: a listener that dispatches is told of that change within it, not once more after.
            self._value = new
            self._fn(new, old)


def notify_all(listeners: Iterable[Listener], store: Any) -> None:
    """Tells each, also when one raises; the first error is raised when all have been told."""
    call_all([partial(listener.notify, store) for listener in listeners])
