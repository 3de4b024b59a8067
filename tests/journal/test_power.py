"""Power loss: a disk that drops, reorders and tears what was not synced."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from statestore import CorruptHistoryError, JournalError, Store
from statestore.history import resume
from statestore.journal import Journal, JournalFile
from statestore.journal.verifying import verify
from tests.journal.disks import VolatileDisk
from tests.journal.runs import backlog, check_prefix, step

STEPS = 80


def run_on(disk: VolatileDisk, path: Path, steps: int, chance: random.Random) -> list[object]:
    """Records a run on that disk, acknowledging now and then; gives the states."""
    journal = Journal(path, open_disk=lambda _: disk, interval=3_600)
    store = Store(backlog, middleware=[journal])
    disk.acknowledge(0)
    states = [store.state]
    for number in range(steps):
        store.dispatch(step(number))
        states.append(store.state)
        if chance.random() < 0.1:
            journal.flush()
            disk.acknowledge(store.seq)
    store.close()
    disk.acknowledge(store.seq)
    return states


def check_losses(disk: VolatileDisk, path: Path, states: list[object], chance: random.Random) -> int:
    """Loses power at every moment; gives how often what was found was readable."""
    readable = 0
    began = False
    for moment in disk.moments:
        began = began or moment.acknowledged > 0
        for _ in range(3):
            path.write_bytes(moment.lose_power(chance))
            try:
                with JournalFile(path) as file:
                    assert check_prefix(file, states) >= moment.acknowledged
                    readable += 1
            except CorruptHistoryError as error:
                raise AssertionError(f"a crash is no damage: {error}") from error
            except JournalError:
                assert not began, "the header was on disk before anything was acknowledged"
    return readable


def test_what_was_acknowledged_survives_a_loss_of_power(tmp_path: Path, scaled: Callable[[int, int], int]) -> None:
    """At whatever moment, and in whatever order sectors reached the disk; the rest is a torn end, never damage."""
    for seed in range(scaled(2, 100)):
        chance, disk = random.Random(seed), VolatileDisk()
        states = run_on(disk, tmp_path / "none", STEPS, chance)
        assert disk.acknowledged == STEPS
        assert check_losses(disk, tmp_path / "found.history", states, chance) > 20


def test_a_writer_that_does_not_sync_is_found_out(tmp_path: Path) -> None:
    """The same test on a disk whose sync does nothing fails: it is the sync that keeps the promise."""
    chance, disk = random.Random(1), VolatileDisk(skips_sync=True)
    states = run_on(disk, tmp_path / "none", STEPS, chance)

    with pytest.raises(AssertionError):
        check_losses(disk, tmp_path / "found.history", states, chance)


def test_a_run_goes_on_after_a_loss_of_power(tmp_path: Path, scaled: Callable[[int, int], int]) -> None:
    """Cut to what is whole, resumed, and sound; the cut is on record."""
    chance, disk = random.Random(7), VolatileDisk()
    run_on(disk, tmp_path / "none", 100, chance)
    path, cuts = tmp_path / "found.history", 0
    moments = [moment for moment in disk.moments if moment.acknowledged]
    for moment in chance.sample(moments, scaled(8, len(moments))):
        path.write_bytes(moment.lose_power(chance))
        with JournalFile(path) as file:
            torn, end, left = file.torn, file.end, file.last_seq
        store = resume(path, backlog)
        assert store.seq == left >= moment.acknowledged
        for number in range(left, left + 5):
            store.dispatch(step(number))
        store.close()

        assert verify(path).ok
        with JournalFile(path) as file:
            assert [commit.action for commit in file.commits] == [step(number) for number in range(left + 5)]
            session = file.sessions[-1]
            assert session.get("cut_at") == (end if torn else None)
            assert (session.get("cut_bytes", 0) > 0) == torn
            cuts += torn
    assert cuts


def test_a_resumed_run_survives_a_loss_of_power_too(tmp_path: Path) -> None:
    """What a killed writer left unsynced is synced before anything is built on it."""
    chance, first = random.Random(3), VolatileDisk()
    run_on(first, tmp_path / "none", 60, chance)
    unsynced = first.moments[-2].cached
    path = tmp_path / "resumed.history"
    path.write_bytes(unsynced)
    disk = VolatileDisk(unsynced)
    disk._durable = first.moments[3].durable  # nothing since then had reached the disk when the process was killed
    store = resume(path, backlog, open_disk=lambda _: disk)
    left = store.seq
    disk.acknowledge(0)
    store.dispatch(step(left))
    store.close()
    disk.acknowledge(left + 1)

    for moment in disk.moments:
        for _ in range(5):
            path.write_bytes(moment.lose_power(chance))
            with JournalFile(path) as file:
                assert file.last_seq >= moment.acknowledged
