"""Refs: every way to name a commit, and what is said of those that name none."""

import pytest

from statestore import HistoryError
from tests.history.boards import make_store, put


@pytest.fixture
def history():
    """Three commits in a row, a snapshot on the second, and a branch of one from the first."""
    store, history = make_store()
    store.dispatch(put("a"))
    store.dispatch(put("b"))
    history.snapshot("second")
    store.dispatch(put("c"))
    history.goto(1)
    store.dispatch(put("d"))
    history.goto(3)
    return history


@pytest.mark.parametrize(
    ("ref", "seq"),
    [
        (2, 2), ("2", 2), ("head", 3), ("head~0", 3), ("head~1", 2), ("head~", 2), ("head~~", 1), ("head~1~1", 1),
        ("4~1", 1), ("second", 2), ("second~1", 1),
    ],
)  # fmt: skip
def test_a_ref_names_a_commit(history, ref, seq):
    """Seqs, head, steps back and names of snapshots lead to their commit."""
    assert history.commit(ref).seq == seq


@pytest.mark.parametrize("ref", ["root", 0, "0", "head~3", "4~2"])
def test_the_root_has_a_state_but_is_no_commit(history, ref):
    """The root is named in many ways; asking for its commit raises, asking for its state does not."""
    assert history.state_at(ref) == history.state_at("root")
    with pytest.raises(HistoryError, match="no commit"):
        history.commit(ref)


def test_values_are_refs(history):
    """A commit and a snapshot name themselves."""
    assert history.commit(history.commits[1]).seq == 2
    assert history.commit(history.snapshots[0]).seq == 2


@pytest.mark.parametrize(
    "ref",
    [
        5, -1, "5", "nothing", "", "~1", "head~4", "root~1", "Head", None, 1.0, True, b"head", (1,),
        "9" * 5_000, "head~" + "9" * 5_000,
    ],
)  # fmt: skip
def test_an_unknown_ref_raises_and_nothing_moves(history, ref):
    """The error is a HistoryError, and the head stays where it was."""
    with pytest.raises(HistoryError):
        history.goto(ref)
    assert history.head.seq == 3


def test_the_error_names_what_would_be_valid(history):
    """The message lists seqs and snapshots."""
    with pytest.raises(HistoryError, match=r"no commit 9; valid are head, root, head~2, seqs 1 to 4, 'second'"):
        history.state_at(9)


def test_a_commit_of_another_history_is_refused(history):
    """A commit counts as a ref only in the history that it is of, whatever its seq."""
    other_store, other = make_store()
    other_store.dispatch(put("z"))
    with pytest.raises(HistoryError, match="another one"):
        history.state_at(other.head)


def test_a_snapshot_of_another_history_is_refused(history):
    """A snapshot counts as a ref only where it was taken."""
    _, other = make_store()
    with pytest.raises(HistoryError, match="not of this history"):
        history.state_at(other.snapshot("second"))


def test_steps_back_cost_no_step_each():
    """A ref a million steps back is answered, or refused, at once."""
    store, history = make_store()
    store.dispatch(put("a"))
    with pytest.raises(HistoryError, match="beyond the root"):
        history.commit("head~1000000")
