"""States out of a file by the patches alone, for the tools; `history` does the same with more memory and more speed."""

from typing import Any

from statestore.journal.reader import JournalFile
from statestore.tree.patches import apply_changes


def state_at(file: JournalFile, seq: int) -> Any:
    """The state after that commit: from the nearest keyframe on its lineage, forwards."""
    anchor, line = file.line(seq, set(file.keyframes))
    state = file.nearest_keyframe(anchor).state
    for changes in reversed(line):
        state = apply_changes(state, changes)
    return state


def lineage(file: JournalFile, seq: int, stop: int) -> list[int]:
    """The seqs from `stop` to `seq`, each made on the one before; empty if `stop` is not on the way to the root."""
    path = []
    while seq > stop:
        path.append(seq)
        seq = file.parent(seq)
    return [seq, *reversed(path)] if seq == stop else []
