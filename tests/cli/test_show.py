"""`statestore show`."""

import json

from tests.cli.conftest import run


def test_a_commit_with_what_it_changed(recorded):
    """Seq, action and the change, the head when no ref is given, and by the name of a snapshot."""
    for ref, seq in ((), 4), (("5",), 5), (("head~1",), 3), (("third",), 3):
        status, output, _ = run("show", recorded, *ref)
        assert status == 0
        assert f"commit {seq} (parent {seq - 1})" in output
        assert f"+ root['tasks']['T{seq}']" in output


def test_the_state_after_a_commit(recorded):
    """`--state` is the whole state as JSON."""
    _, output, _ = run("show", recorded, "2", "--state")
    assert json.loads(output)["tasks"].keys() == {"T1", "T2"}


def test_an_unknown_ref_names_what_would_be_valid(recorded):
    """Status 2 and one line, with the refs that there are."""
    status, output, errors = run("show", recorded, "99")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "99" in errors
    assert "third" in errors
