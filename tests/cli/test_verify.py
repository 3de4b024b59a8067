"""`statestore verify`."""

import json


def test_a_sound_file_is_called_sound(ask, recorded):
    """In one line with what was checked, and status 0."""
    status, output, errors = ask("verify", recorded)
    assert (status, errors, output.count("\n")) == (0, "", 1)
    assert f"{recorded} is sound" in output
    assert "closed" in output
    assert "commits: 5" in output


def test_a_torn_end_is_told_and_is_no_damage(ask, torn):
    """Status 0: a crash tears files, and what is whole is right."""
    status, output, errors = ask("verify", torn)
    assert (status, errors) == (0, "")
    assert "torn at its end" in output


def test_damage_is_named(ask, damaged):
    """Each problem in a line with the commits that are lost, one line on stderr, status 3."""
    status, output, errors = ask("verify", damaged)
    assert (status, errors.count("\n")) == (3, 1)
    assert "commits 1 to 5 are lost" in output
    assert output.count("\n") == 1
    assert "is damaged" in errors


def test_machines_get_what_was_found(ask, recorded, damaged):
    """`--json` gives one object, with the same statuses."""
    status, output, _ = ask("verify", damaged, "--json")
    found = json.loads(output)
    assert (status, found["ok"], found["torn"], len(found["problems"])) == (3, False, False, 1)
