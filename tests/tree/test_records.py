"""Records of every library are edited by assignment and stay what they are."""

import immutables
import pytest
from pyrsistent import (
    pmap,
    pset,
    pvector,
)

from statestore import Patch, apply_patches, freeze, produce, produce_with_patches

from .kinds import Box, Checked, Derived, Dictful, LabelledBox, Legacy, Point, Private, Result, Slotted, Tagged, Ticket

RECORDS = [
    (Point(1, 2), "x", 5, Point(5, 2)),
    (Legacy("a", 1), "count", 2, Legacy("a", 2)),
    (Slotted(name="a"), "name", "b", Slotted(name="b")),
    (Derived("a"), "name", "b", Derived("b")),
    (Box(1), "item", 2, Box(2)),
    (LabelledBox(1, "l"), "item", 2, LabelledBox(2, "l")),
    (Private(1), "_secret", 2, Private(2)),
    (Private(1), "tags", ("a",), Private(1, ("a",))),
    (Dictful("a"), "name", "b", Dictful("b")),
    (Tagged(task_name="a"), "task_name", "b", Tagged(task_name="b")),
    (Ticket(title="a", tags=[]), "title", "b", Ticket(title="b", tags=[])),
    (Result(score=1, note=None), "score", 2, Result(score=2, note=None)),
]


@pytest.mark.parametrize(("base", "name", "value", "expected"), RECORDS, ids=lambda case: type(case).__name__)
def test_a_field_of_any_record_is_edited_by_assignment(base, name, value, expected):
    """The result is a record of the same class with that field changed, and its patches lead there and back."""

    def change(draft):
        setattr(draft, name, value)
        assert getattr(draft, name) == value

    after, patches, inverse = produce_with_patches(base, change)
    assert type(after) is type(base)
    assert after == expected
    assert patches == (Patch("replace", (name,), value),)
    assert apply_patches(base, patches) == after
    assert apply_patches(after, inverse) == base
    assert produce(base, lambda draft: setattr(draft, name, getattr(base, name))) is base


@pytest.mark.parametrize("base", [case[0] for case in RECORDS], ids=lambda base: type(base).__name__)
def test_a_field_that_a_record_does_not_have(base):
    """Assigning it raises AttributeError, as for any object, and names the field."""

    def change(draft):
        draft.no_such_field = 1

    with pytest.raises(AttributeError, match="no_such_field"):
        produce(base, change)
    with pytest.raises(AttributeError, match="no_such_field"):
        produce(base, lambda draft: draft.no_such_field)


def test_methods_of_a_record_see_the_draft():
    """A method called on a draft works with the fields as they have been edited."""

    def change(draft):
        draft.y = 7
        draft.x = draft.moved(3).x if isinstance(draft.moved(3), Point) else 4

    assert produce(Point(1, 2), change) == Point(4, 7)


def test_fields_that_follow_from_others_are_made_anew():
    """A field that `__init__` does not take is computed again by the class itself."""
    assert produce(Derived("a"), lambda draft: setattr(draft, "name", "b")).upper == "B"


def test_checks_of_a_class_run():
    """A record that refuses a value refuses it in a draft too, with its own error."""
    base = pmap({"box": Checked(1)})
    with pytest.raises(ValueError, match="negative"):
        produce(base, lambda draft: setattr(draft["box"], "count", -1))
    assert base["box"] == Checked(1)


def test_records_nest_in_everything():
    """A field deep in a mixture of kinds is edited in place, and only the way to it is new."""
    base = immutables.Map({"a": pvector([Point(1), Slotted(name="s", tags=({"k": 1},))]), "b": pset([1])})
    base = freeze(base)

    def change(draft):
        draft["a"][1].tags[0]["k"] = 2

    after, patches, _ = produce_with_patches(base, change)
    assert after["a"][1].tags[0]["k"] == 2
    assert after["a"][0] is base["a"][0]
    assert after["b"] is base["b"]
    assert patches == (Patch("replace", ("a", 1, "tags", 0, "k"), 2),)
