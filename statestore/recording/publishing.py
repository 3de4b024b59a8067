"""Publishing spans as they end, for those who observe them; those of a transaction when it has ended."""

from statestore.ports import StoreLike
from statestore.recording.spanlog import rolled_back
from statestore.values import Commit, Rollback, Span


class SpanPublisher:
    """Hands spans to the store's observers.

    A dispatch inside a transaction ends before it is known whether its commit will stand. Its commit has not been
    published then, which tells it from all others: its span waits for the commit, or for the rollback.
    """

    def __init__(self, store: StoreLike) -> None:
        self._store = store
        self._newest = store.seq
        self._waiting: dict[int, Span] = {}
        self._release = [store.observe(self._note_commit, Commit), store.observe(self._note_rollback, Rollback)]

    def publish(self, span: Span) -> None:
        """Publishes the span now, or once its commit stands."""
        if span.seq is not None and span.seq > self._newest:
            self._waiting[span.seq] = span
        else:
            self._store.publish(span)

    def _note_commit(self, commit: Commit) -> None:
        self._newest = commit.seq
        if self._waiting and (span := self._waiting.pop(commit.seq, None)) is not None:
            self._store.publish(span)

    def _note_rollback(self, rollback: Rollback) -> None:
        for seq in range(rollback.first_seq, rollback.last_seq + 1):
            if (span := self._waiting.pop(seq, None)) is not None:
                self._store.publish(rolled_back(span, rollback))

    def close(self) -> None:
        """Publishes no more."""
        for release in self._release:
            release()
