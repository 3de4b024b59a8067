"""What every verb has in common: help, errors, exit statuses, manners on a pipe, completion, a quick start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from statestore.cli.main import VERBS
from tests.cli.conftest import COMMAND, MAKERS, REST, run

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_an_example(ask, verb):
    """Each verb says what it does, with an example that can be copied."""
    status, output, _ = ask(verb, "--help")
    assert status == 0
    assert "Example" in output
    assert f"\n    statestore {verb} " in output


def test_the_help_names_the_verbs_in_order(ask):
    """The verbs stand in the order in which a person needs them."""
    _, output, _ = ask("--help")
    places = [output.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_says_of_a_verb_what_its_help_says(verb):
    """README's section on the command line has a row for every verb, with the sentence of the help."""
    section = README.read_text().partition("## Command line\n")[2].partition("\n## ")[0]
    assert f"| `{verb}` | {VERBS[verb]} |" in section


def test_the_readme_has_no_verb_that_is_none():
    """Whatever its table of verbs lists can be called."""
    section = README.read_text().partition("## Command line\n")[2].partition("\n## ")[0]
    rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert rows == list(VERBS)


@pytest.mark.parametrize("verb", REST)
def test_a_verb_answers_about_the_main_jobs_file(ask, job, verb):
    """On the file that the orchestrator leaves, each verb has an answer, and a status that says no more than that."""
    status, output, errors = ask(verb, job, *REST[verb])
    assert (status, errors) == (1 if verb == "diff" else 0, "")
    assert output


@pytest.mark.parametrize("verb", REST)
def test_machines_get_an_object_a_line(ask, job, verb):
    """`--json` gives JSON objects only, one a line."""
    _, output, errors = ask(verb, job, *REST[verb], "--json")
    assert errors == ""
    assert all(isinstance(json.loads(line), dict) for line in output.splitlines())
    assert output.endswith("}\n")


@pytest.mark.parametrize("verb", REST)
def test_a_verb_answers_about_a_torn_file(ask, torn_job, verb):
    """Of a torn file it says so in one line on stderr, and tells what is whole."""
    status, output, errors = ask(verb, torn_job, *REST[verb])
    assert status in (0, 1)
    assert output
    assert (errors.count("\n"), "is torn" in errors) == (1, True)


@pytest.mark.parametrize("verb", REST)
def test_a_file_that_is_none_is_refused_in_one_line(ask, verb, tmp_path):
    """What is no history file is status 3 and one line that says so, and what is not there status 2."""
    other = tmp_path / "notes.txt"
    other.write_text("not a history file\n" * 100)
    status, output, errors = ask(verb, other, *REST[verb])
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert "no history file" in errors
    status, output, errors = ask(verb, tmp_path / "missing.history", *REST[verb])
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "does not exist" in errors


