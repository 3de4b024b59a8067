"""Paths as a person types them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import PatchError, freeze
from statestore.history.jsonpatch import to_pointer
from statestore.tree.paths import check_path, format_path, parse_path

STATE = freeze(
    {
        "tasks": {"T1": {"status": "planned", "needs": ["a", "b", "c"]}, "a.b": {"x y": 1}, "": 0},
        "by number": {7: "seven", -1: "minus one", 1.5: "float", (1, "x"): "tuple", True: "yes", None: "none"},
        "both": {"7": "text", 7: "number"},
        "marks": {"red", "green"},
    }
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        (".", ()),
        ("tasks", ("tasks",)),
        ("tasks.T1.status", ("tasks", "T1", "status")),
        ("tasks['T1'].status", ("tasks", "T1", "status")),
        ('tasks["a.b"]["x y"]', ("tasks", "a.b", "x y")),
        ("tasks['a.b'].x y", ("tasks", "a.b", "x y")),
        ("['tasks']['']", ("tasks", "")),
        ("tasks.T1.needs.0", ("tasks", "T1", "needs", 0)),
        ("tasks.T1.needs[1]", ("tasks", "T1", "needs", 1)),
        ("tasks.T1.needs[-1]", ("tasks", "T1", "needs", 2)),
        ("tasks.T1.needs.-3", ("tasks", "T1", "needs", 0)),
        ("tasks.T1.needs[9]", ("tasks", "T1", "needs", 9)),
        ("/tasks/T1/status", ("tasks", "T1", "status")),
        ("/tasks/a.b/x y", ("tasks", "a.b", "x y")),
        ("/tasks/", ("tasks", "")),
        ("/tasks/T1/needs/2", ("tasks", "T1", "needs", 2)),
        ("/a~1b/~01", ("a/b", "~1")),
        ("by number.7", ("by number", 7)),
        ("by number[-1]", ("by number", -1)),
        ("/by number/True", ("by number", True)),
        ("by number[(1, 'x')]", ("by number", (1, "x"))),
        ("both.7", ("both", "7")),
        ("both[7]", ("both", 7)),
        ("marks.red", ("marks", "red")),
        ("nowhere.at[0].all", ("nowhere", "at", 0, "all")),
        ("root['tasks']['T1']", ("tasks", "T1")),
    ],
)
def test_a_text_names_a_path(text, path):
    """Words, brackets and pointers, and the state decides what a word is."""
    found = parse_path(text, STATE)
    assert found == path
    assert [type(key) for key in found] == [type(key) for key in path]


def test_a_state_may_have_a_root_of_its_own():
    """Where there is a key `root`, it is meant."""
    assert parse_path("root['x']", freeze({"root": {"x": 1}})) == ("root", "x")


@pytest.mark.parametrize(
    "text",
    [
        "tasks.", ".tasks", "tasks..T1", "tasks[", "tasks[]", "tasks[T1]", "tasks['T1", "tasks]", "tasks[[1]]",
        "tasks['T1']x", "tasks[{}]", "tasks[__import__('os')]", "tasks[1 + 1]", "tasks.[0]", "[" * 5_000 + "]" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused(text):
    """The message shows the forms; nothing in brackets is ever run."""
    with pytest.raises(PatchError, match=r"tasks\.T1\.status"):
        parse_path(text, STATE)


KEYS = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda keys: st.lists(keys, max_size=3).map(tuple),
    max_leaves=4,
)


@given(st.lists(KEYS, max_size=5).map(tuple))
def test_what_is_written_is_read_back(path):
    """The text of any path of keys that Python can write is read as that path, keys of the same types."""
    found = parse_path(format_path(path), None)
    assert found == path
    assert repr(found) == repr(path)


@given(st.lists(KEYS, min_size=1, max_size=4).map(tuple))
def test_what_is_written_is_read_back_in_a_state_that_has_it(path):
    """So it is where the state has that very path, whatever its mappings look like."""
    state = 0
    for key in reversed(path):
        state = {key: state}
    assert repr(parse_path(format_path(path), freeze(state))) == repr(path)


@given(st.lists(st.text(), max_size=5).map(tuple))
def test_a_pointer_is_read_back(path):
    """The JSON Pointer of a path of texts is read as that path."""
    assert parse_path(to_pointer(path), None) == path


@given(st.text(alphabet="a1.[]'\"/~\\-, ()", max_size=20))
def test_any_text_is_read_or_refused(text):
    """Whatever is typed gives a path or a PatchError."""
    try:
        path = parse_path(text, STATE)
    except PatchError:
        return
    assert isinstance(path, tuple)


def test_a_path_that_leads_nowhere_is_told():
    """What there is instead is in the message; what is there passes."""
    check_path(("tasks", "T1", "needs", 0), STATE)
    check_path(("marks", "red"), STATE)
    with pytest.raises(PatchError, match="T1"):
        check_path(("tasks", "T9"), STATE)
