"""The progress bar."""

import sys
from subprocess import run as run_process

from tests.cli import conftest


def test_it_passes_everything_on(monkeypatch):
    """With a bar or without, in the same order."""
    from statestore.cli import progress

    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    assert list(progress.progress(range(1_000), 1_000, "counting")) == list(range(1_000))
    assert list(progress._watched(range(1_000), 1_000, "counting")) == list(range(1_000))


CODE = (
    "from statestore.cli import progress; progress._PATIENCE = {patience};"
    "print(sum(progress.progress(range(100_000), 100_000, 'counting')))"
)


def test_on_a_terminal_it_is_seen_after_a_while(monkeypatch):
    """What takes long has a bar, which is gone when the answer comes; what is quick has none."""
    monkeypatch.setattr(conftest, "COMMAND", [sys.executable, "-c", CODE.format(patience=-1.0)])
    seen = conftest.on_terminal()
    assert "counting" in seen
    assert seen.rstrip().endswith("4999950000")
    monkeypatch.setattr(conftest, "COMMAND", [sys.executable, "-c", CODE.format(patience=60.0)])
    assert conftest.on_terminal() == "4999950000\n"


def test_off_a_terminal_there_is_none():
    """Neither on stderr nor on stdout."""
    done = run_process(
        [sys.executable, "-c", CODE.format(patience=-1.0)], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("4999950000\n", "")
