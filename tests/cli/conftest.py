"""A recorded run, and the command as a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from statestore import History, Journal, Slice, Store


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
def torn(recorded: Path) -> Path:
    """The same file without its last bytes."""
    recorded.write_bytes(recorded.read_bytes()[:-7])
    return recorded


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command."""
    command = [sys.executable, "-c", "from statestore.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr
