"""Recorded values to the records that go into the file: encoded once, redacted where a rule says so."""

from collections.abc import Callable
from typing import Any, NamedTuple

from statestore.journal.codec import (
    Keyframe,
    encode_keyframe,
    encode_value,
    kind_of,
    pack_commit,
)
from statestore.journal.format import RecordKind
from statestore.journal.packing import Packing
from statestore.journal.redaction import Redactor
from statestore.values import Commit


class Encoded(NamedTuple):
    """A record ready for the file, and the value that it is of."""

    kind: RecordKind
    record: bytes
    redacted: bool
    value: Any


class RecordEncoder:
    """Encodes values for one file, where they are made: what is in a payload may be changed right after."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor if redactor else None

    @property
    def usual_names_only(self) -> bool:
        """Whether nothing but the usual names is to be hidden, which the quick ways of encoding look for themselves."""
        return self._redactor is None or self._redactor.usual_names_only

    def shows_all_of(self, record: bytes) -> bool:
        """Whether a commit's own record may go into the file."""
        return self._redactor is None or self._redactor.shows_all_of(record)

    def encode(self, value: Any) -> Encoded:
        """The record of any value, redacted; by now it was accepted, so what cannot be stored is stored as its repr."""
        if type(value) is Commit:
            return self._commit(value)
        if type(value) is Keyframe:
            return self._hiding(RecordKind.KEYFRAME, value, encode_keyframe)
        return self._hiding(kind_of(value), value, encode_value)

    def _commit(self, commit: Commit) -> Encoded:
        record = commit.wire or pack_commit(commit, Packing("repr"))
        redactor = self._redactor
        if redactor is None or redactor.shows_all_of(record):
            return Encoded(RecordKind.COMMIT, record, False, commit)
        packing, cut = Packing("repr", redactor.hides), redactor.cut(commit)
        record = pack_commit(cut, packing)
        return Encoded(RecordKind.COMMIT, record, packing.redacted or cut is not commit, commit)

    def _hiding(self, kind: RecordKind, value: Any, encode: Callable[[Any, Packing], bytes]) -> Encoded:
        record = encode(value, Packing("repr"))
        if self._redactor is None or not self._redactor.may_hide(record):
            return Encoded(kind, record, False, value)
        packing = Packing("repr", self._redactor.hides)
        return Encoded(kind, encode(value, packing), packing.redacted, value)
