"""`statestore bisect`."""

import json
import sys

import pytest

from tests.cli.conftest import on_terminal


def command(code):
    """A shell command that runs Python on the state, `n` the number of its tasks."""
    return f"{sys.executable} -c \"import json, sys; n = len(json.load(sys.stdin)['tasks']); {code}\""


def test_the_first_bad_commit_by_expression(ask, recorded):
    """The state is plain data for it; the commit is described."""
    status, output, errors = ask("bisect", recorded, "type(state['tasks']) is dict and 'T3' in state['tasks']")
    assert (status, errors) == (0, "")
    assert output.startswith("commit 3 (parent 2)\n")


def test_a_key_that_is_not_there_yet_is_good(ask, recorded):
    """Early states need not have what the expression asks for."""
    assert ask("bisect", recorded, "state['tasks']['T2']['status'] == 'planned'")[1].startswith("commit 2 ")


def test_none_is_bad(ask, recorded):
    """Then nothing is printed; a person is told, with what was missing."""
    assert ask("bisect", recorded, "state['nothing']") == (0, "", "")
    seen = on_terminal("bisect", recorded, "state['nothing']")
    assert "no commit is bad" in seen
    assert "'nothing'" in seen


@pytest.mark.parametrize("ref", ["@2..5", "@5"])
def test_within_a_range(ask, recorded, ref):
    """The commits after the good one up to the bad one, which need not be on the line of the head."""
    assert ask("bisect", f"{recorded}{ref}", "len(state['tasks']) > 4")[1].startswith("commit 5 ")


def test_by_command(ask, recorded):
    """Status 0 is good and 1 bad; the state comes in as JSON, and what it prints goes to stderr."""
    status, output, errors = ask("bisect", recorded, "--run", command("print('asked', n); sys.exit(n >= 3)"))
    assert (status, output.startswith("commit 3 (parent 2)\n")) == (0, True)
    assert "asked 3" in errors


@pytest.mark.parametrize("bad", [1, 124, 126, 127])
def test_every_other_status_is_bad(ask, recorded, bad):
    """As for git: 1 to 127 but for 125."""
    found = json.loads(ask("bisect", recorded, "--json", "--run", command(f"sys.exit({bad} if n > 1 else 0)"))[1])
    assert found["first"]["seq"] == 2


def test_skips_leave_a_range(ask, recorded):
    """Status 125 cannot be tested: the commits that are left are all listed, and stderr says what they are."""
    question = command("sys.exit({1: 0, 2: 125, 3: 125}.get(n, 1))")
    status, output, errors = ask("bisect", recorded, "--run", question)
    assert status == 0
    assert [line.split("\t")[0] for line in output.splitlines()] == ["2", "3", "4 *"]
    assert "could be any of these 3" in errors
    found = json.loads(ask("bisect", recorded, "--run", question, "--json")[1])
    assert (found["first"], found["candidates"]) == (None, [2, 3, 4])


@pytest.mark.parametrize(
    ("code", "how"), [("sys.exit(128)", "status 128"), ("import os; os.kill(os.getpid(), 9)", "9")]
)
def test_an_abort_ends_the_search(ask, recorded, code, how):
    """128 and more, and death by a signal: one line says so."""
    status, output, errors = ask("bisect", recorded, "--run", command(code))
    assert (status, output) == (2, "")
    said = errors.splitlines()[-1]  # before it the shell may have its say
    assert said.startswith("statestore: the command ended ")
    assert how in said


def test_a_command_need_not_read_the_state(ask, job):
    """One that does not look at its input is no error."""
    assert ask("bisect", job, "--run", "true") == (0, "", "")


@pytest.mark.parametrize("question", [(), ("True", "--run", "true"), ("state[",), ("1 / 0",)])
def test_one_question_is_asked(ask, recorded, question):
    """No expression, two of them, no Python, one that raises: status 2 and one line."""
    status, output, errors = ask("bisect", recorded, *question)
    assert (status, output, errors.count("\n")) == (2, "", 1)
