"""Exports a long run and tells by how many bytes that raised the peak of this process: `long.py FORMAT COUNT [FILE]`.

Without a file the run is made up as it is read, so that nothing but the exporter takes memory.
"""

import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from statestore import Action, Commit, Span, open_history
from statestore.exporters import export
from tests.exporters.traced import history_of, span

STEPS = 10
THREADS = 4
NOTHING = ()


class LongRun:
    """Blocks of ten dispatches each, in four threads at a time, all inside of one span; told by their ends."""

    milestones = snapshots = alerts = moves = samples = gauges = NOTHING

    def __init__(self, count):
        self.header = history_of().header
        self._count = count

    @property
    def spans(self):
        number = 1
        for block in range(self._count // (STEPS + 1)):
            start, thread = block * 1_000_000, block % THREADS
            parent = number + 1
            for step in range(STEPS):
                at = start + step * 1_000
                yield Span(
                    parent + 1 + step, parent, f"board/set_{step}", "dispatch", at, at + 900,
                    seq=number + step, process_id=5, thread_id=thread, reducer_ns=500,
                )  # fmt: skip
            yield Span(parent, 1, "block", "block", start, start + 3_500_000, process_id=5, thread_id=thread)
            number += STEPS + 1
        yield Span(1, None, "work", "block", 0, number * 1_000_000, process_id=5, thread_id=THREADS)

    def commit(self, seq):
        return Commit(seq, seq - 1, Action("board/set", {"id": f"T{seq}", "status": "done"}), (), seq, 500)


def peak_bytes():
    """The most memory that this process has had at a time."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main(form, count, path=None):
    """Warms up on a small run, then measures."""
    source = open_history(path) if path else LongRun(int(count))
    with TemporaryDirectory() as folder:
        export(history_of(span(1, 0, 5)), form, Path(folder) / "small")
        before = peak_bytes()
        written = export(source, form, Path(folder) / "long")
        print(peak_bytes() - before, written.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
