"""What a file says of the process that writes it."""

import os
import platform
from importlib import metadata
from typing import Any


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