@pytest.mark.parametrize("verb", REST)
def test_a_damaged_file_is_refused_in_one_line(ask, job, verb, tmp_path):
    """Damage in the middle is status 3, one line that says what is lost, and nothing on stdout."""
    damaged, content = tmp_path / "damaged.history", bytearray(job.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    status, output, errors = ask(verb, damaged, *REST[verb])
    assert (status, output, errors.count("\n")) == (3, "", 1)


@pytest.mark.parametrize("verb", MAKERS)
def test_a_verb_that_makes_a_file_makes_it_whole_or_not_at_all(ask, recorded, verb, tmp_path):
    """What is no file, is not there, or has no place to go: one line, the right status, and nothing is written."""
    (tmp_path / "notes.txt").write_text("not a history file\n" * 100)
    before, files = recorded.read_bytes(), sorted(tmp_path.iterdir())
    for file, out, expected in (
        (tmp_path / "notes.txt", tmp_path / "out", 3),
        (tmp_path / "missing.history", tmp_path / "out", 2),
        (recorded, tmp_path / "missing" / "out", 2),
        (recorded, tmp_path, 2),
        (recorded, recorded, 2),
        (f"{recorded}@3..4@5", tmp_path / "out", 2),
    ):
        status, output, errors = ask(verb, file, *MAKERS[verb], "-o", out)
        assert (status, output, errors.count("\n")) == (expected, "", 1)
    assert ask(verb, recorded, *MAKERS[verb])[0] == 2
    assert (recorded.read_bytes(), sorted(tmp_path.iterdir())) == (before, files)


def test_what_cannot_be_read_from_its_end_is_refused(ask, tmp_path):
    """A folder, a pipe that nobody writes to: wrong usage, at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        status, output, errors = ask("log", path)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert "is no file" in errors


def test_without_arguments_there_is_help(ask):
    """As with --help."""
    assert ask() == ask("--help")


def test_wrong_usage_is_one_line():
    """A verb that there is not is status 2, without a traceback."""
    status, _, errors = run("undo", "x")
    assert (status, errors.count("\n")) == (2, 1)
    assert "undo" in errors


def test_a_reader_that_stops_reading_is_no_error(recorded):
    """A closed pipe ends the output without a word, as `| head` expects."""
    process = subprocess.Popen([*COMMAND, "log", recorded], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


def test_a_reader_that_stops_in_the_middle_is_no_error(job):
    """So does a pipe that is closed after its first bytes, with more to come than its buffer takes."""
    command = [*COMMAND, "log", job, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(4_096)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_closed_output_is_no_error(recorded):
    """Started without a standard output at all, a verb comes to its end."""
    script = f"exec {sys.executable} -c 'from statestore.cli import main; main()' log {recorded} >&-"
    done = subprocess.run(["sh", "-c", script], stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupt_ends_it_without_a_word(recorded):
    """Ctrl-C is status 130 and no traceback, here while a command is asked."""
    command = [*COMMAND, "bisect", recorded, "--run", "echo ready; exec sleep 60"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_can_be_printed(tmp_path, encoding):
    """A file's text that the encoding of the output lacks is escaped, and JSON stays JSON."""
    from statestore import Journal, Slice, Store

    notes = Slice("notes", initial={"text": ""})

    @notes.action
    def written(draft, text: str) -> None:
        draft["text"] = text

    path, text = tmp_path / "notes.history", "µ € \ud83d lone \U0001f600 pair"
    with Store(notes, middleware=[Journal(path)]) as store:
        store.dispatch(written(text))
    status, output, errors = run("show", path, "--json", PYTHONIOENCODING=encoding)
    assert (status, errors) == (0, "")
    assert json.loads(output)["payload"]["text"] == text
    status, output, errors = run("show", path, PYTHONIOENCODING=encoding)
    assert (status, errors) == (0, "")
    assert "lone" in output


HEAVY = ("rich", "deepdiff", "asyncio", "numpy", "pyinstrument", "multiprocessing", "concurrent.futures", "subprocess")
READER = ("statestore.core", "statestore.recording.timing", "statestore.history.history", "statestore.journal.recorder")


@pytest.mark.parametrize("arguments", [["log"], ["log", "--json"], ["show"], ["stats"], ["diff"], ["blame", "tasks"]])
def test_a_question_loads_no_more_than_it_needs(recorded, arguments):
    """Heavy libraries, and what writes and records, are not loaded by the verbs that people type most."""
    loaded = _loaded_by(arguments[0], str(recorded), *arguments[1:])
    assert [name for name in (*HEAVY, *READER) if name in loaded] == []


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], *[[verb, "--help"] for verb in VERBS]])
def test_help_loads_click_alone(arguments):
    """Who asks for help waits for nothing that opens a file."""
    loaded = _loaded_by(*arguments)
    libraries = (
        *HEAVY,
        "pathlib",
        "json",
        "pyrsistent",
        "msgspec",
        "msgpack",
        "zstandard",
        "statestore.tree",
        "statestore.history",
    )
    assert [name for name in libraries if name in loaded] == []
    assert "click" in loaded


def _loaded_by(*arguments):
    code = (
        "import sys\nfrom statestore.cli import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.split())


def complete(*words, at=None):
    """What the shell is told of a line that ends in the last word."""
    environment = {"_STATESTORE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(map(str, words))}
    status, output, errors = run(**environment, COMP_CWORD=str(len(words) - 1))
    assert (status, errors) == (0, "")
    return [line.partition(",")[::2] for line in output.splitlines()]


def test_the_shell_completes_verbs_and_options():
    """Verbs by their first letters, options behind a dash, files by the shell itself."""
    assert complete("statestore", "b") == [("plain", "blame"), ("plain", "bisect")]
    assert ("plain", "--json") in complete("statestore", "log", "--")
    assert complete("statestore", "log", "run.") == [("file", "run.")]


def test_the_shell_completes_refs(recorded):
    """Behind a file the refs that it has, its snapshots among them, and behind an `@` too."""
    assert complete("statestore", "show", recorded, "t") == [("plain", "third")]
    assert complete("statestore", "show", f"{recorded}@h") == [("plain", f"{recorded}@head")]
    assert complete("statestore", "log", recorded, "third..") == [("plain", f"third..{ref}") for ref in REFS]


REFS = ("head", "root", "third")


def test_completion_works_in_a_shell(tmp_path):
    """Bash takes the script that README tells of, and completes with it."""
    command = tmp_path / "statestore"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from statestore.cli import main; main()' \"$@\"\n")
    command.chmod(0o755)
    script = (
        'eval "$(_STATESTORE_COMPLETE=bash_source statestore)"\n'
        "COMP_WORDS=(statestore time); COMP_CWORD=1; _statestore_completion statestore; echo ${COMPREPLY[@]}"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "timeline\n"
