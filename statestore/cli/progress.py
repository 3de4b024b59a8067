"""A progress bar, for what takes longer than a second and only where a person is waiting."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from stat import S_ISFIFO
from threading import Timer
from typing import Any, Final, TypeVar

T = TypeVar("T")

# What is done sooner needs no bar, and a look at the time at every item would cost more than the item.
_PATIENCE: Final = 1.0
_GLANCE: Final = 256


def progress(items: Iterable[T], total: int | None, what: str, glance: int = _GLANCE) -> Iterator[T]:
    """Passes the items on; once that has taken a second, a bar on stderr tells how far it is.

    There is none where stderr is no terminal, nor where stdout is a pipe, as a pager may be at its end. Where stdout is
    the terminal too, take the whole answer together before it is printed: lines and bar do not mix.

    Args:
        items: what is worked through.
        total: how many there are, if that is known.
        what: what is being done, such as `reading`.
        glance: after how many items the time is looked at; fewer where one takes long.
    """
    return _watched(items, total, what, glance) if _is_watched() else iter(items)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Once the block has taken a second, tells on stderr that it is at work; there as `progress` is."""
    if not _is_watched():
        yield
        return
    shown: list[Any] = []

    def show() -> None:
        from rich.console import Console

        shown.append(Console(stderr=True).status(what))
        shown[0].start()

    timer = Timer(_PATIENCE, show)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for status in shown:
            status.stop()


def _is_watched() -> bool:
    return sys.stderr.isatty() and not S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)


def _watched(items: Iterable[T], total: int | None, what: str, glance: int = _GLANCE) -> Iterator[T]:
    began, bar = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            yield item
            if done % glance == 0 and time.monotonic() - began > _PATIENCE:
                bar = bar or _start(total, what)
                bar.update(bar.task_ids[0], completed=done + 1)
    finally:
        if bar is not None:
            bar.stop()


def _start(total: int | None, what: str) -> Any:
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task(what, total=total)
    bar.start()
    return bar
