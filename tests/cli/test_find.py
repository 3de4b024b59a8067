"""`statestore find`."""

import pytest


def seqs(output):
    """The first column, without the mark of the head."""
    return [int(line.split("\t")[0].split()[0]) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ((), [1, 2, 3, 4, 5]),
        (("--type", "backlog/*"), [1, 2, 3, 4, 5]),
        (("--type", "other/*"), []),
        (("--payload", '{"id": "T2"}'), [2]),
        (("--payload", '{"id": "T2", "title": 3}'), []),
        (("--where", "payload['id'] in ('T1', 'T5')"), [1, 5]),
        (("--where", "commit.seq % 2 == 0"), [2, 4]),
        (("--where", "len(state['tasks']) >= 4"), [4, 5]),
        (("--where", "payload['nothing']"), []),
        (("--where", "any(task == 'T3' for task in state['tasks'])", "--payload", '{"id": "T3"}'), [3]),
        (("--range", "2..head",), [3, 4]),
    ],
)  # fmt: skip
def test_commits_that_meet_all_conditions(ask, recorded, conditions, wanted):
    """By type, by part of the payload, by expression and within a range, and all of these together."""
    status, output, errors = ask("find", recorded, *conditions)
    assert (status, errors) == (0, "")
    assert seqs(output) == wanted


@pytest.mark.parametrize(
    "conditions",
    [("--payload", "{id: T1}"), ("--where", "commit."), ("--where", "1 / 0"), ("--where", "nothing"), ("--range", "9")],
)
def test_a_wrong_condition_is_one_line(ask, recorded, conditions):
    """No JSON, no Python, an expression that raises, a ref that is none: status 2."""
    status, output, errors = ask("find", recorded, *conditions)
    assert (status, output, errors.count("\n")) == (2, "", 1)
