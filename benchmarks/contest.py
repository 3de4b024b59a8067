"""Contests: every contestant in a process of its own, all of them in turn, so that a slow moment hits all alike."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.contestants import CONTESTANTS
from benchmarks.steps import WORKLOADS

NODE_FOLDER: Final = Path(__file__).parent / "node"
ROOT: Final = Path(__file__).parents[1]
# A contestant that does not answer in this time is left out, and the table says so.
PATIENCE_S: Final = 300

NODE: Final = {
    "Redux, spread": "redux",
    "Redux, a Map copied": "reduxMap",
    "Redux Toolkit": "toolkit",
    "Immer, patches kept": "immer",
    "mutative, patches kept": "mutative",
    "Redux with DevTools": "devtools",
    "redux-undo": "reduxUndo",
    "zustand with zundo": "zundo",
    "MobX-State-Tree, recorded": "mobxStateTree",
}
"""By the names of the tables, how `node/contestants.mjs` calls them."""
KEEP_NOTHING: Final = ("Redux, spread", "Redux, a Map copied", "Redux Toolkit")
ELSEWHERE: Final = {"reduxMap": ("mapping", "churn", "tasks")}
"""The kinds of work of those that do not do all."""


@dataclass(frozen=True)
class Setting:
    """What is done: which work, on how many tasks, how many actions, and for how many seconds at most."""

    workload: str = "mapping"
    count: int = 1_000
    actions: int = 10_000
    seconds: float = 1.0


@dataclass
class Entry:
    """What was measured of one contestant: a list of figures a key, one of each round, or why there are none."""

    name: str
    group: str
    records: bool
    figures: dict[str, list[float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    skipped: str | None = None

    def add(self, measured: Mapping[str, Any]) -> None:
        """Takes in one round."""
        self.skipped = measured.get("skipped")
        self.versions |= measured.get("versions", {})
        for key, figure in measured.items():
            if isinstance(figure, int | float):
                self.figures.setdefault(key, []).append(figure)

    def median(self, key: str) -> float | None:
        """The middle figure of the rounds."""
        return median(self.figures[key]) if key in self.figures else None


def entries(names: Sequence[str] | None = None) -> dict[str, Entry]:
    """An empty entry for every contestant, or for those whose name has one of these texts in it."""
    python = [Entry(kind.name, kind.group, kind.records) for kind in CONTESTANTS.values()]
    node = [Entry(name, "Node", name not in KEEP_NOTHING) for name in NODE]
    listed = [entry for entry in python if entry.group != "statestore"] + node
    listed += [entry for entry in python if entry.group == "statestore"]
    return {entry.name: entry for entry in listed if names is None or any(part in entry.name for part in names)}


def run_contest(
    setting: Setting, rounds: int, names: Sequence[str] | None = None, tell: Callable[[str], object] = lambda text: None
) -> list[Entry]:
    """Measures all of them, a round after the other; one that cannot be measured is not asked again."""
    field_ = entries(names)
    for number in range(rounds):
        for name, entry in field_.items():
            if entry.skipped is None:
                tell(f"{setting.workload} of {setting.count:,}, round {number + 1} of {rounds}: {name}")
                entry.add(measure(name, setting))
    return list(field_.values())


def measure(name: str, setting: Setting) -> dict[str, Any]:
    """One contestant, once, in its own process."""
    is_node = name in NODE
    try:
        command, given = (_node if is_node else _python)(name, setting)
    except LookupError as missing:
        return {"skipped": str(missing.args[0])}
    environment = os.environ | {"NODE_ENV": "production", "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return {"skipped": f"no answer in {PATIENCE_S} s"}
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def _python(name: str, setting: Setting) -> tuple[list[str], str]:
    numbers = [str(setting.count), str(setting.actions), str(setting.seconds)]
    return [sys.executable, "-m", "benchmarks.runner", name, setting.workload, *numbers], ""


def _node(name: str, setting: Setting) -> tuple[list[str], str]:
    node, workload = shutil.which("node"), WORKLOADS[setting.workload]
    if node is None:
        raise LookupError("node is not installed")
    if setting.workload not in ELSEWHERE.get(NODE[name], WORKLOADS):
        raise LookupError("not its kind of work")
    given = {"initial": workload.initial(setting.count), "steps": workload.steps(setting.count, setting.actions)}
    script = str(NODE_FOLDER / "runner.mjs")
    return [node, "--expose-gc", script, NODE[name], str(setting.seconds), setting.workload], json.dumps(given)
