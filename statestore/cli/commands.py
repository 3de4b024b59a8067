"""Asking a command about a state, with the convention of `git bisect run`."""

import subprocess
import sys
from typing import Any, Final

from statestore.cli.output import to_json
from statestore.errors import HistoryError

_SKIP: Final = 125
_ABORT: Final = 128


def ask_command(command: str, state: Any) -> bool | None:
    """Whether the state is bad; None where the command cannot tell. What it prints goes to stderr.

    Args:
        command: for the shell, as a person types it.
        state: goes to its standard input as JSON.

    Raises:
        HistoryError: it ended with a status of 128 or more, or by a signal, which ends the search.
    """
    done = subprocess.run(  # noqa: S602  # a shell is what the person at the keyboard asks for
        command, shell=True, input=to_json(state).encode(errors="backslashreplace"), stdout=sys.stderr, check=False
    )
    status = done.returncode
    if status < 0 or status >= _ABORT:
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise HistoryError(f"the command ended {how}, which ends the search: {command}")
    return None if status == _SKIP else status != 0
