"""statestore: Redux's dispatch, git's history and a profiler's timeline, for workflow code in Python."""

from typing import TYPE_CHECKING

from statestore.loading import begin_if_set, on_use

if TYPE_CHECKING:
    from statestore.core.combine import combine
    from statestore.core.creators import ActionCreator
    from statestore.core.effects import Effects
    from statestore.core.middleware import log_actions, thunk
    from statestore.core.selectors import select
    from statestore.core.slices import Slice
    from statestore.core.store import Store
    from statestore.errors import (
        ActionError,
        CorruptHistoryError,
        DispatchError,
        DraftError,
        HistoryError,
        JournalError,
        PatchError,
        ReducerError,
        StateStoreError,
        UnsupportedVersionError,
    )
    from statestore.history.file import HistoryFile, open_history
    from statestore.history.history import History
    from statestore.history.jsonpatch import from_json_patch, to_json_patch
    from statestore.history.replaying import Divergence, ReplayReport, replay, verify_replay
    from statestore.history.resuming import resume
    from statestore.history.upcasting import Upcaster
    from statestore.journal import Journal, register
    from statestore.recording import (
        Above,
        Alerts,
        Deviates,
        Gauges,
        Memory,
        Milestones,
        Report,
        StackProfiler,
        Stats,
        Timing,
    )
    from statestore.run import Run
    from statestore.tree.diff import Diff, diff
    from statestore.tree.drafts import current, original, produce, produce_with_patches
    from statestore.tree.freezing import freeze, thaw
    from statestore.tree.patches import apply_patches
    from statestore.values import (
        Action,
        Alert,
        Commit,
        GaugeSample,
        MemorySample,
        Milestone,
        Move,
        Patch,
        Rollback,
        Snapshot,
        Span,
    )

__version__ = "0.1.0"

__all__ = [
    "Above",
    "Action",
    "ActionCreator",
    "ActionError",
    "Alert",
    "Alerts",
    "Commit",
    "CorruptHistoryError",
    "Deviates",
    "Diff",
    "DispatchError",
    "Divergence",
    "DraftError",
    "Effects",
    "GaugeSample",
    "Gauges",
    "History",
    "HistoryError",
    "HistoryFile",
    "Journal",
    "JournalError",
    "Memory",
    "MemorySample",
    "Milestone",
    "Milestones",
    "Move",
    "Patch",
    "PatchError",
    "ReducerError",
    "ReplayReport",
    "Report",
    "Rollback",
    "Run",
    "Slice",
    "Snapshot",
    "Span",
    "StackProfiler",
    "StateStoreError",
    "Stats",
    "Store",
    "Timing",
    "UnsupportedVersionError",
    "Upcaster",
    "apply_patches",
    "combine",
    "current",
    "diff",
    "freeze",
    "from_json_patch",
    "log_actions",
    "open_history",
    "original",
    "produce",
    "produce_with_patches",
    "register",
    "replay",
    "resume",
    "select",
    "thaw",
    "thunk",
    "to_json_patch",
    "verify_replay",
]

# Loaded when they are asked for first: a program that only dispatches starts quickly, and so does the command line.
__getattr__, __dir__ = on_use(
    __name__,
    {
        "statestore.core.combine": ("combine",),
        "statestore.core.creators": ("ActionCreator",),
        "statestore.core.effects": ("Effects",),
        "statestore.core.middleware": ("log_actions", "thunk"),
        "statestore.core.selectors": ("select",),
        "statestore.core.slices": ("Slice",),
        "statestore.core.store": ("Store",),
        "statestore.errors": (
            "ActionError",
            "CorruptHistoryError",
            "DispatchError",
            "DraftError",
            "HistoryError",
            "JournalError",
            "PatchError",
            "ReducerError",
            "StateStoreError",
            "UnsupportedVersionError",
        ),
        "statestore.history": (
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
        ),
        "statestore.journal": ("Journal", "register"),
        "statestore.recording": (
            "Above",
            "Alerts",
            "Deviates",
            "Gauges",
            "Memory",
            "Milestones",
            "Report",
            "StackProfiler",
            "Stats",
            "Timing",
        ),
        "statestore.run": ("Run",),
        "statestore.tree.diff": ("Diff", "diff"),
        "statestore.tree.drafts": ("current", "original", "produce", "produce_with_patches"),
        "statestore.tree.freezing": ("freeze", "thaw"),
        "statestore.tree.patches": ("apply_patches",),
        "statestore.values": (
            "Action",
            "Alert",
            "Commit",
            "GaugeSample",
            "MemorySample",
            "Milestone",
            "Move",
            "Patch",
            "Rollback",
            "Snapshot",
            "Span",
        ),
    },
)

# The one thing that is done without being asked for in code.
begin_if_set("STATESTORE_RECORD", "statestore.autorecord")
