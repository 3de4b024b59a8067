"""Stacks of attached profiles: what `StackProfiler` saw inside of spans, as stacks with their time."""

from collections.abc import Iterator, Mapping

from statestore.errors import StateStoreError
from statestore.exporters.ancestry import Stacks
from statestore.exporters.arguments import STACKS
from statestore.exporters.lanes import valid
from statestore.ports import Source


def attached_stacks(source: Source, stacks: Stacks) -> Iterator[tuple[int, int]]:
    """Every stack that was seen, below the name of the span that it was seen in, and its nanoseconds.

    Raises:
        StateStoreError: no span has a profile.
    """
    is_none = True
    for span in source.spans:
        folded = span.metadata.get(STACKS)
        if not isinstance(folded, Mapping):
            continue
        is_none = False
        below = stacks.push(0, valid(span.name))
        for path, elapsed_ns in folded.items():
            stack = below
            for name in str(path).split(";"):
                stack = stacks.push(stack, valid(name))
            yield stack, int(elapsed_ns)
    if is_none:
        raise StateStoreError("no span of this run has a profile attached: record with StackProfiler(timing)")
