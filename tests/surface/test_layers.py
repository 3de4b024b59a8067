"""Imports point upstream only, as the design says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_are_kept():
    """import-linter finds every contract of pyproject.toml kept: layers in order, no cycles."""
    pytest.importorskip("importlinter", reason="import-linter comes with the extra `dev`")
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
