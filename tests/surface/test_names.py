"""What people import is there, and nothing else is."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import statestore

# Section 4 of the design, in its order.
CONTRACT = [
    "Action",
    "Slice",
    "combine",
    "produce",
    "produce_with_patches",
    "apply_patches",
    "original",
    "current",
    "freeze",
    "thaw",
    "Store",
    "thunk",
    "log_actions",
    "Effects",
    "select",
    "History",
    "open_history",
    "replay",
    "verify_replay",
    "diff",
    "Timing",
    "Milestones",
    "Memory",
    "FakeClock",
    "Journal",
    "resume",
    "Run",
    "StateStoreError",
    "ActionError",
    "DispatchError",
    "ReducerError",
    "DraftError",
    "PatchError",
    "HistoryError",
    "JournalError",
    "CorruptHistoryError",
    "UnsupportedVersionError",
    "Patch",
    "Commit",
    "Span",
    "Milestone",
    "MemorySample",
    "Snapshot",
]
FROM_TESTING = {"FakeClock"}


@pytest.mark.parametrize("name", [name for name in CONTRACT if name not in FROM_TESTING])
def test_a_name_of_the_contract_is_public(name):
    """It imports from `statestore`, and has a docstring."""
    assert getattr(statestore, name).__doc__


def test_the_fakes_are_public_in_testing():
    """They import from `statestore.testing`, which nothing else loads."""
    from statestore import testing

    for name in FROM_TESTING:
        assert getattr(testing, name).__doc__


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        ("ActionError", TypeError),
        ("DispatchError", RuntimeError),
        ("ReducerError", RuntimeError),
        ("DraftError", Exception),
        ("PatchError", ValueError),
        ("HistoryError", LookupError),
        ("JournalError", Exception),
        ("CorruptHistoryError", statestore.JournalError),
        ("UnsupportedVersionError", statestore.JournalError),
    ],
)
def test_errors_are_one_tree(error, builtin):
    """Each descends from the root and from the built-in that fits it."""
    assert issubclass(getattr(statestore, error), statestore.StateStoreError)
    assert issubclass(getattr(statestore, error), builtin)


def test_every_public_function_and_class_is_documented():
    """Whatever the package exports has a docstring, and so has each public method of its classes."""
    missing = []
    for name in dir(statestore):
        value = getattr(statestore, name)
        if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        if not value.__doc__:
            missing.append(name)
        if inspect.isclass(value) and value.__module__.startswith("statestore"):
            own = [attribute for attribute, member in vars(value).items() if inspect.isfunction(member)]
            own = [attribute for attribute in own if not attribute.startswith("_")]
            missing += [f"{name}.{attribute}" for attribute in own if not inspect.getdoc(getattr(value, attribute))]
    assert missing == []


def test_the_package_says_that_it_is_typed():
    """The marker that type checkers look for is shipped."""
    assert (Path(statestore.__file__).parent / "py.typed").exists()


def test_heavy_libraries_load_on_use():
    """Importing statestore loads none of the libraries that only some commands or calls need."""
    heavy = (
        "deepdiff", "rich", "click", "numpy", "immutables", "attr", "pyinstrument", "asyncio.subprocess",
        "opentelemetry", "prometheus_client", "pyarrow",
    )  # fmt: skip
    code = f"import statestore, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def sources():
    """Every module of the package."""
    return sorted(Path(statestore.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.parent.name + "/" + path.name)
def test_a_module_opens_with_one_sentence(path):
    """Its docstring begins with what the module is for; only empty packages have none."""
    tree = ast.parse(path.read_text())
    if not tree.body:
        return
    summary = (ast.get_docstring(tree) or "").split("\n\n")[0]
    assert summary.endswith((".", "?"))
