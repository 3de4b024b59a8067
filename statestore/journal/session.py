"""What a file says of the processes that wrote it."""

import os
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from statestore.values import Session


def describe_process() -> dict[str, Any]:
    """The fields of a `Header` that are the process's rather than the run's."""
    return {
        "process_id": os.getpid(),
        "python": platform.python_version(),
        "statestore": _version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _version() -> str:
    try:
        return metadata.version("statestore")
    except metadata.PackageNotFoundError:  # run from a source tree
        return "unknown"


def sessions_of(facts: Iterable[Mapping[str, Any]]) -> list[Session]:
    """The sessions of which these are the facts, oldest first; what is no number in a broken file counts as 0.

    Where the wall clock was set back before the run was resumed, a session seems to begin before the last one ended.
    """
    found: list[Session] = []
    run_began_ns = 0
    for number, fact in enumerate(facts):
        if not number:
            run_began_ns = _number(fact, "started_wall_ns")
            found.append(Session(0, 0, _number(fact, "process_id")))
        else:
            started_ns = max(_number(fact, "wall_ns") - run_began_ns, found[-1].started_ns)
            found.append(Session(number, started_ns, _number(fact, "process_id")))
    return found


def _number(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0
