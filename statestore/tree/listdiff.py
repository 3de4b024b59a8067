"""The few steps that turn one list of elements into another, found by identity and by equality of scalars."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import compress, count
from operator import is_not
from typing import Any, TypeAlias

Opcode: TypeAlias = tuple[str, int, int, int, int]
"""`(tag, i1, i2, j1, j2)` as difflib has it: old[i1:i2] becomes new[j1:j2]."""

# difflib is quadratic at its worst: 2,000 elements by as many, of which 200,000 pairs are alike, take a tenth of a
# second. Beyond that, elements are compared position by position, which is linear, and still right.
MATCHED_AT_MOST = 2_000
PAIRS_AT_MOST = 200_000


def opcodes(old: Sequence[Any], new: Sequence[Any], key: Callable[[Any], Any]) -> list[Opcode]:
    """The steps from `old` to `new`, unequal stretches only, in ascending order of position.

    Elements with equal `key` are the same element. The common head and tail cost their length and nothing more.
    """
    head = _shared(old, new, min(len(old), len(new)), key)
    tail = _shared(old[::-1], new[::-1], min(len(old), len(new)) - head, key)
    old_end, new_end = len(old) - tail, len(new) - tail
    if head == old_end and head == new_end:
        return []
    if head in (old_end, new_end) or max(old_end, new_end) - head > MATCHED_AT_MOST:
        return [("replace", head, old_end, head, new_end)]
    befores, afters = [key(e) for e in old[head:old_end]], [key(e) for e in new[head:new_end]]
    counts = Counter(afters)
    if sum([counts[element] for element in befores]) > PAIRS_AT_MOST:
        return [("replace", head, old_end, head, new_end)]
    from difflib import SequenceMatcher  # most changes are found without it, and a reader of files needs none

    matcher = SequenceMatcher(None, befores, afters, autojunk=False)
    return [
        (tag, i1 + head, i2 + head, j1 + head, j2 + head)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _shared(old: Sequence[Any], new: Sequence[Any], limit: int, key: Callable[[Any], Any]) -> int:
    """How many elements both begin with, at most `limit`."""
    # Most are the very same objects, which C finds out in a tenth of the time.
    for position in compress(count(), map(is_not, old, new)):
        if position >= limit:
            break
        if key(old[position]) != key(new[position]):
            return position
    return limit
