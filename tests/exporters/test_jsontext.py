"""The JSON of a state that changes is that of the state, whatever changed in it."""

import json
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyrsistent import pmap, pset, pvector

from statestore import Slice, freeze
from statestore.exporters import jsontext
from statestore.exporters.jsontext import JsonText, encode
from statestore.tree.diff import diff
from statestore.tree.plain import to_plain

from ..laws.edits import Edited, edited
from ..laws.states import trees


@pytest.fixture(params=[0, 20, jsontext.OPENED_FROM_BYTES], ids="opened from {} bytes".format)
def opening(request, monkeypatch):
    """Parts that are opened always, sometimes and hardly ever."""
    monkeypatch.setattr(jsontext, "OPENED_FROM_BYTES", request.param)


def loads(text: bytes):
    """The JSON as pairs, so that a key that is there twice is seen."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", sorted(pairs, key=repr)))


def has_doubled_keys(text: bytes) -> bool:
    """Whether keys that differ here, such as 1 and "1", are one in JSON."""
    found = []
    json.loads(text, object_pairs_hook=lambda pairs: found.append(len(pairs) != len(dict(pairs))))
    return any(found)


@pytest.mark.usefixtures("opening")
@given(st.data())
def test_follows_any_edits_of_any_state(data):
    """After each of several edits, of states of every kind, the text is the one that encoding the state anew gives."""
    done: Edited = data.draw(edited())
    text = JsonText(done.base)
    for _ in range(3):
        changes = diff(done.base, done.value).changes
        text.apply(changes)
        assume(not has_doubled_keys(text.text))
        assert loads(text.text) == loads(encode(done.value))
        done = data.draw(edited(st.just(done.value)))


@given(trees)
def test_a_text_is_what_json_makes_of_the_plain_value(value):
    """Encoding gives JSON that reads back as the plain value does."""
    assert json.loads(encode(value)) == json.loads(json.dumps(to_plain(value)))


@pytest.mark.usefixtures("opening")
def test_lists_that_grow_shrink_and_shift():
    """Elements are written once: appended, inserted, removed and changed ones stand where they are in the state."""
    before = freeze({"log": [{"n": n} for n in range(30)]})
    text = JsonText(before)
    log = before["log"]
    for after in (
        log.append({"n": 30}),
        log.extend([pmap({"n": 30}), pmap({"n": 31})]),
        log.delete(3),
        pvector([pmap({"n": -1})]) + log,
        log.set(4, pmap({"n": 4, "more": "x"})),
        pvector(),
    ):
        state = before.set("log", after)
        text.apply(diff(before, state).changes)
        assert json.loads(text.text) == to_plain(state)
        text.apply(diff(state, before).changes)
        assert json.loads(text.text) == to_plain(before)


def test_what_msgspec_refuses_is_written_by_json():
    """Halves of surrogate pairs, derived texts and numbers, and integers of any size have a JSON form."""

    class Name(str):
        pass

    class Level(int):
        pass

    value = pmap({"file\udce4": Name("n"), "level": Level(3), "big": 10**40, "set": pset(["b", "a"])})
    assert json.loads(encode(value)) == {"file\udce4": "n", "level": 3, "big": 10**40, "set": ["a", "b"]}


def test_a_change_is_written_without_the_rest(monkeypatch):
    """Of 1,000 tasks only the one that changed is encoded again."""
    board = Slice("board", initial={"tasks": {f"T{n}": {"title": f"task {n}", "status": "new"} for n in range(1_000)}})
    text = JsonText(freeze(board.initial))
    states = [freeze(board.initial)]
    for n in range(3):
        states.append(states[-1].transform(["tasks", f"T{n}", "status"], "done"))
    text.apply(diff(states[0], states[1]).changes)  # opens the tasks
    encoded = []
    monkeypatch.setattr(jsontext, "encode", lambda value: encoded.append(value) or encode(value))
    for before, after in pairwise(states[1:]):
        text.apply(diff(before, after).changes)
    assert [value for value in encoded if not isinstance(value, str)] == [
        states[2]["tasks"]["T1"],
        states[3]["tasks"]["T2"],
    ]
    assert json.loads(text.text) == to_plain(states[-1])
