"""How the survey is called, and what it does about an older record and about Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from survey import modules

# The shells' exit status of a program that Ctrl-C ended: 128 and the number of the signal.
INTERRUPTED = 130


def parse() -> argparse.Namespace:
    """Reads the command line; exits with status 2 if it makes no sense."""
    parser = argparse.ArgumentParser(description="Survey a folder of Python files, with the whole run on record.")
    parser.add_argument("folder", nargs="?", type=Path, default=modules.STANDARD_LIBRARY, help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="do up to N tasks at a time, in threads")
    parser.add_argument("--async", dest="asynchronous", action="store_true", help="do them as asyncio tasks instead")
    parser.add_argument("--history", type=Path, default=Path("orchestrator.history"), metavar="FILE", help="the record")
    parser.add_argument("--resume", action="store_true", help="go on where the record of an interrupted run ends")
    parser.add_argument("--state", choices=["pyrsistent", "immutables"], default="pyrsistent", help="whose maps")
    options = parser.parse_args()
    if options.workers < 0:
        parser.error(f"--workers takes 1 or more, not {options.workers}")
    if options.state == "immutables" and find_spec("immutables") is None:
        parser.error("--state immutables needs the package of that name: pip install immutables")
    if next(modules.plan(options.folder), None) is None:
        parser.error(f"{options.folder} is no folder with Python files")
    return options


def set_aside(path: Path) -> None:
    """Renames what an earlier run left at that path to the first free of `name.1.history`, `name.2.history`, ..."""
    if not path.is_file():
        return
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
    kept = next(name for name in names if not name.exists())
    path.rename(kept)
    print(f"{path} is there already: renamed to {kept}", file=sys.stderr)


@contextmanager
def undisturbed_exit() -> Iterator[None]:
    """Ignores Ctrl-C once the block is left, so that a second one cannot cut short the closing of the history file."""
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
