"""What the state was: undo, time travel, rewriting, replay, and who changed this; over a live run and over a file."""

from typing import TYPE_CHECKING

from statestore.loading import on_use

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile, open_history
    from statestore.history.history import History
    from statestore.history.jsonpatch import from_json_patch, to_json_patch
    from statestore.history.replaying import Divergence, ReplayReport, replay, verify_replay
    from statestore.history.resuming import resume
    from statestore.history.upcasting import Upcaster

__all__ = [
    "Divergence",
    "History",
    "HistoryFile",
    "ReplayReport",
    "Upcaster",
    "from_json_patch",
    "open_history",
    "replay",
    "resume",
    "to_json_patch",
    "verify_replay",
]

# Reading a file needs no store and no threads.
__getattr__, __dir__ = on_use(
    __name__,
    {
        "statestore.history.file": ("HistoryFile", "open_history"),
        "statestore.history.history": ("History",),
        "statestore.history.jsonpatch": ("from_json_patch", "to_json_patch"),
        "statestore.history.replaying": ("Divergence", "ReplayReport", "replay", "verify_replay"),
        "statestore.history.resuming": ("resume",),
        "statestore.history.upcasting": ("Upcaster",),
    },
)
