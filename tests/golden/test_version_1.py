"""Files of format version 1 stay readable for ever: this one has one of everything, and is never written again."""

import math
from typing import Any

import numpy
import pytest

from statestore.history import open_history
from statestore.journal import REDACTED, JournalFile, Opaque, Unstored
from statestore.journal.tracing import state_at
from statestore.journal.verifying import verify
from tests.golden.make_version_1 import ARRAY, FILE, VALUES, Colour, Names, Point, values


@pytest.fixture
def file() -> Any:
    """The golden file, opened."""
    with JournalFile(FILE) as file:
        yield file


def test_the_golden_file_is_sound() -> None:
    """Checksums, references, index and keyframes."""
    found = verify(FILE)
    assert found.problems == ()
    assert (found.closed, found.torn) == (True, False)
    assert found.keyframes == 2


def test_every_kind_of_value_is_read(file: JournalFile) -> None:
    """In payloads, class by class."""
    read = {commit.action.type: commit.action for commit in file.commits[: len(VALUES)]}
    for name, value in VALUES.items():
        assert type(read[name].payload) is type(value), name
        assert read[name].payload == value, name
        assert read[name].meta == {"golden": True}
    assert math.copysign(1, read["floats"].payload[1]) == -1
    assert read["local"].payload.fold == 1
    assert str(read["offset"].payload.tzname()) == "CET"
    assert str(read["decimal"].payload) == "1.50"


def test_arrays_marks_and_texts_are_read(file: JournalFile) -> None:
    """What has no equality, what was redacted, and what could not be stored."""
    by_type = {commit.action.type: commit.action.payload for commit in file.commits}
    assert isinstance(by_type["array"], numpy.ndarray)
    assert (by_type["array"] == ARRAY).all()
    assert by_type["secret"] == {"password": REDACTED}
    assert isinstance(by_type["unknown"], Unstored)
    assert by_type["unknown"].type == "function"
    assert file.redacted


def test_every_kind_of_record_is_read(file: JournalFile) -> None:
    """Moves, snapshots, spans, milestones, samples, gauges, alerts and rollbacks."""
    read = [
        file.moves,
        file.snapshots,
        file.spans,
        file.milestones,
        file.samples,
        file.gauges,
        file.alerts,
        file.rollbacks,
    ]
    assert [list(series) for series in read] == [[value] for value in values()]


def test_the_story_of_the_run_is_read(file: JournalFile) -> None:
    """Header, times, groups, states from both keyframes."""
    assert (file.header.store, file.header.started_wall_ns) == ("golden", 1_700_000_000_000_000_000)
    assert file.commit(3).started_ns == 3_000
    first, second = file.commits[-3:-1]
    assert (first.group, second.group, first.label) == (first.seq, first.seq, "two")
    assert state_at(file, 0)["begin"] == 0
    state = state_at(file, file.last_seq)
    assert state["text"] == "long " * 14_000
    assert (state["record"], state["enum"], state["checked"]) == (Point(1, 2), Colour.RED, Names(["ada"]))
    assert state["moment"] == VALUES["moment"]
    with open_history(FILE) as past:
        assert past.state_at("head") == state


def test_it_is_read_without_its_classes(file: JournalFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program that knows none of them."""
    monkeypatch.setattr("statestore.journal.classes._by_name", {})
    by_type = {commit.action.type: commit.action.payload for commit in file.commits}
    assert by_type["record"] == Opaque("golden.Point", 1, {"x": 1, "y": 2})
    assert by_type["enum"] == Opaque("golden.Colour", 1, {"name": "RED", "value": "red"})
    assert by_type["checked"] == Opaque("golden.Names", 1, {"contents": ["ada"]})
