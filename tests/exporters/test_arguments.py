"""What is shown of a span: plain, valid, and never too long."""

import json
import math

import pytest

from statestore import History, Store, Timing
from statestore.exporters.arguments import ROOM, describe, encode, shown
from tests.exporters.traced import Unspeakable, board, history_of, span, task_set


def test_a_dispatch_shows_its_action():
    """Its payload and meta, the seq of its commit, and what the reducer took."""
    timing, history = Timing(), History()
    store = Store(board, middleware=[timing, history])
    store.dispatch({"type": task_set.type, "payload": {"id": "T1", "value": 3}, "meta": {"by": "me"}})
    [dispatched] = history.spans

    about = describe(history)(dispatched)

    assert about.pop("reducer_ns") > 0
    assert about == {"id": dispatched.id, "seq": 1, "payload": {"id": "T1", "value": 3}, "meta": {"by": "me"}}


def test_a_block_shows_its_metadata_and_what_ended_it():
    """And its parent; the stacks of a profile are only pointed at."""
    about = describe(history_of())(span(2, 0, 1, 1, status="KeyError", metadata={"item": 1, "stacks": {"a;b": 5}}))
    assert about.pop("stacks").startswith("attached")
    assert about == {"id": 2, "parent": 1, "status": "KeyError", "metadata": {"item": 1}}


def test_a_commit_that_was_evicted_shows_its_seq():
    """A limit forgets actions; the spans stay."""
    timing, history = Timing(), History(limit=1)
    store = Store(board, middleware=[timing, history])
    for number in range(200):
        store.dispatch(task_set("T", number))
    first = min(history.spans, key=lambda one: one.seq)
    assert set(describe(history)(first)) == {"id", "seq", "reducer_ns"}


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6,
        {"text": "ä" * 10**6, "n": 1},
        {str(n): n for n in range(10**5)},
        list(range(10**5)),
        {"k" * 10**5: 1},
    ],
    ids=["text", "part", "many parts", "list", "key"],
)
def test_what_is_long_is_cut_and_says_so(value):
    """A viewer shows a few hundred characters, and cannot open a trace of gigabytes."""
    text = json.dumps(shown(value))
    assert len(text) < 8 * ROOM
    assert "cut: " in text or "more" in text or "kk" in text


def test_what_is_short_in_a_long_mapping_stays():
    """Only the part that is too long is cut."""
    assert shown({"text": "x" * 10**5, "n": 1, "list": [1, 2]})["n"] == 1
    assert shown({"text": "x" * 10**5, "n": 1, "list": [1, 2]})["list"] == [1, 2]


@pytest.mark.parametrize(
    "value", [math.nan, -math.inf, [math.nan], "\ud800", 2**70, {1: {2: "\ud800"}}, b"x", object()]
)
def test_anything_is_valid_json(value):
    """A trace with NaN in it, or with half a surrogate pair, does not open at all."""

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(encode(shown(value)).decode("utf-8"), parse_constant=refuse)


def test_what_raises_when_it_is_shown_is_named():
    """Somebody's object has a broken `__str__`; something is nested beyond what Python follows."""
    nested = []
    for _ in range(10_000):
        nested = [nested]
    assert shown(Unspeakable()) == "(Unspeakable that cannot be shown: RuntimeError)"
    assert shown({"n": 1, "thing": Unspeakable()}) == {"n": 1, "thing": shown(Unspeakable())}
    assert shown(nested) == "(list that cannot be shown: RecursionError)"
