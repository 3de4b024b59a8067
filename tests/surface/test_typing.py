"""What a type checker knows of the public names."""

import re
import textwrap
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]

PROGRAM = """
from typing import Any

from statestore import Action, Slice, Store, combine, produce, select

backlog = Slice("backlog", initial={"tasks": {}})


@backlog.action
def task_added(draft: Any, id: str, title: str = "", *, priority: int = 1) -> None:
    draft["tasks"][id] = title


count = Slice("count", initial=0)


@count.action
def added(value: int, by: int = 1) -> int:
    return value + by


reveal_type(task_added)  # creator
reveal_type(task_added("T1"))  # action
reveal_type(task_added.type)  # type
reveal_type(task_added.match)  # match
reveal_type(added)  # scalar creator
task_added("T1", title="parse", priority=2)  # right
task_added(id="T1")  # right
added()  # right
added(by=2)  # right
task_added()  # missing
task_added(1)  # wrong type
task_added("T1", titel="parse")  # unknown
task_added("T1", "parse", 2)  # too many
task_added("T1", priority="high")  # wrong type by name
added("one")  # wrong type of scalar
store = Store(combine(backlog, count))
store.dispatch(task_added("T1"))  # right
reveal_type(store.dispatch)  # dispatch
unsubscribe = store.subscribe(lambda heard: None)
reveal_type(unsubscribe)  # unsubscribe


@backlog.on(task_added)
def _reacted(draft: Any, action: Action) -> None:
    reveal_type(action)  # reacting
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of each line of the program that has a comment, by that comment."""
    path = tmp_path_factory.mktemp("typing") / "typed_program.py"
    path.write_text(textwrap.dedent(PROGRAM))
    out, err, _ = api.run([str(path), "--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary"])
    assert not err
    messages: dict[int, str] = {}
    for line in out.splitlines():
        # By name only: for an unchanged program mypy repeats what it has in its cache, with the folder of that time.
        if found := re.match(rf".*{path.name}:(\d+): (.*)", line):
            messages[int(found[1])] = messages.get(int(found[1]), "") + found[2]
    comments = enumerate(path.read_text().splitlines(), start=1)
    result: dict[str, list[str]] = {}
    for number, line in comments:
        if "  # " in line:
            result.setdefault(line.split("  # ")[1], []).append(messages.pop(number, ""))
    assert not messages
    return result


def test_a_creator_has_the_functions_own_parameters(said):
    """The draft is gone, and names, types and defaults of the others are kept."""
    (creator,) = said["creator"]
    assert re.search(r"id: .*str.*, title: .*str.* =, \*, priority: .*int.* =", creator)
    assert "draft" not in creator
    (scalar,) = said["scalar creator"]
    assert re.search(r"by: .*int.* =", scalar)


def test_a_creator_makes_actions(said):
    """Its result is an `Action`, its type a string, and `match` a test."""
    assert "statestore.values.Action" in said["action"][0]
    assert "str" in said["type"][0]
    assert "bool" in said["match"][0]


def test_right_calls_pass(said):
    """Nothing is reported for arguments that fit."""
    assert set(said["right"]) == {""}


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("missing", "Missing positional argument|Too few arguments"),
        ("wrong type", "incompatible type"),
        ("unknown", "Unexpected keyword argument"),
        ("too many", "Too many"),
        ("wrong type by name", "incompatible type"),
        ("wrong type of scalar", "incompatible type"),
    ],
)
def test_wrong_calls_are_reported(said, wrong, problem):
    """Missing, superfluous, unknown and ill-typed arguments are errors before the program runs."""
    assert re.search(problem, said[wrong][0])
    assert "error" in said[wrong][0]


def test_the_rest_of_the_surface_is_typed(said):
    """Dispatch, unsubscribe and the actions that a slice reacts to have types of their own."""
    assert "def (action: Any) -> Any" in said["dispatch"][0]
    assert "def ()" in said["unsubscribe"][0]
    assert "statestore.values.Action" in said["reacting"][0]
