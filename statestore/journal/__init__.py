"""How a run is kept: the history file, its writer and its readers."""

from statestore.journal.classes import REDACTED, Opaque, Unstored, register
from statestore.journal.codec import Keyframe
from statestore.journal.names import SENSITIVE
from statestore.journal.reader import JournalFile
from statestore.journal.recorder import Journal
from statestore.journal.redaction import is_redacted

__all__ = [
    "REDACTED",
    "SENSITIVE",
    "Journal",
    "JournalFile",
    "Keyframe",
    "Opaque",
    "Unstored",
    "is_redacted",
    "register",
]
