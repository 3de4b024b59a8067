"""Between a run and the standard library's logging: commits as log records, and log lines as part of spans."""

import logging
from typing import Any, Final

from statestore.errors import ActionError
from statestore.ports import Dispatch, StoreLike, Unsubscribe
from statestore.recording.frames import AnyFrame, get_current
from statestore.values import Commit

LINES: Final = "log"
"""Under this name the lines stand in the metadata of a span."""

# A line goes into every reader's table and into the file, as an error's text does.
_MAX_TEXT: Final = 1_000
_FROM_COMMIT: Final = "statestore_commit"


class LogCommits:
    """Makes each commit of a store a log record; a recorder, for `Store(..., middleware=[LogCommits()])`.

    The record has the commit itself as `statestore_commit` and the store's name as `statestore_store`, for formatters
    and filters. While nobody listens at that level, a commit costs the question whether anybody does. What a
    transaction made is logged once it stands; an action that failed makes no commit, see `log_actions`.

    Args:
        logger: the logger or its name.
        level: at which level.
    """

    def __init__(self, logger: logging.Logger | str = "statestore.commits", level: int = logging.INFO) -> None:
        self._logger = logging.getLogger(logger) if isinstance(logger, str) else logger
        self._level = level
        self._stop: Unsubscribe | None = None
        self._name = ""

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Observes the commits; adds nothing to the chain."""
        if self._stop is not None:
            raise ActionError("this LogCommits has a store already: make one for each")
        self._name = store.name
        self._stop = store.observe(self._log, Commit)
        return next

    def _log(self, commit: Commit) -> None:
        if not self._logger.isEnabledFor(self._level):
            return
        extra = {_FROM_COMMIT: commit, "statestore_store": self._name}
        text = "%s: commit %d, %s in %.1f µs, %d changes"
        numbers = (commit.seq, commit.action.type, commit.elapsed_ns / 1_000, len(commit.changes))
        self._logger.log(self._level, text, self._name, *numbers, extra=extra)

    def close(self) -> None:
        """Logs no more."""
        if self._stop is not None:
            self._stop()


class LogToSpans(logging.Handler):
    """Attaches each log line to the span in which it was emitted, of whatever store's `Timing`, or of none.

        logging.getLogger().addHandler(LogToSpans(logging.INFO))

    The span's metadata have the lines under `log`, each with wall_ns (since the epoch, UTC), level, logger and message.
    What is emitted outside of every span is not attached, nor are the lines of commits (`LogCommits`), as the span of a
    dispatch tells its commit anyhow.

    Args:
        level: lines below it are not attached.
        keep: so many lines are kept for a span, the newest; `log_left_out` tells how many more there were.
    """

    def __init__(self, level: int = logging.NOTSET, keep: int = 100) -> None:
        if type(keep) is not int or keep < 1:
            raise ActionError(f"LogToSpans(keep=...) takes a number of lines, 1 or more, not {keep!r}")
        super().__init__(level)
        self.keep = keep

    def emit(self, record: logging.LogRecord) -> None:
        """Attaches one line."""
        frame = get_current()
        if frame is None or hasattr(record, _FROM_COMMIT):
            return
        try:
            line = {
                "wall_ns": int(record.created * 1e9),
                "level": record.levelname,
                "logger": record.name,
                "message": record.getMessage()[:_MAX_TEXT],
            }
        except Exception:  # noqa: BLE001  # as every handler does with a message that does not fit its arguments
            self.handleError(record)
            return
        self._attach(frame, line)

    def _attach(self, frame: AnyFrame, line: dict[str, Any]) -> None:
        # All of it is made anew, as a reader in another thread may look at what was there.
        metadata = dict(frame.metadata or {})
        lines = [*metadata.get(LINES, ()), line]
        if len(lines) > self.keep:
            metadata["log_left_out"] = metadata.get("log_left_out", 0) + len(lines) - self.keep
        metadata[LINES] = lines[-self.keep :]
        frame.metadata = metadata
