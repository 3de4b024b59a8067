"""statestore: Redux's dispatch, git's history and a profiler's timeline, for workflow code in Python."""

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
from statestore.tree.diff import Diff, diff
from statestore.tree.drafts import current, original, produce, produce_with_patches
from statestore.tree.freezing import freeze, thaw
from statestore.tree.patches import apply_patches
from statestore.values import Action, Commit, MemorySample, Milestone, Move, Patch, Rollback, Snapshot, Span

__version__ = "0.1.0"
