"""`statestore compact`."""

from statestore.journal import JournalFile
from statestore.journal.verifying import verify


def test_a_file_is_packed(ask, recorded, tmp_path):
    """It says the same, and both sizes are told."""
    out = tmp_path / "small.history"
    status, output, errors = ask("compact", recorded, "-o", out)
    assert (status, errors) == (0, "")
    assert f"{out.stat().st_size:,} bytes instead of {recorded.stat().st_size:,}" in output
    assert verify(out).ok
    with JournalFile(recorded) as source, JournalFile(out) as copy:
        assert list(copy.commits) == list(source.commits)
        assert copy.closed


def test_a_torn_file_is_packed_and_stays_open(ask, torn, tmp_path):
    """A line on stderr says that it is torn; what is whole is there, without a closing mark."""
    out = tmp_path / "small.history"
    status, _, errors = ask("compact", torn, "-o", out)
    assert (status, "torn" in errors) == (0, True)
    with JournalFile(out) as copy:
        assert (len(copy.commits), copy.closed, copy.torn) == (5, False, False)


def test_a_damaged_file_is_to_be_repaired_first(ask, damaged, tmp_path):
    """Status 3, one line, and no file."""
    status, output, errors = ask("compact", damaged, "-o", tmp_path / "small.history")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert list(tmp_path.iterdir()) == [damaged]
