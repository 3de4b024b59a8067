"""`statestore export`."""

import json
import subprocess
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest

from statestore.exporters import FORMATS, Format
from tests.cli.conftest import COMMAND, on_terminal


def types(source, *, last=None, tell=None):
    """A stream: the type of each action, a line each."""
    commits = source.commits if last is None else source.commits[-last:]
    if tell is not None and last is not None:
        tell(f"the last {last} only")
    for commit in commits:
        yield f"{commit.action.type}\n".encode()


def raw(source):
    """A stream that is no text."""
    yield bytes(range(256))


def folder(source, path):
    """No stream: a folder with a file in it."""
    path.mkdir()
    (path / "count.txt").write_text(str(len(source.commits)))


@pytest.fixture
def small_formats(monkeypatch):
    """Formats as others may add them, so small that a test can say what is in them."""
    module = ModuleType("statestore.exporters.small")
    module.types, module.raw, module.folder = types, raw, folder
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for form in (
        Format("types", ".types.txt", "the types of the actions", "small"),
        Format("raw", ".txt", "bytes", "small"),
        Format("folder", ".tables", "a folder", "small", is_stream=False),
    ):
        monkeypatch.setitem(FORMATS, form.name, form)


BUILT = [name for name, form in FORMATS.items() if find_spec(f"statestore.exporters.{form.module}")]


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("which", ["job", "torn_job"])
def test_every_format_takes_the_main_jobs_file(ask, request, tmp_path, name, which):
    """Whole and torn, into a file that its suffix alone decides on."""
    file, out = request.getfixturevalue(which), tmp_path / f"out{FORMATS[name].suffix}"
    status, output, errors = ask("export", file, "-o", out)
    assert (status, output) == (0, "")
    assert ("torn" in errors) == (which == "torn_job")
    assert out.is_dir() or out.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_list_names_every_format(ask):
    """Name, suffix and what it is for; no file is needed to ask."""
    status, output, errors = ask("export", "--list")
    assert (status, errors) == (0, "")
    rows = [line.split("\t") for line in output.splitlines()]
    assert rows == [[name, form.suffix, form.about] for name, form in FORMATS.items()]


@pytest.mark.usefixtures("small_formats")
def test_the_suffix_says_which_form(ask, recorded, tmp_path):
    """Of two that fit the longer one; `--to` beats it."""
    out = tmp_path / "a.types.txt"
    assert ask("export", recorded, "-o", out) == (0, "", "")
    assert out.read_text() == "backlog/added\n" * 5
    assert ask("export", recorded, "--to", "raw", "-o", out) == (0, "", "")
    assert out.read_bytes() == bytes(range(256))


@pytest.mark.usefixtures("small_formats")
def test_without_a_name_it_is_beside_the_file(ask, recorded):
    """With the suffix of the form, a folder too; what is there is replaced."""
    for _ in range(2):
        assert ask("export", recorded, "--to", "types") == (0, "", "")
        assert ask("export", recorded, "--to", "folder") == (0, "", "")
    assert recorded.with_name("run.types.txt").read_text() == "backlog/added\n" * 5
    assert (recorded.with_name("run.tables") / "count.txt").read_text() == "5"


@pytest.mark.usefixtures("small_formats")
def test_standard_output(ask, recorded):
    """`-o -` writes the stream and nothing else; what is no stream cannot go there."""
    assert ask("export", recorded, "--to", "types", "-o", "-") == (0, "backlog/added\n" * 5, "")
    status, output, errors = ask("export", recorded, "--to", "folder", "-o", "-")
    assert (status, output, errors.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("small_formats")
def test_a_form_can_be_set(ask, recorded):
    """What it takes is given to it, and what it says of what it left out is told."""
    status, output, errors = ask("export", recorded, "--to", "types", "-o", "-", "--set", "last=2")
    assert (status, output, errors) == (0, "backlog/added\n" * 2, "statestore: the last 2 only\n")


@pytest.mark.usefixtures("small_formats")
def test_what_makes_no_sense_is_one_line(ask, recorded, tmp_path):
    """Status 2: no form, an unknown suffix or form, no such folder, the file itself."""
    for arguments, said in (
        ([], "--to"),
        (["-o", "-"], "--to"),
        (["-o", tmp_path / "out.nothing"], ".types.txt"),
        (["--to", "nothing"], "there are"),
        (["--to", "types", "-o", tmp_path / "missing" / "out"], "no folder"),
        (["--to", "types", "-o", recorded], "the file that is read"),
        (["--to", "types", "--set", "first=2"], "that it has: last"),
        (["--to", "types", "--set", "tell=2"], "that it has: last"),
        (["--to", "raw", "--set", "last"], "NAME=VALUE"),
    ):
        status, output, errors = ask("export", recorded, *arguments)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert said in errors
    assert recorded.exists()


@pytest.mark.usefixtures("small_formats")
def test_what_is_no_history_is_refused(ask, tmp_path):
    """Status 3 and one line, and nothing is written; status 2 for what is not there."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    status, output, errors = ask("export", other, "--to", "types")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    status, output, errors = ask("export", tmp_path / "missing.history", "--to", "types")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_person_sees_the_formats_in_a_table():
    """With heads, and the long descriptions wrapped."""
    seen = on_terminal("export", "--list", columns=60, lines=60, NO_COLOR="1")
    assert seen.splitlines()[0].split() == ["format", "suffix", "for"]


@pytest.mark.skipif("jsonl" not in BUILT, reason="the format is not there")
def test_a_reader_that_has_seen_enough_is_no_error(job):
    """`| head` ends it without a word."""
    command = [*COMMAND, "export", str(job), "--to", "jsonl", "-o", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(process.stdout.readline())
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0
