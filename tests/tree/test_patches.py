"""Patches are applied as they say, or refused with what does not fit."""

import pytest
from immutables import Map
from pyrsistent import PMap, PVector, pdeque, plist, pmap, pset, pvector

from statestore import Patch, PatchError, apply_patches, freeze, produce_with_patches

from ..laws.states import Build, Pair, Result, Task, Ticket, Worker

STATE = freeze({"tasks": {"T1": {"status": "planned"}}, "log": [1, 2, 3], "seen": {1, 2}})


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        (Patch("add", ("tasks", "T2"), {}), {"tasks": {"T1": {"status": "planned"}, "T2": {}}}),
        (Patch("replace", ("tasks", "T1", "status"), "done"), {"tasks": {"T1": {"status": "done"}}}),
        (Patch("remove", ("tasks", "T1")), {"tasks": {}}),
        (Patch("add", ("log", 1), 9), {"log": [1, 9, 2, 3]}),
        (Patch("add", ("log", 3), 9), {"log": [1, 2, 3, 9]}),
        (Patch("replace", ("log", 0), 9), {"log": [9, 2, 3]}),
        (Patch("remove", ("log", 0)), {"log": [2, 3]}),
        (Patch("add", ("seen", 3), 3), {"seen": {1, 2, 3}}),
        (Patch("remove", ("seen", 1)), {"seen": {2}}),
    ],
)
def test_each_operation_on_each_kind(patch, expected):
    """Adding, replacing and removing do in a mapping, a list and a set what RFC 6902 and the contract say."""
    assert apply_patches(STATE, [patch]) == STATE.update(freeze(expected))


@pytest.mark.parametrize("record", [Pair, Task, Worker, Build, Ticket, Result])
def test_a_field_is_replaced(record):
    """Fields of records are named in paths as keys are."""
    after = apply_patches(record(left=1, right={"a": 1}), [Patch("replace", ("left",), 2)])
    assert after.left == 2
    assert type(after) is record


def test_patches_apply_in_order():
    """Later paths are those after the earlier patches."""
    patches = [
        Patch("add", ("log", 0), "a"),
        Patch("add", ("log", 0), "b"),
        Patch("remove", ("log", 2)),
        Patch("replace", ("log", 1), "c"),
    ]
    assert list(apply_patches(STATE, patches)["log"]) == ["b", "c", 2, 3]


def test_no_patches_give_the_value_itself():
    """An empty sequence, or patches that cancel out, copy nothing that they did not touch."""
    assert apply_patches(STATE, []) is STATE
    after = apply_patches(STATE, [Patch("replace", ("tasks", "T1", "status"), "done")])
    assert after["log"] is STATE["log"]
    assert after["seen"] is STATE["seen"]


def test_the_root_is_replaced_by_the_empty_path():
    """A patch whose path is empty replaces the whole value."""
    assert apply_patches(STATE, [Patch("replace", (), {"a": 1})]) == pmap({"a": 1})
    assert apply_patches(5, [Patch("replace", (), 6)]) == 6


def test_plain_values_in_patches_are_frozen():
    """Patches read from JSON hold dicts and lists; the state they make is immutable."""
    after = apply_patches(STATE, [Patch("add", ("tasks", "T2"), {"tags": ["a"]})])
    assert isinstance(after["tasks"]["T2"]["tags"], PVector)


def test_a_plain_base_is_frozen():
    """Patches apply to plain data as to what it becomes when it is frozen, also when there are none."""
    assert apply_patches({"a": [1]}, []) == pmap({"a": pvector([1])})
    after = apply_patches({"a": [1], "b": {}}, [Patch("add", ("a", 0), 0)])
    assert after == freeze({"a": [0, 1], "b": {}})
    assert isinstance(after["b"], PMap)


def test_any_iterable_of_patches_will_do():
    """A generator works as a list does."""
    assert apply_patches(STATE, (patch for patch in [Patch("remove", ("log", 0))]))["log"] == pvector([2, 3])


