"""`statestore show`."""

import json

from tests.cli.conftest import on_terminal


def test_a_commit_with_what_it_changed(ask, recorded):
    """Seq, action and the change, the head when no ref is given, and by the name of a snapshot."""
    for place, ref, seq in ("", (), 4), ("", ("5",), 5), ("", ("head~1",), 3), ("", ("third",), 3), ("@third", (), 3):
        status, output, _ = ask("show", f"{recorded}{place}", *ref)
        assert status == 0
        assert f"commit {seq} (parent {seq - 1})" in output
        assert f"+ root['tasks']['T{seq}']" in output


def test_the_state_after_a_commit(ask, recorded):
    """`--state` is the whole state as JSON, the root's too."""
    assert json.loads(ask("show", recorded, "2", "--state")[1])["tasks"].keys() == {"T1", "T2"}
    assert json.loads(ask("show", f"{recorded}@root", "--state")[1]) == {"tasks": {}}


def test_an_unknown_ref_names_what_would_be_valid(ask, recorded):
    """Status 2 and one line, with the refs that there are."""
    status, output, errors = ask("show", recorded, "99")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "99" in errors
    assert "third" in errors


def test_two_refs_are_one_too_many(ask, recorded):
    """Behind the file and after it."""
    status, _, errors = ask("show", f"{recorded}@3", "2")
    assert (status, "two refs" in errors) == (2, True)


def test_a_terminal_gets_colours(recorded):
    """What was added is green, unless NO_COLOR is set."""
    assert "\x1b[32m+ root['tasks']['T4']" in on_terminal("show", recorded)
    assert "\x1b" not in on_terminal("show", recorded, NO_COLOR="1")
