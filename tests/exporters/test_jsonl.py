"""A run as JSON Lines: every value that was recorded, in lines that any tool reads."""

import json
from itertools import pairwise

import pytest

from statestore import ActionError
from statestore.exporters import export
from statestore.exporters.jsonl import KINDS_OF_VALUE, jsonl
from statestore.tree.plain import to_plain

NAMES = {kind: name for kind, name, _ in KINDS_OF_VALUE}


def lines_of(source, **options) -> list[dict]:
    """The parsed lines; each chunk is whole lines."""
    return [json.loads(line) for chunk in jsonl(source, **options) for line in chunk.splitlines()]


def test_every_recorded_value_has_its_line(source):
    """There are as many lines of each kind as values, the header first, and `kind` is the first field of each."""
    lines = lines_of(source)
    assert lines[0]["kind"] == "header"
    assert lines[0]["store"] == "everything"
    for kind, name in NAMES.items():
        assert sum(line["kind"] == kind for line in lines) == len(getattr(source, name)), kind
    assert len(lines) == 1 + sum(len(getattr(source, name)) for name in NAMES.values())
    assert all(next(iter(line)) == "kind" for line in lines)


def test_nothing_is_missing_in_a_file(run, source):
    """The run has values of every kind, so that the count above means something; alerts are in its file only."""
    empty = [name for name in NAMES.values() if not len(getattr(source, name))]
    assert empty in ([], ["alerts"])


def test_a_commit_is_told_whole(source):
    """A line of a commit has its action, its time, and its patches in both directions."""
    first = next(line for line in lines_of(source) if line["kind"] == "commit")
    commit = source.commits[0]
    assert first == {
        "kind": "commit",
        "seq": 1,
        "parent": 0,
        "type": "backlog/added",
        "payload": {"id": "T0", "points": 0},
        "meta": None,
        "started_ns": commit.started_ns,
        "elapsed_ns": commit.elapsed_ns,
        "group": None,
        "label": None,
        "patches": [{"op": "add", "path": ["tasks", "T0"], "value": {"points": 0, "status": "planned"}}],
        "inverse": [{"op": "remove", "path": ["tasks", "T0"]}],
    }


def test_the_other_kinds_are_told_whole(source):
    """Spans have their kind and elapsed time, moves what moved, milestones their data."""
    lines = lines_of(source)
    span = next(line for line in lines if line.get("name") == "planning")
    assert (span["kind"], span["span"], span["metadata"]) == ("span", "block", {"worker": "w0"})
    assert span["elapsed_ns"] == span["ended_ns"] - span["started_ns"] > 0
    (move,) = [line for line in lines if line["kind"] == "move"]
    assert (move["move"], move["from_seq"], move["to_seq"]) == ("undo", 12, 10)
    (milestone,) = [line for line in lines if line["kind"] == "milestone"]
    assert (milestone["name"], milestone["data"], milestone["metadata"]) == ("planned", {"tasks": 10}, {"by": "me"})
    assert any(line["kind"] == "span" and line["status"] == "KeyError" for line in lines)


def test_ordered_by_time_or_by_kind(source):
    """By time the kinds are mixed and no line is earlier than the one before; by kind they stand one after another."""
    at = {kind: field for kind, _, field in KINDS_OF_VALUE}
    lines = lines_of(source)[1:]
    times = [line[at[line["kind"]]] for line in lines]
    assert all(before <= after for before, after in pairwise(times))
    kinds = [line["kind"] for line in lines_of(source, order="kind")[1:]]
    assert kinds == sorted(kinds, key=list(NAMES).index)
    assert [line["kind"] for line in lines] != kinds


def test_a_wrong_order(source):
    """Another order is refused at once."""
    with pytest.raises(ActionError, match="order is"):
        jsonl(source, order="size")


def test_the_states_can_be_had_from_the_lines(source):
    """Patches of the lines, applied by hand to the plain root, lead to the recorded state."""
    state = to_plain(source.state_at("root"))
    for line in lines_of(source, order="kind"):
        if line["kind"] == "commit":
            for patch in line["patches"]:
                *way, last = patch["path"]
                place = state
                for key in way:
                    place = place[key]
                if patch["op"] == "remove":
                    del place[last]
                else:
                    place[last] = patch["value"]
    assert state == to_plain(source.state_at(source.commits[-1].seq))


def test_written_by_its_name(source, tmp_path):
    """The registry knows it."""
    path = export(source, "jsonl", tmp_path / "run.jsonl")
    assert path.read_bytes() == b"".join(jsonl(source))
