"""The work itself: which modules and packages a folder holds, and what is in each. Knows nothing of any store."""

import ast
import os
import sysconfig
import tokenize
import unicodedata  # noqa: F401  # else the parser loads it when it needs it, and takes a Ctrl-C just then for an error
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
SUMMARY = "summary"
# Not part of what is surveyed: installed packages lie inside the standard library's folder on most systems.
SKIPPED = {"site-packages", "dist-packages", "__pycache__"}
COUNTED = ("modules", "lines", "functions", "classes", "imports", "failed")
# Gives every byte a character, so that reading with it cannot fail; what it reads may still not parse.
FALLBACK_ENCODING = "latin-1"
# In Python 3.11 threads that parse at once may fail with a SystemError (cpython issue 106905). As parsing holds the
# interpreter's own lock nearly all the time, waiting for this one costs nothing.
_PARSING = Lock()


class Task(NamedTuple):
    """One thing to do. A module is named by its path below the root, a package by its path and a slash."""

    name: str
    kind: str
    needs: tuple[str, ...] = ()


class UndecodableError(ValueError):
    """The bytes of a file are not text in the encoding that the file declares; another encoding may do."""


def plan(folder: Path, prefix: str = "") -> Iterator[Task]:
    """Yields the tasks of a folder, each after those it needs, the summary last; none if it holds no Python files.

    Every folder with Python files in or below it counts as a package. Folders that cannot be listed, hidden ones and
    symbolic links to folders are left out.
    """
    needs = []
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            inner = list(plan(Path(entry), f"{prefix}{_printable(entry.name)}/"))
            needs += [task.name for task in inner[-1:]]
            yield from inner
        elif entry.name.endswith(".py") and entry.is_file():
            needs.append(f"{prefix}{_printable(entry.name)}")
            yield Task(needs[-1], "module")
    if needs:
        yield Task(prefix or SUMMARY, "package" if prefix else SUMMARY, tuple(needs))


def count(path: Path, encoding: str | None = None) -> dict[str, int]:
    """Counts what a module holds; lines are counted as `wc` does.

    Args:
        path: the module.
        encoding: how to read it; by default as Python does, by its byte order mark or its coding line.

    Raises:
        UndecodableError: the file is not text in that encoding.
        SyntaxError, ValueError, RecursionError, MemoryError: `ast` cannot parse it.
        OSError: it cannot be read.
    """
    source = _read(path, encoding)
    with _PARSING:
        tree = ast.parse(source, path.name)
    nodes = Counter(map(type, ast.walk(tree)))
    functions = nodes[ast.FunctionDef] + nodes[ast.AsyncFunctionDef]
    imports = nodes[ast.Import] + nodes[ast.ImportFrom]
    return dict(zip(COUNTED, (1, source.count("\n"), functions, nodes[ast.ClassDef], imports, 0), strict=True))


def total(tasks: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Adds up the results of tasks; one that failed has none, and counts as one failed module."""
    sums = Counter(dict.fromkeys(COUNTED, 0))
    for task in tasks:
        sums.update(task["result"] or {"modules": 1, "failed": 1})
    return dict(sums)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name not in SKIPPED and not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _printable(name: str) -> str:
    """A file name as text; one whose bytes are no text becomes a name that no file has, and its task fails as such."""
    return name.encode("utf-8", "backslashreplace").decode()


def _read(path: Path, encoding: str | None) -> str:
    try:
        with tokenize.open(path) if encoding is None else path.open(encoding=encoding) as file:
            return file.read()
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:  # nothing is parsed here: all are about encoding
        raise UndecodableError(str(error)) from error
