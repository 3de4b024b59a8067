"""Finding what a person names as `module:name`, such as a reducer, as `python -m` would find the module."""

import sys
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any, NamedTuple

import click

from statestore.cli.text import clean


class Loaded(NamedTuple):
    """What was found, and how it was named."""

    text: str
    value: Any


class LoadedType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Imports `module:name`, where the name may have dots; what goes wrong in the module is told in one line.

    Args:
        what: what is looked for, for messages; it can be called.
    """

    name = "module:name"

    def __init__(self, what: str) -> None:
        self._what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Loaded:
        if isinstance(value, Loaded):
            return value
        module, colon, path = value.partition(":")
        if not (module and colon and path):
            self.fail(f"a {self._what} is named as module:name, as in app.state:backlog, not {value!r}", param, ctx)
        try:
            found = _find(module, path)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's module raises
            self.fail(f"cannot load {value}: {clean(f'{type(error).__name__}: {error}')}", param, ctx)
        except SystemExit as error:
            self.fail(f"cannot load {value}: importing {module} ends the program ({error.code})", param, ctx)
        if not callable(found):
            self.fail(f"{value} is no {self._what}, but {clean(repr(found))[:100]}", param, ctx)
        return Loaded(value, found)


def _find(module: str, path: str) -> Any:
    if "" not in sys.path:
        sys.path.insert(0, "")  # the current folder, which a command does not look into by itself
    with redirect_stdout(sys.stderr):  # what it prints is no part of the answer
        found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found
