"""What `diff` says about two values, to programs and to people."""

from random import Random

import pytest
from deepdiff import DeepDiff
from immutables import Map
from pyrsistent import pmap, pset, pvector

from statestore import Patch, apply_patches, diff, freeze, thaw

from ..laws.states import Pair, Task, same

OLD = freeze({"tasks": {"T1": {"status": "planned"}, "T2": {"status": "planned"}}, "log": ["a", "b"], "seen": {1}})
NEW = freeze({"tasks": {"T1": {"status": "done"}, "T3": {"status": "planned"}}, "log": ["x", "a", "b"], "seen": {1, 2}})


def test_the_patches_of_a_difference():
    """Each change is one patch with its path from the root."""
    assert set(map(str, diff(OLD, NEW).patches)) == {
        str(patch)
        for patch in (
            Patch("replace", ("tasks", "T1", "status"), "done"),
            Patch("remove", ("tasks", "T2")),
            Patch("add", ("tasks", "T3"), pmap({"status": "planned"})),
            Patch("add", ("log", 0), "x"),
            Patch("add", ("seen", 2), 2),
        )
    }


def test_the_deepdiff_has_paths_from_the_root():
    """It is a real DeepDiff, and finds the same mapping changes as one over the thawed whole."""
    found, whole = diff(OLD, NEW).deepdiff, DeepDiff(thaw(OLD), thaw(NEW))
    assert isinstance(found, DeepDiff)
    assert found["values_changed"]["root['tasks']['T1']['status']"] == {"new_value": "done", "old_value": "planned"}
    for change in ("dictionary_item_added", "dictionary_item_removed"):
        assert sorted(found[change]) == sorted(whole[change])


def test_the_text_of_a_difference_names_paths_and_values():
    """`str()` shows where something changed, and from what to what."""
    text = str(diff(OLD, NEW))
    for part in ("T1", "status", "planned", "done", "T2", "T3"):
        assert part in text


def test_plain_values_are_compared_too():
    """Plain dicts and lists are frozen first."""
    assert diff({"a": [1]}, {"a": [2]}).patches == (Patch("replace", ("a", 0), 2),)
    assert diff(freeze({"a": [1]}), {"a": [1]}).patches == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2), (1, True), (1, 1.0), (None, 0), ("a", b"a"), (1, [1]), ({}, []), (pmap(), Map()), ((1,), [1]),
        ({1}, {True}), ({1: "a"}, {True: "a"}), ({(1,)}, {(True,)}), ([1, [1]], [1, [True]]),
        (Pair(1, 2), Pair(1, 2.0)), (Pair(1, 2), Task(1, 2)), ({(1,): "a"}, {(1.0,): "a"}), ({"a": 0.0}, {"a": 0}),
    ],
)  # fmt: skip
def test_values_of_different_kinds_or_types_differ(one, other):
    """Whatever Python calls equal, the difference leads to a value of exactly the second kind."""
    found = diff(one, other)
    assert found.patches
    assert same(apply_patches(freeze(one), found.patches), freeze(other))


def test_a_nan_does_not_differ_from_a_nan():
    """Two NaN at the same place are no change, as leaf or deep inside."""
    assert diff(float("nan"), float("nan")).patches == ()
    assert diff({"a": [float("nan")]}, {"a": [float("nan")]}).patches == ()


class Watched:
    """A leaf that counts how often it is compared."""

    compared = 0

    def __eq__(self, other):
        Watched.compared += 1
        return self is other

    __hash__ = object.__hash__


def test_shared_parts_are_not_looked_into():
    """Nothing inside an identical part is compared, however large it is."""
    shared = freeze({"big": [Watched() for _ in range(1_000)]})
    old = pmap({"shared": shared, "list": pvector([shared, 1]), "n": 1})
    Watched.compared = 0
    found = diff(old, old.set("n", 2).set("list", pvector([shared, 2])))
    assert len(found.patches) == 2
    assert found.deepdiff
    assert str(found)
    assert Watched.compared == 0


def test_an_element_moved_in_a_long_list_is_a_few_patches():
    """Elements are recognised by what they are, so one insertion does not replace all that follow."""
    old = pvector([pmap({"n": n}) for n in range(10_000)])
    new = pvector([pmap({"n": -1}), *old])
    assert len(diff(old, new).patches) == 1
    assert len(diff(new, old).patches) == 1


def test_unequal_lists_of_any_length_are_compared_rightly():
    """Long lists with nothing in common give patches that lead from one to the other."""
    old, new = pvector(range(5_000)), pvector(range(7_000, 1_000, -1))
    assert apply_patches(old, diff(old, new).patches) == new


def test_sets_are_compared_by_member():
    """Members that came and went are one patch each."""
    old, new = pset(range(100)), pset(range(1, 101))
    assert sorted(map(str, diff(old, new).patches)) == sorted(
        map(str, [Patch("remove", (0,)), Patch("add", (100,), 100)])
    )


def test_long_lists_of_few_values_are_compared_by_position():
    """Where matching would take a second, each position that differs is one patch, and the patches still lead there."""
    random = Random(7)
    old, new = (pvector(random.choices("ab", k=2_000)) for _ in range(2))
    found = diff(old, new)
    assert [patch.path[0] for patch in found.patches] == [i for i in range(2_000) if old[i] != new[i]]
    assert apply_patches(old, found.patches) == new
    assert apply_patches(new, found.inverse) == old