@pytest.mark.parametrize(
    "patch",
    [
        Patch("replace", ("tasks", "T9"), 1),
        Patch("remove", ("tasks", "T9")),
        Patch("replace", ("tasks", "T9", "status"), 1),
        Patch("add", ("log", 4), 1),
        Patch("add", ("log", -1), 1),
        Patch("replace", ("log", 3), 1),
        Patch("remove", ("log", 3)),
        Patch("remove", ("log", -1)),
        Patch("remove", ("log", "0")),
        Patch("remove", ("log", True)),
        Patch("add", ("log", 1.0), 1),
        Patch("remove", ("seen", 9)),
        Patch("replace", ("seen", 1), 2),
        Patch("add", ("tasks", "T1", "status", "deeper"), 1),
        Patch("add", ("log", 0, "deeper"), 1),
        Patch("move", ("log", 0), 1),
    ],
    ids=str,
)
def test_patches_that_do_not_fit_are_refused(patch):
    """A patch for what is not there raises PatchError, a ValueError, and the value is as before."""
    with pytest.raises(PatchError) as caught:
        apply_patches(STATE, [patch])
    assert isinstance(caught.value, ValueError)
    assert STATE["log"] == pvector([1, 2, 3])


@pytest.mark.parametrize("record", [Pair, Task, Worker, Build, Result])
def test_fields_that_a_record_does_not_have_are_refused(record):
    """So are adding and removing fields."""
    base = record(left=1, right=2)
    for patch in (Patch("replace", ("middle",), 1), Patch("add", ("middle",), 1), Patch("remove", ("left",))):
        with pytest.raises(PatchError):
            apply_patches(base, [patch])


@pytest.mark.parametrize(
    "patches", [3, None, "add", [3], [("add", ("a",), 1)], [{"op": "add"}], Patch("add", ("a",), 1)]
)
def test_what_are_no_patches_is_refused(patches):
    """Anything but an iterable of `Patch` raises an error of the tree, or a TypeError, that shows what was found."""
    with pytest.raises((PatchError, TypeError)):
        apply_patches(STATE, patches)


def test_the_error_names_path_and_problem():
    """The message holds the key that is missing."""
    with pytest.raises(PatchError, match="T9"):
        apply_patches(STATE, [Patch("replace", ("tasks", "T9", "status"), 1)])


def test_a_value_keeps_its_kind():
    """Applying patches to a Map, a tuple, a PList or a PDeque gives the same kind."""
    for base in (Map({0: 1}), (1,), plist([1]), pdeque([1]), pvector([1]), pmap({0: 1})):
        assert type(apply_patches(base, [Patch("replace", (0,), 2)])) is type(base)
    for base in (pset([1]), frozenset([1])):
        assert type(apply_patches(base, [Patch("add", (2,), 2)])) is type(base)


@pytest.mark.parametrize("make", [pvector, tuple, plist, pdeque])
def test_a_list_can_be_emptied_and_filled(make):
    """Patches lead to and from the empty value of each kind of sequence."""
    base = make([1, 2])
    value, patches, inverse = produce_with_patches(base, lambda draft: draft.clear())
    assert value == make([])
    assert apply_patches(base, patches) == make([])
    assert apply_patches(value, inverse) == base


def test_many_patches_of_one_list_apply_in_reasonable_time():
    """Thousands of insertions, replacements and removals in a list of thousands give what a plain list gives."""
    model, patches = list(range(2_000)), []
    for step in range(3_000):
        at = step * 7 % len(model)
        op = ("add", "replace", "remove")[step % 3]
        patches.append(Patch(op, (at,), step if op != "remove" else None))
        if op == "add":
            model.insert(at, step)
        elif op == "replace":
            model[at] = step
        else:
            del model[at]
    assert list(apply_patches(pvector(range(2_000)), patches)) == model
