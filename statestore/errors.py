"""One tree of errors: everything raised on purpose descends from `StateStoreError` and from the fitting built-in."""


class StateStoreError(Exception):
    """Root of every error that this package raises on purpose."""


class ActionError(StateStoreError, TypeError):
    """A value of the wrong kind was given: an action, reducer, listener, middleware or selector that is none."""


class DispatchError(StateStoreError, RuntimeError):
    """The store cannot do this now: while reducing, while middleware is installed, locked, or after `close()`."""


class ReducerError(StateStoreError, RuntimeError):
    """A reducer broke its rules, for instance edited its draft and returned a value as well."""


class DraftError(StateStoreError, RuntimeError):
    """A draft was used after its recipe ended, or was put where it cannot be."""


class PatchError(StateStoreError, ValueError):
    """A patch does not fit the value that it is applied to."""


class HistoryError(StateStoreError, LookupError):
    """No such commit or snapshot; the message names what would have been valid."""


class JournalError(StateStoreError):
    """The history file cannot be written or read."""


class CorruptHistoryError(JournalError):
    """The history file is damaged in its middle; the message names the commits that are lost."""


class UnsupportedVersionError(JournalError):
    """The history file was written in a format version that this release does not know."""
