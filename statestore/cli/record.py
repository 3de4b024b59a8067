"""`statestore record SCRIPT`: runs a program with every store that it makes on record."""

import os
import sys
from typing import Final

import click

_SUFFIX: Final = ".history"


# What follows the program is the program's, options too.
@click.command(context_settings={"allow_interspersed_args": False})
@click.option("-o", "--output", metavar="PATH", help="The file of the first store; by default named as the program is.")
@click.option("-m", "is_module", is_flag=True, help="SCRIPT is the name of a module, as for python -m.")
@click.argument("script")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
def record(output: str | None, is_module: bool, script: str, arguments: tuple[str, ...]) -> int:
    r"""Runs a Python program and records every store that it makes, with no change to its code.

    Each store gets a file of its own: app.history, then app-2.history and so on; what is there already stays. In PATH,
    {name} becomes the name of the store and {pid} the process. The program's own children are recorded too. It runs as
    with python SCRIPT: arguments, output and exit status are its own.

    The environment variable STATESTORE_RECORD=PATH does the same for any program, however it is started.

    \b
    Examples:
      statestore record app.py --workers 4
      statestore record -o run.history -m package.tool
    """
    if not is_module and not os.path.exists(script):  # noqa: PTH110  # help does not wait for pathlib
        raise click.UsageError(f"File {script!r} does not exist.")
    command = [sys.executable, *(["-m"] if is_module else []), script, *arguments]
    return _run(command, {**os.environ, **_variables(output or _name(script, is_module) + _SUFFIX)})


def _name(script: str, is_module: bool) -> str:
    from pathlib import Path

    return script.rpartition(".")[2] if is_module else Path(script).resolve().stem


def _variables(path: str) -> dict[str, str]:
    from pathlib import Path

    from statestore.autorecord import TELL, VARIABLE

    told = {TELL: str(os.getpid())} if sys.stderr.isatty() else {}
    return {VARIABLE: str(Path(path).absolute()), **told}


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Becomes the program, so that signals and exit status are its own; where that cannot be, waits for it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606  # it is what was asked for
    import subprocess

    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
