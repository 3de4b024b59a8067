"""What the state was: undo, time travel, rewriting, replay, and who changed this; over a live run and over a file."""

from statestore.history.file import HistoryFile, open_history
from statestore.history.history import History
from statestore.history.jsonpatch import from_json_patch, to_json_patch
from statestore.history.replay import Divergence, ReplayReport, replay, verify_replay
from statestore.history.resume import resume
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
