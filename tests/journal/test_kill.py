"""kill -9 at any moment: what was acknowledged is there, and the run goes on."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from statestore.history import resume
from statestore.journal import JournalFile
from statestore.journal.verifying import verify
from tests.journal.runs import backlog, check_prefix, step

ROOT = Path(__file__).parents[2]
# Prints the seq of the newest commit of its own that the disk has, again and again.
WRITER = """
import sys, threading
from statestore import Store
from statestore.history import resume
from statestore.journal import Journal
from tests.journal.runs import backlog, step

path, mode, begin = sys.argv[1], sys.argv[2], int(sys.argv[3])
durability = "each" if mode == "each" else "interval"
if begin:
    store = resume(path, backlog, durability=durability, interval=0.001)
else:
    store = Store(backlog, middleware=[Journal(path, durability=durability, interval=0.001)])
journal = next(layer for layer in store.middleware if isinstance(layer, Journal))
turn = threading.Lock()

def work():
    while True:
        with turn:
            store.dispatch(step(store.seq))

if mode == "threads":
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
while True:
    if mode != "threads":
        store.dispatch(step(store.seq))
    seq, _ = store.here  # waits for a dispatch of another thread that is under way, and not yet recorded
    if mode != "each":
        journal.flush()
    if seq > begin:  # the other threads may not have come to it yet
        print(seq, flush=True)
"""


def write_and_kill(path: Path, mode: str, begin: int, acknowledgements: int) -> int:
    """Starts a writer, kills it after so many acknowledgements; gives the last one that was heard."""
    command = [sys.executable, "-c", WRITER, str(path), mode, str(begin)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        heard = [int(writer.stdout.readline()) for _ in range(acknowledgements)]
        writer.send_signal(signal.SIGKILL)
        heard += [int(line) for line in writer.stdout.read().splitlines() if line.isdigit()][:-1]
    return heard[-1]


@pytest.mark.parametrize("mode", ["alone", "threads", "each"])
def test_what_was_acknowledged_survives_kill(tmp_path: Path, mode: str, scaled: Callable[[int, int], int]) -> None:
    """Killed, resumed and killed again: all that was heard of is there, in order, and something was heard each time."""
    chance = random.Random(mode)
    for run in range(scaled(1, 20)):
        path, left = tmp_path / f"{run}.history", 0
        for _ in range(scaled(2, 5)):
            # Threads write hundreds of commits between two acknowledgements, and all of them are read below.
            heard = chance.randrange(1, 5 if mode == "threads" else 15)
            acknowledged = write_and_kill(path, mode, left, heard)
            assert acknowledged > left
            with JournalFile(path) as file:
                left = file.last_seq
                assert left >= acknowledged
                assert [commit.action for commit in file.commits] == [step(number) for number in range(left)]
                assert file.head_seq == left
            assert verify(path).ok

        store = resume(path, backlog)
        states = [store.state]
        for number in range(left, left + 3):
            store.dispatch(step(number))
            states.append(store.state)
        store.close()
        with JournalFile(path) as file:
            assert check_prefix(file, [None] * left + states) == left + 3
            assert file.closed
        assert verify(path).ok
