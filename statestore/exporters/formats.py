"""The formats there are, and writing one to a file."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import Any, Final

from statestore.errors import ActionError, StateStoreError
from statestore.ports import Source


@dataclass(frozen=True)
class Format:
    """A form in which another tool takes a run.

    `module` has a function called as the format is (with `_` for `-`): of a stream it is a generator of chunks of
    bytes, `function(source, **options)`; of what is no stream, such as a folder of tables, it writes to a path that
    does not exist yet, `function(source, path, **options)`.
    """

    name: str
    suffix: str
    about: str
    module: str
    is_stream: bool = True

    @property
    def function(self) -> Callable[..., Any]:
        """What makes it; loaded now, so that a format costs nothing until it is asked for."""
        home = import_module(f"statestore.exporters.{self.module}")
        return getattr(home, self.name.replace("-", "_"))  # type: ignore[no-any-return]


_ALL: Final = (
    Format("chrome", ".trace.json", "Chrome trace events, for Perfetto and other trace viewers", "chrome"),
    Format("perfetto", ".pftrace", "Perfetto's own protobuf form, half the size", "perfetto"),
    Format("speedscope", ".speedscope.json", "speedscope's evented profiles", "speedscope"),
    Format("collapsed", ".collapsed.txt", "collapsed stacks, for flame graphs", "collapsed"),
    Format("cpuprofile", ".cpuprofile", "a CPU profile, for Chrome's developer tools and editors", "cpuprofile"),
    Format("devtools", ".devtools.json", "the state file that Redux DevTools imports", "devtools"),
    Format("devtools-actions", ".actions.json", "its short form, actions and a first state", "devtools"),
    Format("otlp", ".otlp.jsonl", "OpenTelemetry traces as OTLP/JSON, a request a line", "otlp"),
    Format("prometheus", ".prom", "Prometheus metrics as text", "prometheus"),
    Format("parquet", ".parquet", "a folder of tables for DuckDB, pandas and Spark", "parquet", is_stream=False),
    Format("sqlite", ".sqlite", "an SQLite database of tables", "sqlite", is_stream=False),
    Format("jsonl", ".jsonl", "JSON Lines, one recorded value each", "jsonl"),
)
FORMATS: Final = {form.name: form for form in _ALL}
"""By name, in the order in which a person needs them."""


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        ActionError: there is none.
    """
    if name not in FORMATS:
        raise ActionError(f"no format {name!r}: there are {', '.join(FORMATS)}")
    return FORMATS[name]


def export(source: Source, format: str, path: str | os.PathLike[str], **options: Any) -> Path:
    """Writes a run in the form that another tool takes; `path` is never half a file.

    Streams: however long the run is, it takes the memory of a few blocks of the file.

    Args:
        source: a live `History`, or an opened file.
        format: one of `FORMATS`.
        path: where to; what is there is replaced once the new file is whole.
        options: what the format's function takes.

    Raises:
        ActionError: there is no such format.
        StateStoreError: there is no such folder; or the format needs a library that is not installed, and the message
            names the extra to install.
    """
    form, target = find_format(format), Path(path)
    if not target.parent.is_dir():
        raise StateStoreError(f"there is no folder {target.parent} to put {target.name} into: make it first")
    part = target.with_name(f".{target.name}.{os.getpid()}.{get_ident()}.part")
    try:
        if form.is_stream:
            chunks: Iterator[bytes] = form.function(source, **options)
            with part.open("wb") as file:
                file.writelines(chunks)
        else:
            form.function(source, part, **options)
        _replace(part, target)
    finally:
        _remove(part)
    return target


def _replace(part: Path, target: Path) -> None:
    if part.is_dir() and target.is_dir():
        # A folder cannot be put in the place of another one at once.
        for table in part.iterdir():
            table.replace(target / table.name)
    else:
        part.replace(target)


def _remove(part: Path) -> None:
    if part.is_dir():
        for table in part.iterdir():
            table.unlink()
        part.rmdir()
    else:
        part.unlink(missing_ok=True)
