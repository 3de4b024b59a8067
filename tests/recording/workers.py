"""Functions for worker processes: importable there, with a Timing of the module's own."""

import os
import threading

from statestore import Timing

timing = Timing()


def measured(item: int) -> tuple[int, int]:
    with timing.span("outer", item=item), timing.span("inner"):
        return item * 2, os.getpid()


def fails() -> None:
    with timing.span("before the failure"):
        raise KeyError("from the worker")


def with_strange_metadata() -> str:
    with timing.span("strange", held=threading.Lock()):
        return "done"


def plain(item: int) -> int:
    return item + 1


def with_the_senders(sent: Timing, item: int) -> int:
    with sent.span("by the sender's", item=item):
        return item
