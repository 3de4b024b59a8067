"""How a person names a commit: a seq, `head`, `root`, `head~2`, a snapshot's name, or the value itself."""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from statestore.errors import HistoryError
from statestore.values import Commit, Snapshot

_BACK = re.compile(r"(?P<base>[^~]*)(?P<steps>(?:~[0-9]{0,18})+)")
_SEQ = re.compile(r"[0-9]{1,18}")
_RESERVED = re.compile(r"head|root|[+-]?\d+|\s.*|.*\s|", re.DOTALL)


class Named(Protocol):
    """What names are looked up in."""

    @property
    def position(self) -> int:
        """Where the head is: a seq or a root."""

    @property
    def first(self) -> int:
        """The oldest seq."""

    @property
    def newest(self) -> int:
        """The newest seq."""

    @property
    def root(self) -> int:
        """The root under the head."""

    @property
    def snapshots(self) -> Sequence[Snapshot]: ...
    def back(self, position: int, steps: int) -> int | None: ...
    def commit_at(self, seq: int) -> Commit: ...


def resolve(ref: Any, past: Named) -> int:
    """The position that a ref names.

    Raises:
        HistoryError: the ref is unknown, was evicted, is ambiguous, or is none at all; the message names what is valid.
    """
    if isinstance(ref, Snapshot):
        return _of_snapshot(ref, past)
    if isinstance(ref, Commit):
        return _of_commit(ref, past)
    if isinstance(ref, int) and not isinstance(ref, bool):
        return _of_seq(ref, past)
    if isinstance(ref, str):
        return _of_text(ref, past)
    raise HistoryError(f"a ref is a seq, a text, a Commit or a Snapshot, not {type(ref).__name__}; {_valid(past)}")


def check_name(name: Any, snapshots: Sequence[Snapshot]) -> str:
    """The name, if a snapshot may have it."""
    if not isinstance(name, str):
        raise HistoryError(f"the name of a snapshot is a text, not {name!r}")
    if _RESERVED.fullmatch(name) or "~" in name or ".." in name:
        raise HistoryError(f"{name!r} cannot name a snapshot, as it reads like a ref; take a word without '~' and '..'")
    if any(snapshot.name == name for snapshot in snapshots):
        raise HistoryError(f"there is a snapshot {name!r} already; names are unique")
    return name


def find_snapshot(key: Any, snapshots: Sequence[Snapshot]) -> Snapshot:
    """The snapshot with that id or name."""
    found = [snapshot for snapshot in snapshots if key in (snapshot.name, snapshot.id) and not isinstance(key, bool)]
    if len(found) > 1:
        raise HistoryError(f"{key!r} is ambiguous: snapshots of that name are at {_list([s.seq for s in found])}")
    if not found:
        known = [f"{snapshot.name!r} (id {snapshot.id})" for snapshot in snapshots]
        raise HistoryError(f"no snapshot {key!r}; there are {_list(known)}")
    return found[0]


def _of_snapshot(snapshot: Snapshot, past: Named) -> int:
    if not any(known == snapshot for known in past.snapshots):
        raise HistoryError(f"snapshot {snapshot.name!r} (id {snapshot.id}) is not of this history; {_valid(past)}")
    return snapshot.seq


def _of_commit(commit: Commit, past: Named) -> int:
    position = _of_seq(commit.seq, past)
    if past.commit_at(position) != commit:
        raise HistoryError(f"the commit with seq {commit.seq} is another one in this history: {commit!r} is not of it")
    return position


def _of_seq(seq: int, past: Named) -> int:
    if seq == 0:
        return past.root
    if past.first <= seq <= past.newest or any(snapshot.seq == seq for snapshot in past.snapshots):
        return seq
    if 0 < seq < past.first:
        raise HistoryError(f"commit {seq} was evicted; {_valid(past)}")
    raise HistoryError(f"no commit {seq}; {_valid(past)}")


def _of_text(text: str, past: Named) -> int:
    if text == "head":
        return past.position
    if text == "root" or _SEQ.fullmatch(text):
        return _of_seq(int(text) if text != "root" else 0, past)
    back = _BACK.fullmatch(text)
    if back is None:
        return _of_name(text, past)
    start = _of_text(back["base"], past)
    steps = sum(int(step or 1) for step in back["steps"][1:].split("~"))
    position = past.back(start, steps)
    if position is None:
        raise HistoryError(f"{text!r} is beyond the root: there are not so many commits before {back['base']}")
    return position


def _of_name(name: str, past: Named) -> int:
    if not any(snapshot.name == name for snapshot in past.snapshots):
        raise HistoryError(f"no commit or snapshot {name!r}; {_valid(past)}")
    return find_snapshot(name, past.snapshots).seq


def _valid(past: Named) -> str:
    seqs = [f"seqs {past.first} to {past.newest}"] if past.first <= past.newest else []
    return f"valid are {_list(['head', 'root', 'head~2', *seqs, *[repr(s.name) for s in past.snapshots]])}"


def _list(names: Sequence[Any]) -> str:
    shown = [str(name) for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "") if shown else "none"
