"""How much memory the machine has given to this process."""

import os
import sys
from pathlib import Path

# Linux: sizes in pages, of which the second is what is resident.
_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """How much memory this process holds now; where the system does not say (macOS), the most that it ever held."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_bytes()


def peak_bytes() -> int:
    """The most memory that this process ever held; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    # Bytes on macOS, kilobytes on Linux and the BSDs, as their manuals have it.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
