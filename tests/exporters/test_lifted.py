"""What is read of the files that Redux DevTools exports, and what is refused."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import Action, JournalError, freeze
from statestore.exporters import sharing
from statestore.exporters.jsan import restore
from statestore.exporters.lifted import read_lifted
from statestore.tree.diff import diff
from statestore.tree.kinds import MISSING
from statestore.tree.patches import apply_changes

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.sampled_from([0, 1, 0.0, 1.0, False, True]), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=1), inner, max_size=3)),
    max_leaves=8,
)


def lifted_file(states, actions=None, **more):
    """A lifted state file of these states, the first one that of `@@INIT`."""
    actions = actions or [{"type": "@@INIT"}, *[{"type": f"a{n}"} for n in range(1, len(states))]]
    ids = list(range(len(actions)))
    whole = {
        "actionsById": {str(n): {"type": "PERFORM_ACTION", "action": actions[n], "timestamp": 5_000 + n} for n in ids},
        "stagedActionIds": ids,
        "skippedActionIds": [],
        "currentStateIndex": ids[-1],
        "computedStates": [{"state": state} for state in states],
        "nextActionId": len(ids),
    }
    return json.dumps(whole | more).encode()


def read_all(data: bytes):
    """What the file tells, and its entries."""
    found = read_lifted(data)
    return found, list(found.entries)


# States


@given(st.lists(jsons, min_size=1, max_size=6), st.booleans())
def test_states_and_changes_are_those_of_the_file(states, referring):
    """Each state comes out as it is in the file, and the changes between two are what leads from one to the other."""
    note = {"note": {"$jsan": "u"}} if referring else {}
    found, entries = read_all(lifted_file(states, **note))
    state = found.root
    assert diff(state, freeze(states[0])).changes == ()
    for entry, wanted in zip(entries, states[1:], strict=True):
        assert diff(entry.state, freeze(wanted)).changes == ()
        assert diff(apply_changes(state, entry.changes), entry.state).changes == ()
        assert bool(entry.changes) == bool(diff(state, entry.state))
        state = entry.state


def test_unchanged_parts_are_shared():
    """What two neighbouring states have in common is one object, in lists as in mappings."""
    first = {"tasks": {f"T{n}": {"tags": ["a", n]} for n in range(5)}, "log": [{"n": 1}, {"n": 2}]}
    second = json.loads(json.dumps(first))
    second["tasks"]["T3"]["tags"].append("new")
    second["log"].insert(0, {"n": 0})
    found, (entry,) = read_all(lifted_file([first, second]))
    before, after = found.root, entry.state
    assert before["tasks"]["T2"] is after["tasks"]["T2"]
    assert before["log"][1] is after["log"][2]
    assert {change[:2] for change in entry.changes} == {("add", ("tasks", "T3", "tags", 2)), ("add", ("log", 0))}


def test_keys_in_another_order_are_no_change():
    """A state whose text differs in order and spaces alone is the same object."""
    data = lifted_file([0, 0]).replace(b'{"state": 0}', b'{"state": {"a": 1, "b": {"c": 2}}}', 1)
    data = data.replace(b'{"state": 0}', b'{"state": {"b":{ "c":2 }, "a":1}}')
    found, (entry,) = read_all(data)
    assert entry.state is found.root
    assert entry.changes == []


def test_skipped_failed_and_undefined():
    """A toggled action is left out, one that failed has its error and the state before, one without a state too."""
    states = [{"n": 0}, {"n": 1}, {"n": 1}, {"n": 1}, {"n": 4}]
    whole = json.loads(lifted_file(states, skippedActionIds=[2], currentStateIndex=3))
    whole["computedStates"][3] = {"error": "TypeError: x is undefined"}
    found, entries = read_all(json.dumps(whole).encode())
    assert (found.skipped, found.current, found.has_states) == (1, 2, True)
    assert [entry.action.type for entry in entries] == ["a1", "a3", "a4"]
    assert [entry.error for entry in entries] == [None, "TypeError: x is undefined", None]
    assert [entry.state for entry in entries] == [{"n": 1}, {"n": 1}, {"n": 4}]
    assert [entry.at_ms for entry in entries] == [5_001, 5_003, 5_004]
    assert found.started_ms == 5_000


def test_actions_without_states():
    """A file in which nothing was computed yet, the short form and a bare list tell actions and the first state."""
    whole = lifted_file([], [{"type": "@@INIT"}, {"type": "a"}], committedState={"n": 1}, computedStates=[])
    short = json.dumps({"payload": '[{"type":"a"}]', "preloadedState": '{"n":1}'}).encode()
    loose = json.dumps({"payload": [{"type": "a"}], "preloadedState": {"n": 1}}).encode()
    bare = b' [{"type": "a"}]'
    for data, root in ((whole, {"n": 1}), (short, {"n": 1}), (loose, {"n": 1}), (bare, MISSING)):
        found, entries = read_all(data)
        assert (found.root, found.has_states, found.current) == (root, False, 1)
        assert [entry.action for entry in entries] == [Action("a")]
        assert entries[0].state is MISSING


def test_a_lifted_state_within_a_payload():
    """The payload may be a lifted state as well."""
    found, entries = read_all(json.dumps({"payload": lifted_file([1, 2]).decode()}).encode())
    assert (found.root, [entry.state for entry in entries]) == (1, [2])


@pytest.mark.parametrize(
    ("action", "taken"),
    [
        ({"type": "t"}, Action("t")),
        ({"type": "t", "payload": [1], "meta": {"by": "me"}}, Action("t", [1], {"by": "me"})),
        ({"type": "t", "id": 1, "text": "x"}, Action("t", {"id": 1, "text": "x"})),
        ({"type": "t", "payload": 1, "error": True}, Action("t", {"payload": 1, "error": True})),
        ({"type": "t", "payload": 1, "meta": 3}, Action("t", {"payload": 1, "meta": 3})),
    ],
)
def test_actions_of_any_shape(action, taken):
    """A Flux standard action is taken as it is; of any other, what stands beside the type is the payload."""
    _, (entry,) = read_all(json.dumps([action]).encode())
    assert entry.action == taken


@pytest.mark.parametrize(("stamp", "taken"), [(1.5, 1.5), (-1, None), ("x", None), (1e300, None), (None, None)])
def test_times_that_are_none(stamp, taken):
    """A timestamp that is no moment is passed over."""
    whole = json.loads(lifted_file([1, 2]))
    whole["actionsById"]["1"]["timestamp"] = stamp
    _, (entry,) = read_all(json.dumps(whole).encode())
    assert entry.at_ms == taken


# jsan


def test_references_and_marks_of_jsan():
    """References become the same object, and what JSON does not have a plain value; nothing is run."""
    document = json.loads(r"""
        {"x": {"l": [1, 2], "a b": {"q\"": 1}}, "y": {"$jsan": "$.x"},
         "z": [{"$jsan": "$.x.l"}, {"$jsan": "$.x[\"a b\"]"}],
         "d": {"$jsan": "d1500000000000"}, "bad": {"$jsan": "dNaN"}, "r": {"$jsan": "rgi,a,b"}, "u": {"$jsan": "u"},
         "e": {"$jsan": "eboo"}, "n": {"$jsan": "n"}, "i": {"$jsan": "i"}, "j": {"$jsan": "y"}, "s": {"$jsan": "sq"},
         "f": {"$jsan": "ffunction(x){ /* ... */ }"},
         "m": {"$jsan": "m[[\"k\",{\"$jsan\":\"$.x.l\"}],[1,{\"$jsan\":\"$[0][0]\"}]]"},
         "set": {"$jsan": "l[1,\"2\"]"}, "key": {"$jsan": ["own"]}, "pairs": {"$jsan": "m[[[1],2]]"},
         "typed": {"data": {"in": {"data": [1], "__serializedType__": "List"}}, "__serializedType__": "ImmutableMap"}}
    """)
    found = restore(document, json.loads)
    assert found["y"] is found["x"]
    assert found["z"][0] is found["x"]["l"]
    assert found["z"][1] == {'q"': 1}
    assert found["d"] == datetime(2017, 7, 14, 2, 40, tzinfo=UTC)
    assert math.isnan(found["n"])
    assert (found["i"], found["j"], found["u"], found["bad"]) == (math.inf, -math.inf, None, None)
    assert (found["r"], found["e"], found["s"], found["f"]) == ("/a,b/gi", "boo", "q", "function(x){ /* ... */ }")
    assert found["m"] == {"k": [1, 2], "1": "k"}
    assert found["m"]["k"] is found["x"]["l"]
    assert (found["set"], found["pairs"]) == ([1, "2"], [[[1], 2]])
    assert found["key"] == {"$jsan": "own"}
    assert found["typed"] == {"in": [1]}


def test_states_that_refer_to_each_other():
    """In a file with references a state is what they stand for, and shares with the one that they lead to."""
    whole = json.loads(lifted_file([{"big": {"deep": [1, 2]}, "n": 0}, 0, 0]))
    whole["computedStates"][1] = {"state": {"big": {"$jsan": "$.computedStates[0].state.big"}, "n": 1}}
    whole["computedStates"][2] = {"$jsan": "$.computedStates[1]"}
    found, entries = read_all(json.dumps(whole).encode())
    assert [entry.state["n"] for entry in entries] == [1, 1]
    assert entries[0].state["big"] is found.root["big"]
    assert entries[0].changes == [("replace", ("n",), 1, 0)]
    assert entries[1].changes == []


# What is refused


def bomb(levels: int) -> list:
    """States whose references double at every level."""
    states = [{"s": ["x"] * 10}]
    for level in range(levels):
        before = f"$.computedStates[{level}].state"
        states.append({"a": {"$jsan": before}, "b": {"$jsan": before}})
    return states


def without(key: str) -> bytes:
    whole = json.loads(lifted_file([1, 2]))
    del whole[key]
    return json.dumps(whole).encode()


HOLDING_ITSELF = lifted_file([{"a": 1}, {"self": {"$jsan": "$.computedStates[1].state"}}])
REFUSED = {
    "nothing": (b"", "no JSON"),
    "no JSON": (b"{nonsense", "no JSON"),
    "cut off": (lifted_file([1, 2])[:-20], "no JSON"),
    "not UTF-8": (b'{"payload": "\xff\xfe"}', "no JSON"),
    "a history file": (b"\x00\x01statestore", "no JSON"),
    "a number": (b"3", "neither an object nor a list"),
    "a text": (b'"text"', "neither an object nor a list"),
    "another object": (b'{"a": 1, "b": 2}', "neither actionsById nor payload, but 'a', 'b'"),
    "an empty object": (b"{}", "but nothing"),
    "nothing staged": (lifted_file([], [{"type": "@@INIT"}], stagedActionIds=[]), "stagedActionIds is empty"),
    "no staged": (without("stagedActionIds"), "has no stagedActionIds"),
    "staged texts": (lifted_file([1, 2], stagedActionIds=["0", "1"]), "not a list of numbers"),
    "an unknown id": (lifted_file([1, 2], stagedActionIds=[0, 7]), "names 7, which actionsById does not have"),
    "too few states": (lifted_file([1, 2], computedStates=[{"state": 1}]), "2 stagedActionIds and 1 computedStates"),
    "states of no kind": (lifted_file([1, 2], computedStates=[1, 2]), "no object at 0"),
    "states no list": (lifted_file([1, 2], computedStates={}), "computedStates is not a list"),
    "actions no object": (lifted_file([1, 2], actionsById=[1, 2]), "actionsById is not an object"),
    "an index beyond": (lifted_file([1, 2], currentStateIndex=2), "currentStateIndex is 2"),
    "an index of no kind": (lifted_file([1, 2], currentStateIndex="1"), "currentStateIndex is 1"),
    "no action": (lifted_file([1, 2], actionsById={"0": {}, "1": {}}), "no action at 0"),
    "a lifted number": (lifted_file([1, 2], actionsById={"0": 1, "1": 1}), "no action at 0"),
    "an action without type": (b'[{"payload": 1}]', "action 1 has no text as its type"),
    "an action of no kind": (b"[1]", "action 1 has no text as its type"),
    "payload of no kind": (b'{"payload": "3"}', "neither an object nor a list"),
    "payload no JSON": (b'{"payload": "[{"}', "no JSON"),
    "preloaded no JSON": (b'{"payload": "[]", "preloadedState": "{"}', "no JSON"),
    "deep": (b'{"payload":' * 100_000, "nested too deeply"),
    "deep state": (lifted_file([1, 2]).replace(b'"state": 2', b'"state": ' + b"[" * 100_000 + b"]" * 100_000), "deep"),
    "a reference nowhere": (lifted_file([1, {"$jsan": "$.gone"}]), "leads nowhere"),
    "a reference beyond": (lifted_file([1, {"$jsan": "$.computedStates[9999999999].x"}]), "leads nowhere"),
    "a state in itself": (HOLDING_ITSELF, "holds itself"),
    "references that double": (lifted_file(bomb(40)), "references make"),
}


@pytest.mark.parametrize(("data", "complaint"), REFUSED.values(), ids=REFUSED)
def test_broken_and_hostile_files(data, complaint):
    """Whatever is wrong with a file is one JournalError that says what was found."""
    with pytest.raises(JournalError, match=complaint) as caught:
        read_all(data)
    assert len(str(caught.value)) < 300


@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_damage_is_one_error(junk, place):
    """A file with junk in any place is read, or refused with a JournalError; nothing else comes out."""
    whole = lifted_file([{"a": {"$jsan": "u"}}, {"a": [1]}])
    for data in (whole[:place] + junk + whole[place:], whole[:place], junk):
        try:
            read_all(data)
        except JournalError:
            continue


def test_comparing_again_and_again_is_bounded(monkeypatch):
    """Two large states, alike and not the same, between which small references go back and forth."""
    monkeypatch.setattr(sharing, "_WRITTEN_OUT", 0)
    one, other = ({"list": [{"n": n} for n in range(400)], "last": last} for last in "ab")
    turns = [{"$jsan": f"$.computedStates[{turn % 2}].state"} for turn in range(300)]
    with pytest.raises(JournalError, match="references make more"):
        read_all(lifted_file([one, other, *turns]))


def test_what_refers_in_the_usual_way_is_read():
    """100 states of 100 tasks, each but one a reference to the state before, are within the bounds."""
    states = [{f"T{n}": {"n": n, "tags": ["a", "b"]} for n in range(100)}]
    for turn in range(100):
        states.append({f"T{n}": {"$jsan": f"$.computedStates[{turn}].state.T{n}"} for n in range(100)})
        states[-1][f"T{turn}"] = {"n": -1, "tags": []}
    _, entries = read_all(lifted_file(states))
    assert all(part["n"] == -1 for part in entries[-1].state.values())


def test_half_a_surrogate_pair():
    """JavaScript writes texts that are no UTF-8, and they are read as they are."""
    _, (entry,) = read_all(lifted_file([{"a": ""}, {"a": "\ud83d"}]))
    assert entry.state == {"a": "\ud83d"}
