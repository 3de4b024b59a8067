"""Memoised selectors: values computed from the state, again only when what they are computed from has changed."""

from collections.abc import Callable
from typing import Any

from statestore.errors import ActionError


def select(*inputs: Callable[[Any], Any], combine: Callable[..., Any] | None = None) -> Callable[[Any], Any]:
    """Gives a selector `state -> combine(*[input(state) for input in inputs])` that remembers its last result.

    `combine` runs again only when the result of an input is another object than the last time, which is what an
    immutable state makes exact. Without `combine`, one input gives its value and several give a tuple. Safe to share
    between threads; it keeps the last inputs and result alive.
    """
    if not inputs or not all(map(callable, inputs)):
        raise ActionError(f"select takes one or more functions of the state, not {inputs!r}")
    if combine is not None and not callable(combine):
        raise ActionError(f"combine= is a function of the inputs' values, not {combine!r}")
    finish = combine or (lambda *values: values[0] if len(values) == 1 else values)
    # One tuple, so that a thread sees inputs and result of one moment.
    last: tuple[tuple[Any, ...], Any] | None = None

    def selector(state: Any) -> Any:
        nonlocal last
        values = tuple([read(state) for read in inputs])
        known = last
        if known is not None and all(a is b for a, b in zip(known[0], values, strict=True)):
            return known[1]
        result = finish(*values)
        last = (values, result)
        return result

    return selector
