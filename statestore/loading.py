"""Names of a package that are loaded when they are asked for first, so that a start costs only what it uses."""

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_use(package: str, homes: Mapping[str, tuple[str, ...]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Gives the `__getattr__` and the `__dir__` of a package.

    No module among the homes may be called as one of the names is: the module would stand in its place.

    Args:
        package: its name.
        homes: which names are found in which module.
    """
    home_of = {name: module for module, names in homes.items() for name in names}
    own = vars(sys.modules[package])

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = own[name] = getattr(import_module(home_of[name]), name)
        return value

    def names() -> list[str]:
        return sorted({*own, *home_of})

    return get, names


def begin_if_set(variable: str, module: str) -> None:
    """Calls `begin` of a module with the value of an environment variable; loads nothing where that is not set."""
    if value := os.environ.get(variable):
        import_module(module).begin(value)
