"""`statestore where`."""

import json


def test_every_commit_that_had_to_do_with_it(ask, job):
    """The commits about one task of the main job, oldest first; each changes something in it."""
    commits = [json.loads(line) for line in ask("where", job, "tasks['top.py']", "--json")[1].splitlines()]
    assert [commit["type"] for commit in commits] == ["backlog/planned", "backlog/implementing", "backlog/complete"]
    assert all(any(patch["path"][:2] == ["tasks", "top.py"] for patch in commit["patches"]) for commit in commits)


def test_up_to_a_ref(ask, recorded):
    """Nothing that came after it."""
    assert [line.split("\t")[0] for line in ask("where", f"{recorded}@third", "tasks")[1].splitlines()] == [
        "1",
        "2",
        "3",
    ]


def test_a_misspelt_path_is_told(ask, recorded):
    """Status 2, with the keys that there are."""
    status, output, errors = ask("where", recorded, "tasks.T9.status")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "T1" in errors
