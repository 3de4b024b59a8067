"""`statestore blame`."""

import json

import pytest


@pytest.mark.parametrize("path", ["tasks.T2.status", "tasks['T2'].status", "/tasks/T2/status", "root['tasks']['T2']"])
def test_who_set_a_value(ask, recorded, path):
    """In whichever form the path is written."""
    status, output, errors = ask("blame", recorded, path)
    assert (status, errors) == (0, "")
    assert output.startswith("commit 2 (parent 1)\n")


def test_up_to_a_ref(ask, job):
    """What set it last before that commit is another one than what set it last."""
    last = json.loads(ask("blame", job, "counts.planned", "--json")[1])
    before = json.loads(ask("blame", f"{job}@{last['seq']}~1", "counts.planned", "--json")[1])
    assert before["seq"] < last["seq"]
    assert any(patch["path"] == ["counts", "planned"] for patch in before["patches"])


def test_what_nobody_set_is_no_error(ask, recorded):
    """A value that is as it was at the root has no commit."""
    assert ask("blame", f"{recorded}@root", "tasks") == (0, "", "")


def test_a_misspelt_path_is_told(ask, recorded):
    """Status 2, with the keys that there are; so is one that cannot be read."""
    status, output, errors = ask("blame", recorded, "task.T1")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "'tasks'" in errors
    status, _, errors = ask("blame", recorded, "tasks[T1")
    assert (status, errors.count("\n")) == (2, 1)
