"""Every test says in one sentence what it claims."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def claims_in(path):
    """The test functions and methods of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_every_test_has_its_sentence(path):
    """A docstring that ends like a sentence, in every test of the file."""
    silent = [
        node.name for node in claims_in(path) if not (ast.get_docstring(node) or "").rstrip().endswith((".", "?"))
    ]
    assert silent == []


def test_no_test_is_named_twice():
    """A second function of the same name in a file or class would silently replace the first."""
    doubled = []
    for path in TESTS.rglob("test_*.py"):
        for scope in ast.walk(ast.parse(path.read_text())):
            if isinstance(scope, ast.Module | ast.ClassDef):
                names = [
                    node.name
                    for node in scope.body
                    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
                ]
                doubled += [f"{path.name}::{name}" for name in names if names.count(name) > 1]
    assert doubled == []
