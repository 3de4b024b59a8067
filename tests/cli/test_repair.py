"""`statestore repair`."""

import json

from statestore.cli.repair import stretches
from statestore.journal import JournalFile
from statestore.journal.verifying import verify


def test_a_damaged_file_becomes_a_sound_one(ask, damaged, tmp_path):
    """What is lost is said, the new file verifies, and the damaged one is as it was."""
    before, out = damaged.read_bytes(), tmp_path / "repaired.history"
    status, output, errors = ask("repair", damaged, "-o", out)
    assert (status, errors) == (0, "")
    assert "lost: 1 to 5" in output
    assert verify(out).ok
    assert damaged.read_bytes() == before


def test_a_sound_file_loses_nothing(ask, recorded, tmp_path):
    """Its copy has the same commits."""
    out = tmp_path / "repaired.history"
    status, output, _ = ask("repair", recorded, "-o", out)
    assert (status, "nothing is lost" in output) == (0, True)
    with JournalFile(recorded) as source, JournalFile(out) as copy:
        assert list(copy.commits) == list(source.commits)


def test_a_torn_file_loses_its_torn_end(ask, torn, tmp_path):
    """The bytes that are cut off are counted, and machines get the same as an object."""
    status, output, _ = ask("repair", torn, "-o", tmp_path / "repaired.history")
    assert (status, "torn bytes cut off" in output, "lost" in output) == (0, True, False)
    _, output, _ = ask("repair", torn, "-o", tmp_path / "again.history", "--json")
    made = json.loads(output)
    assert (made["commits"], made["lost"], made["unproved"]) == (5, [], [])
    assert made["cut_bytes"] > 0


def test_a_name_that_is_taken_is_refused(ask, recorded, tmp_path):
    """Also the file itself: status 2, one line, and nothing is written over."""
    before = recorded.read_bytes()
    for arguments in (("-o", recorded), ("-o", tmp_path / "none" / "out"), ("-o", tmp_path), ()):
        status, output, errors = ask("repair", recorded, *arguments)
        assert (status, output, errors.count("\n")) == (2, "", 1)
    assert recorded.read_bytes() == before
    assert list(tmp_path.iterdir()) == [recorded]


def test_seqs_in_few_words():
    """Neighbours make a stretch."""
    assert stretches([3]) == "3"
    assert stretches([7, 1, 2, 3, 9, 10]) == "1 to 3, 7, 9 to 10"
