"""The commits as they are kept: bytes, compressed when there are many, and values again when they are read."""

import pytest

from statestore import Action, Commit, HistoryError
from statestore.history import log
from statestore.history.log import CommitLog


class Odd:
    """What no file can hold."""


def commit(seq, payload=None):
    """A commit that changes something."""
    change = ("replace", ("tasks", f"T{seq % 7}", "status"), f"at {seq}", "before")
    label = "told" if seq % 10 == 0 else None
    return Commit(seq, seq - 1, Action("set", payload or {"n": seq}), (change,), seq * 1_000, 7, None, label)


@pytest.mark.parametrize("every", [None, 3])
@pytest.mark.parametrize("odd", [Odd(), (1, {"a": [2]})])
def test_what_is_added_is_read_again(odd, every, monkeypatch):
    """In order, backwards, one by one and across segments; also when some could not be encoded, or not so quickly."""
    monkeypatch.setattr(log, "SEGMENT_BYTES", 1_000)
    commits = [commit(seq, {"odd": odd} if every and seq % every == 0 else None) for seq in range(1, 101)]
    kept = CommitLog()
    for each in commits:
        assert kept.add(each) > 0
    assert len(kept._parts.segments) > 3
    assert [kept[seq] for seq in range(1, 101)] == commits
    assert list(kept.read(range(1, 101))) == commits
    assert list(kept.read(range(90, 10, -1))) == commits[89:9:-1]
    assert list(kept.changes(range(5, 50))) == [each.changes for each in commits[4:49]]
    assert list(kept.changes(range(100, 3, -1))) == [each.changes for each in commits[:2:-1]]
    assert [next(kept.changes(range(seq, seq + 1))) for seq in (1, 50, 100)] == [
        commits[i].changes for i in (0, 49, 99)
    ]
    assert list(kept.read(range(7, 7))) == []
    assert [(each.seq, each.action, each.changes, each.label) for each in kept.lazily(range(3, 101))] == [
        (each.seq, each.action, each.changes, each.label) for each in commits[2:]
    ]


def test_a_thousand_small_commits_take_few_bytes():
    """Compressed, a commit of the usual kind is a few dozen bytes."""
    kept = CommitLog()
    for seq in range(1, 5_001):
        kept.add(commit(seq))
    assert kept.kept_bytes / 5_000 < 40


def test_adding_twice_is_adding_once():
    """A commit that is handed over again, after an interrupt, is kept once."""
    kept = CommitLog()
    for seq in (1, 1, 2, 2, 3):
        kept.add(commit(seq))
    assert [each.seq for each in kept.read(range(1, 4))] == [1, 2, 3]
    with pytest.raises(HistoryError, match="commit 4"):
        kept[4]


def test_forgotten_commits_are_gone(monkeypatch):
    """Whole segments go once nothing of them is wanted; asking for one of their commits raises."""
    monkeypatch.setattr(log, "SEGMENT_BYTES", 1_000)
    kept = CommitLog()
    for seq in range(1, 1_001):
        kept.add(commit(seq))
    before = kept.kept_bytes
    kept.forget(900)
    assert kept.kept_bytes < before / 3
    assert [each.seq for each in kept.read(range(900, 1_001))] == list(range(900, 1_001))
    with pytest.raises(HistoryError, match="commit 1 "):
        kept[1]


def test_commits_from_before_are_read_where_they_are():
    """Those up to the seq that it begins after come from the function that it was given."""
    kept = CommitLog(10, commit)
    kept.add(commit(11))
    assert [each.seq for each in kept.read(range(8, 12))] == [8, 9, 10, 11]
    kept.forget(11)
    with pytest.raises(HistoryError):
        kept[10]
