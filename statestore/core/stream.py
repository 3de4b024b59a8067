"""The stream of recorded values: who observes which type, and what happens to an observer that fails."""

import warnings
from collections.abc import Callable
from threading import Lock
from typing import Any

from statestore.errors import ActionError
from statestore.ports import Sink, Unsubscribe


class Stream:
    """Sinks by the type of value that they asked for.

    Publishing takes no lock: `_asked` is only touched under one, and `_resolved`, which publishing reads, is replaced
    whole.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: dict[type, tuple[Sink, ...]] = {}
        self._resolved: dict[type, tuple[Sink, ...]] = {}
        self._hooks: tuple[Callable[[], object], ...] = ()

    def on_change(self, hook: Callable[[], object]) -> Unsubscribe:
        """Calls the hook whenever somebody begins or ceases to observe."""
        with self._lock:
            self._hooks += (hook,)

        def stop() -> None:
            with self._lock:
                self._hooks = tuple([kept for kept in self._hooks if kept is not hook])

        return stop

    def _changed(self) -> None:
        for hook in self._hooks:
            hook()

    def observe(self, sink: Sink, value_types: tuple[type, ...]) -> Unsubscribe:
        """Hands values of exactly these types to the sink from now on; no type at all means every type."""
        if not callable(sink):
            raise ActionError(f"a sink is a function of one recorded value, not {type(sink).__name__} {sink!r}")
        for value_type in value_types:
            if not isinstance(value_type, type):
                raise ActionError(f"observe takes types such as Commit or Span after the sink, not {value_type!r}")
        wanted = value_types or (object,)
        with self._lock:
            for value_type in wanted:
                self._asked[value_type] = (*self._asked.get(value_type, ()), sink)
            self._resolved = {}
        self._changed()

        def unsubscribe() -> None:
            self._remove(sink, wanted)

        return unsubscribe

    def sinks(self, value_type: type) -> tuple[Sink, ...]:
        """Who observes values of that type."""
        resolved = self._resolved
        sinks = resolved.get(value_type)
        if sinks is None:
            sinks = resolved[value_type] = self._asked.get(value_type, ()) + self._asked.get(object, ())
        return sinks

    def deliver(self, value: Any) -> BaseException | None:
        """Hands the value to its sinks; one that raises is detached, and a warning says so.

        Nothing stops it: a sink that Ctrl-C cut short gets the value again, the others get it too. Gives the interrupt,
        to be raised when whatever has to be done with the value is done.
        """
        interrupt: BaseException | None = None
        for sink in self._resolved.get(type(value)) or self.sinks(type(value)):
            try:
                sink(value)
            except Exception as error:  # noqa: BLE001  a recorder must not break the work it records
                self._detach(sink, value, error)
            except BaseException as error:  # noqa: BLE001  it is raised when nobody can miss the value any more
                interrupt = error
                sink(value)
        return interrupt

    def _detach(self, sink: Sink, value: Any, error: Exception) -> None:
        self._remove(sink, tuple(self._asked))
        warnings.warn(
            f"an observer of {type(value).__name__} was detached: {sink!r} raised {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=3,
        )

    def _remove(self, sink: Sink, value_types: tuple[type, ...]) -> None:
        with self._lock:
            for value_type in value_types:
                left = list(self._asked.get(value_type, ()))
                if sink in left:
                    left.remove(sink)
                self._asked[value_type] = tuple(left)
            self._resolved = {}
        self._changed()
