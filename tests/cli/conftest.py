"""Recorded runs, the command as a process of its own or in this one, and a terminal to run it on."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statestore import History, Journal, Slice, Store
from statestore.cli import main
from statestore.journal import JournalFile
from statestore.journal.format import BlockKind
from tests.examples.conftest import start_orchestrator, write_folder

COMMAND = [sys.executable, "-c", "from statestore.cli import main; main()"]
REST: dict[str, list[str]] = {
    "log": [],
    "show": [],
    "diff": [],
    "blame": ["counts.planned"],
    "where": ["tasks"],
    "find": ["--type", "backlog/*"],
    "bisect": ["len(state['tasks']) > 2"],
    "stats": [],
    "spans": [],
    "timeline": [],
    "memory": [],
    "diagnose": [],
    "trend": [],
}
"""What each verb that asks a file is given behind the file to have an answer."""
MAKERS: dict[str, list[str]] = {"repair": [], "cut": ["1..2"], "compact": []}
"""What each verb that makes a file of a file is given, besides `-o OUT`."""


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A file of five commits, the third a snapshot's, the head taken back to the fourth."""
    backlog = Slice("backlog", initial={"tasks": {}})

    @backlog.action
    def added(draft, id: str, title: str) -> None:
        draft["tasks"][id] = {"title": title, "status": "planned"}

    path, history = tmp_path / "run.history", History()
    with Store(backlog, middleware=[history, Journal(path)]) as store:
        for number in range(1, 6):
            store.dispatch(added(f"T{number}", title=f"task\t{number}\nof five"))
            if number == 3:
                history.snapshot("third")
        history.undo()
    return path


@pytest.fixture
def damaged(recorded: Path) -> Path:
    """The recorded file with a bit of its commits flipped."""
    data = bytearray(recorded.read_bytes())
    with JournalFile(recorded) as file:
        data[file.blocks[file.numbers(BlockKind.HISTORY)[0]].end - 1] ^= 1
    recorded.write_bytes(data)
    return recorded


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main job's own file: what the orchestrator recorded of a small folder."""
    place = tmp_path_factory.mktemp("job")
    process = start_orchestrator(place, write_folder(place / "folder"))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return place / "orchestrator.history"


def tear(path: Path, place: Path) -> Path:
    """A copy without its last bytes."""
    torn = place / "torn.history"
    torn.write_bytes(path.read_bytes()[:-7])
    return torn


@pytest.fixture
def torn(recorded: Path, tmp_path: Path) -> Path:
    """The recorded file without its last bytes."""
    return tear(recorded, tmp_path)


@pytest.fixture
def torn_job(job: Path, tmp_path: Path) -> Path:
    """The main job's file without its last bytes."""
    return tear(job, tmp_path)


def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The same, without a process of its own."""

    def answer(*arguments: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return (ended.value.code, *capfd.readouterr())

    return answer


def on_terminal(*arguments: object, columns: int = 80, lines: int = 24, **environment: str) -> str:
    """What a person sees who runs the command on a terminal of that size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "PAGER")}
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while part := os.read(ours, 65_536):
            seen += part
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
        process.wait(60)
    return seen.decode().replace("\r\n", "\n")
