"""How answers look on a terminal and on a pipe."""

import re
from pathlib import Path

import pytest

from statestore import Journal, Slice, Store
from tests.cli.conftest import on_terminal, run

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that says how many lines it was given, and shows the first."""
    script = tmp_path / "pager"
    script.write_text("#!/bin/sh\nexec awk 'NR == 1 { print } END { print \"paged \" NR }'\n")
    script.chmod(0o755)
    return str(script)


def test_long_output_goes_through_the_pager(job, pager):
    """Through the one that PAGER names, all of it; on a terminal that is high enough for it there is none."""
    count = len(run("log", job)[1].splitlines()) + 1
    seen = on_terminal("log", job, lines=10, PAGER=pager)
    assert seen.splitlines()[-1] == f"paged {count}"
    assert "paged" not in on_terminal("log", job, lines=count + 2, PAGER=pager)
    assert "paged" not in on_terminal("log", job, "-n", "3", lines=10, PAGER=pager)


def test_the_last_line_is_the_prompts(job, pager):
    """A table that fills the screen but for one line is not paged; with one more row it is."""
    assert "paged" not in on_terminal("log", job, "-n", "8", lines=10, PAGER=pager)
    assert "paged 10\n" in on_terminal("log", job, "-n", "9", lines=10, PAGER=pager)


def test_json_is_paged_as_well(job, pager):
    """By the lines that it takes on the screen: one long object may be too many."""
    assert "paged 20\n" in on_terminal("log", job, "-n", "20", "--json", lines=10, PAGER=pager)
    assert "paged 1\n" in on_terminal("show", job, "--state", lines=5, columns=40, PAGER=pager)


@pytest.mark.parametrize("pager", ["", "cat"])
def test_a_pager_can_be_refused(job, pager):
    """With an empty PAGER, or cat."""
    assert len(on_terminal("log", job, lines=10, PAGER=pager).splitlines()) > 20


def test_a_pager_that_is_quit_is_no_error(job):
    """Whoever has seen enough hears nothing of it."""
    assert on_terminal("log", job, "--json", lines=10, PAGER="head -n 1").count("\n") == 1


def test_a_pipe_has_no_pager(job, pager):
    """Nor colours, nor heads of columns."""
    status, output, errors = run("stats", job, PAGER=pager)
    assert (status, errors) == (0, "")
    assert "paged" not in output
    assert "\x1b" not in output
    assert not output.startswith("name")


@pytest.mark.parametrize("columns", [45, 160])
@pytest.mark.parametrize("verb", ["log", "stats", "spans", "timeline", "diagnose", "memory"])
def test_a_table_fits_the_terminal(job, verb, columns):
    """However wide that is; the heads are in bold, and nothing is wrapped by the terminal."""
    seen = on_terminal(verb, job, columns=columns, PAGER="cat")
    assert seen.startswith("\x1b[1m")
    assert max(len(ESCAPE.sub("", line)) for line in seen.splitlines()) <= columns


def test_columns_says_how_wide_it_is(job):
    """COLUMNS has the last word."""
    assert max(map(len, on_terminal("log", job, "-n", "2", COLUMNS="50", NO_COLOR="1").splitlines())) <= 50
    assert max(map(len, on_terminal("log", job, "-n", "2", COLUMNS="100", NO_COLOR="1").splitlines())) > 80


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(job, environment):
    """By NO_COLOR, and by a terminal that has none; the table stays."""
    seen = on_terminal("diagnose", job, PAGER="cat", **environment)
    assert "\x1b" not in seen
    assert seen.startswith("level ")


def test_a_file_cannot_command_the_terminal(tmp_path):
    """Escape sequences in names, payloads and values are spelled out, on a terminal and on a pipe."""
    evil = Slice("evil\x1b[2J", initial={"text": ""})

    @evil.action
    def done(draft, text: str) -> None:
        draft["text"] = text

    path = tmp_path / "evil.history"
    with Store(evil, middleware=[Journal(path)]) as store:
        store.dispatch(done("\x1b]0;owned\x07\x9b31m\r"))
    for arguments in (["log"], ["show"], ["diff"], ["stats"], ["show", "--json"], ["show", "--state"], ["find"]):
        verb, *rest = arguments
        for seen in (on_terminal(verb, path, *rest, NO_COLOR="1"), run(verb, path, *rest)[1]):
            assert not set(seen) & {"\x1b", "\x07", "\x9b", "\r"}, arguments


def test_a_diagnosis_is_not_cut(job):
    """A sentence goes on below where it is too long."""
    sentences = [line.split("\t")[2] for line in run("diagnose", job)[1].splitlines()]
    seen = on_terminal("diagnose", job, columns=60, NO_COLOR="1", PAGER="cat")
    words = [word for line in seen.splitlines()[1:] for word in line.split()]
    for sentence in sentences:
        assert " ".join(sentence.split()[-3:]) in " ".join(words)
