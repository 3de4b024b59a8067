"""Where a verb that makes a history file puts it."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def out_option(function: F) -> F:
    """The option `out`, the path of a file that has no content yet; a tool makes it whole or not at all."""
    return click.option(
        "-o",
        "--output",
        "out",
        type=click.Path(dir_okay=False),
        metavar="OUT",
        required=True,
        callback=_check_free,
        help="The file to write, which must not be there yet.",
    )(function)


def _check_free(ctx: click.Context, option: click.Parameter, path: str) -> str:
    from pathlib import Path  # a fifth of what help costs, and of no use to it

    if Path(path).exists() and Path(path).stat().st_size:
        raise click.BadParameter(f"{path} has content; give the path of a new file")
    return path
