"""`statestore cut`."""

import pytest

from statestore.journal import JournalFile
from statestore.journal.verifying import verify


@pytest.mark.parametrize(
    ("commits", "ids"),
    [
        (["1..3"], ["T2", "T3"]),
        (["third..head"], ["T4"]),
        (["head~2.."], ["T3", "T4"]),
        (["2"], ["T1", "T2"]),
        (["root..5"], ["T1", "T2", "T3", "T4", "T5"]),
    ],
)
def test_a_piece_becomes_a_file(ask, recorded, tmp_path, commits, ids):
    """The commits after A up to B, by seqs and names; the head had been taken back to the fourth of five."""
    out = tmp_path / "piece.history"
    status, output, errors = ask("cut", recorded, *commits, "-o", out)
    assert (status, errors) == (0, "")
    assert f"{len(ids)} commits" in output
    assert verify(out).ok
    with JournalFile(out) as file:
        assert [commit.action.payload["id"] for commit in file.commits] == ids


def test_a_piece_can_be_named_behind_the_file(ask, recorded, tmp_path):
    """As everywhere: FILE@A..B."""
    assert ask("cut", f"{recorded}@third..5", "-o", tmp_path / "piece.history")[0] == 0
    assert verify(tmp_path / "piece.history").commits == 2


@pytest.mark.parametrize("commits", [[], ["2..99"], ["nobody..3"], ["4..2"], ["2..2"], ["1..2..3"]])
def test_what_is_no_piece_is_wrong_usage(ask, recorded, tmp_path, commits):
    """Status 2, one line, and no file."""
    status, output, errors = ask("cut", recorded, *commits, "-o", tmp_path / "piece.history")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == [recorded]


def test_a_damaged_file_is_to_be_repaired_first(ask, damaged, tmp_path):
    """Status 3, and no file."""
    status, _, errors = ask("cut", damaged, "1..2", "-o", tmp_path / "piece.history")
    assert (status, errors.count("\n")) == (3, 1)
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_torn_file_is_cut_all_the_same(ask, torn, tmp_path):
    """With a line on stderr that says so."""
    status, _, errors = ask("cut", torn, "root..5", "-o", tmp_path / "piece.history")
    assert (status, "is torn:" in errors) == (0, True)
    assert verify(tmp_path / "piece.history").commits == 5
