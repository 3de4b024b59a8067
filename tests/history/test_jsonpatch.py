"""Patches as RFC 6902 JSON Patch, out and in."""

import json
from typing import NamedTuple

import immutables
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import Patch, PatchError, apply_patches, diff, freeze, thaw
from statestore.history import from_json_patch, to_json_patch
from tests.history.boards import insert, make_store, plain, put

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=3), parts, max_size=4),
    max_leaves=12,
)


class Point(NamedTuple):
    """A record."""

    x: int
    y: int


@given(plain_values, plain_values)
def test_out_and_in_again_leads_to_the_same_state(old, new):
    """Through JSON text the patches between any two plain values do what they did; so do the inverse ones."""
    found = diff(freeze(old), freeze(new))
    text = json.dumps(to_json_patch(found.patches))
    assert apply_patches(freeze(old), from_json_patch(json.loads(text), freeze(old))) == freeze(new)
    back = json.loads(json.dumps(to_json_patch(found.inverse)))
    assert apply_patches(freeze(new), from_json_patch(back, freeze(new))) == freeze(old)


def test_a_commit_as_json_patch_both_ways():
    """Forward and inverse are the standard's operations."""
    store, history = make_store()
    store.dispatch(insert(0, "x"))
    assert to_json_patch(history.head.patches) == [{"op": "add", "path": "/order/0", "value": "x"}]
    assert to_json_patch(history.head.inverse) == [{"op": "remove", "path": "/order/0"}]


def test_pointers_are_escaped():
    """Tildes and slashes in keys survive."""
    patch = Patch("replace", ("a/b", "~c"), 1)
    (operation,) = to_json_patch([patch])
    assert operation["path"] == "/a~1b/~0c"
    assert from_json_patch([operation], freeze({"a/b": {"~c": 0}})) == (patch,)


def test_what_json_has_not_is_written_in_its_terms():
    """Records become objects, sets and tuples arrays, keys texts; in a state they are found again."""
    state = immutables.Map({1: Point(1, 2), "tags": frozenset({"b", "a"}), "pair": (1, 2)})
    (operation,) = to_json_patch([Patch("replace", (), state)])
    assert json.loads(json.dumps(operation["value"])) == {"1": {"x": 1, "y": 2}, "tags": ["a", "b"], "pair": [1, 2]}

    operations = [
        {"op": "replace", "path": "/1/x", "value": 5},
        {"op": "remove", "path": "/tags/a"},
        {"op": "add", "path": "/tags/c", "value": "c"},
        {"op": "add", "path": "/pair/-", "value": 3},
    ]
    changed = apply_patches(state, from_json_patch(operations, state))
    assert changed == immutables.Map({1: Point(5, 2), "tags": frozenset({"b", "c"}), "pair": (1, 2, 3)})


@pytest.mark.parametrize(
    ("document", "operations", "result"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
        ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        ({"foo": ["a", 2]}, [{"op": "test", "path": "/foo/1", "value": 2}], {"foo": ["a", 2]}),
        ({"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"g": {}}}], {"foo": "bar", "child": {"g": {}}}),
        ({"foo": "bar"}, [{"op": "add", "path": "/foo", "value": 1, "xyz": 123}], {"foo": 1}),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc"]}], {"foo": ["bar", ["abc"]]}),
        ({"a": 1}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": 1, "b": 1}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ],
)
def test_the_examples_of_the_standard(document, operations, result):
    """Appendix A of RFC 6902, and its move, copy and test."""
    state = freeze(document)
    assert thaw(apply_patches(state, from_json_patch(operations, state))) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/baz", "value": "bar"},
        {"op": "test", "path": "/n", "value": "1"},
        {"op": "add", "path": "/nowhere/deep", "value": 1},
        {"op": "remove", "path": "/nothing"},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "add", "path": "/list/5", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "remove", "path": "/list/-"},
        {"op": "add", "path": "/n/x", "value": 1},
        {"op": "add", "path": "baz", "value": 1},
        {"op": "add", "path": 5, "value": 1},
        {"op": "add", "path": "/baz"},
        {"op": "move", "from": "/list", "path": "/list/0"},
        {"op": "copy", "path": "/baz"},
        {"op": "frobnicate", "path": "/baz"},
        {"path": "/baz"},
    ],
)
def test_what_does_not_fit_raises(operation):
    """The error is a PatchError that names the operation."""
    state = freeze({"baz": "qux", "n": 1, "list": [1, 2]})
    with pytest.raises(PatchError, match="operation 0"):
        from_json_patch([operation], state)


def test_patches_from_elsewhere_enter_by_the_front_door():
    """What another program sends is an action of its own: recorded, blamed and undone like any other."""
    store, history = make_store()
    store.dispatch(put("a"))
    sent = json.loads('[{"op": "replace", "path": "/tasks/a/status", "value": "done"}]')
    store.apply(from_json_patch(sent, store.state), label="from the web page")

    assert plain(store.state)["tasks"]["a"]["status"] == "done"
    assert history.blame(("tasks", "a", "status")).action.payload["label"] == "from the web page"
    assert history.undo()
    assert plain(store.state)["tasks"]["a"]["status"] == "open"
