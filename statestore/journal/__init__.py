"""How a run is kept: the history file, its writer and its readers."""

from typing import TYPE_CHECKING

from statestore.loading import on_use

if TYPE_CHECKING:
    from statestore.journal.classes import REDACTED, Opaque, Unstored, register
    from statestore.journal.codec import Keyframe
    from statestore.journal.copying import compact, cut
    from statestore.journal.names import SENSITIVE
    from statestore.journal.reader import JournalFile
    from statestore.journal.recorder import Journal
    from statestore.journal.redaction import is_redacted
    from statestore.journal.repairing import Repair, repair
    from statestore.journal.verifying import Verification, verify

__all__ = [
    "REDACTED",
    "SENSITIVE",
    "Journal",
    "JournalFile",
    "Keyframe",
    "Opaque",
    "Repair",
    "Unstored",
    "Verification",
    "compact",
    "cut",
    "is_redacted",
    "register",
    "repair",
    "verify",
]

# Reading needs nothing of what writes.
__getattr__, __dir__ = on_use(
    __name__,
    {
        "statestore.journal.classes": ("REDACTED", "Opaque", "Unstored", "register"),
        "statestore.journal.codec": ("Keyframe",),
        "statestore.journal.copying": ("compact", "cut"),
        "statestore.journal.names": ("SENSITIVE",),
        "statestore.journal.reader": ("JournalFile",),
        "statestore.journal.recorder": ("Journal",),
        "statestore.journal.redaction": ("is_redacted",),
        "statestore.journal.repairing": ("Repair", "repair"),
        "statestore.journal.verifying": ("Verification", "verify"),
    },
)
