"""What every verb has in common: help, errors, exit statuses, manners on a pipe."""

import subprocess
import sys

import pytest

from statestore.cli.main import VERBS
from tests.cli.conftest import run


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_an_example(verb):
    """Each verb says what it does, with an example that can be copied."""
    status, output, _ = run(verb, "--help")
    assert status == 0
    assert f"statestore {verb} run.history" in output


def test_the_help_names_the_verbs_in_order():
    """The verbs stand in the order in which a person needs them."""
    _, output, _ = run("--help")
    places = [output.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_none_is_refused_in_one_line(verb, tmp_path):
    """What is no history file is status 3 and one line that says so, and what is not there status 2."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    status, output, errors = run(verb, other)
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert "no history file" in errors
    status, output, errors = run(verb, tmp_path / "missing.history")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "does not exist" in errors


def test_wrong_usage_is_one_line():
    """A verb that there is not is status 2, without a traceback."""
    status, _, errors = run("undo", "x")
    assert (status, errors.count("\n")) == (2, 1)
    assert "undo" in errors


def test_a_reader_that_stops_reading_is_no_error(recorded):
    """A closed pipe ends the output without a word, as `| head` expects."""
    code = f"from statestore.cli import main; main(['log', {str(recorded)!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0
