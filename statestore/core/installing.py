"""Layers that somebody else adds to every store a program makes: a recorder of its runs, a test runner."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeAlias

from statestore.errors import ActionError
from statestore.ports import Middleware, StoreLike, Unsubscribe

Installer: TypeAlias = Callable[[StoreLike, tuple[Middleware, ...]], Sequence[Middleware]]
"""`installer(store, layers)` gives the layers that the store is to have, its own among them."""

_installers: tuple[Installer, ...] = ()
_lock = Lock()


def install_in_every_store(installer: Installer) -> Unsubscribe:
    """Lets `installer(store, layers)` add to the middleware of every store that is made from now on.

    It is called in the thread that makes the store, before any layer is installed, with the layers so far, outermost
    first. It gives back the layers that the store gets: those, with its own put where they belong, or just those to
    leave the store alone. Of several installers the later ones see what the earlier ones added. What one raises comes
    out of `Store(...)`.

    The program does not see what was added: `store.middleware` stays what it gave. The added layers are closed with the
    store, as every layer is. A dispatch costs what they cost; without installers nothing costs anything.

    Gives the function that ends it; stores that were made meanwhile keep their layers.

    Raises:
        ActionError: the installer cannot be called.
    """
    global _installers
    if not callable(installer):
        raise ActionError(f"an installer is a function of a store and its layers, not {installer!r}")
    with _lock:
        _installers = (*_installers, installer)

    def stop() -> None:
        global _installers
        with _lock:
            _installers = tuple([kept for kept in _installers if kept is not installer])

    return stop


def layers_for(store: StoreLike, middleware: tuple[Middleware, ...]) -> tuple[Middleware, ...]:
    """The layers that a store gets: the middleware that it was given, and what the installers add."""
    for installer in _installers:
        middleware = tuple(installer(store, middleware))
    return middleware
