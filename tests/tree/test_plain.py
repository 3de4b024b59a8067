"""State as JSON knows it."""

import json
from decimal import Decimal
from fractions import Fraction

import immutables
from hypothesis import given

from statestore import freeze
from statestore.tree.plain import to_plain
from tests.laws.states import trees
from tests.tree.kinds import Point, Result, Tagged, Ticket


@given(trees)
def test_every_state_is_json(state):
    """Whatever a state is made of, strict JSON can be written of it."""
    json.loads(json.dumps(to_plain(state), allow_nan=False))


def test_plain_data_stays_as_it_is():
    """What JSON knows comes through unchanged, from frozen collections too."""
    data = {"tasks": [{"id": 1, "done": False, "weight": 0.5, "note": None}], "name": "änd"}
    assert to_plain(data) == to_plain(freeze(data)) == data


def test_records_are_objects():
    """Records of every library become mappings of their fields."""
    assert to_plain(Point(1, 2)) == {"x": 1, "y": 2}
    assert to_plain(Tagged(task_name="a")) == {"task_name": "a", "done_at": None}
    assert to_plain(Ticket(title="a", tags=["b"])) == {"title": "a", "tags": ["b"]}
    assert to_plain(Result(score=1, note=immutables.Map(k=1))) == {"score": 1, "note": {"k": 1}}


def test_what_json_has_no_form_for_becomes_text():
    """Other keys, other numbers, NaN and the infinities are told as text, sets in one order."""
    assert to_plain({1: Decimal("1.50"), None: Fraction(1, 3)}) == {"1": "1.50", "None": "1/3"}
    assert to_plain([float("nan"), float("inf"), -float("inf")]) == ["nan", "inf", "-inf"]
    assert to_plain(frozenset("cab")) == ["a", "b", "c"]
    assert to_plain(2**80) == 2**80
