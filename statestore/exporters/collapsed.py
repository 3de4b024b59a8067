"""Collapsed stacks, a line each with its time: what flame graph tools read."""

from collections import Counter
from collections.abc import Iterator

from statestore.exporters.ancestry import Stacks, own_times
from statestore.exporters.chunks import gather
from statestore.exporters.folded import attached_stacks
from statestore.ports import Source


def collapsed(source: Source, *, stacks: bool = False) -> Iterator[bytes]:
    """One line a stack, `outermost;...;innermost nanoseconds`, for flamegraph.pl, inferno and speedscope.

    A span stands on its parent, also where that ran in another thread or task, and counts the time in which none of
    its own children ran: the lines add up to the time that was worked. Costs about 12 µs a span, and the memory of
    100,000 different stacks; names beyond those count as `(other names)`.

    Args:
        source: the run.
        stacks: take the profiles attached to spans in place of the spans: functions rather than steps.

    Raises:
        StateStoreError: `stacks` was asked for, and no span has any.
    """
    known = Stacks()
    own_ns: Counter[int] = Counter()
    for stack, elapsed_ns in (attached_stacks if stacks else own_times)(source, known):
        own_ns[stack] += elapsed_ns
    lines = sorted((";".join(map(_frame, known.path(stack))), elapsed_ns) for stack, elapsed_ns in own_ns.items())
    return gather(b"%b %d\n" % (path.encode(), elapsed_ns) for path, elapsed_ns in lines if elapsed_ns > 0)


def _frame(name: str) -> str:
    # Semicolons part frames, line ends part stacks.
    return " ".join(name.replace(";", ",").split()) or "(no name)"
