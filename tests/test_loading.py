"""Packages whose names are loaded on use."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import statestore

PACKAGES = ("statestore", "statestore.history", "statestore.journal", "statestore.recording")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there(name):
    """Whatever `__all__` says can be had, and `dir` knows it."""
    package = importlib.import_module(name)
    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, public) is not None for public in package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_another_name_is_an_attribute_error(name):
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        importlib.import_module(name).nothing


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_stands_in_the_place_of_a_name(name):
    """A module called as a public name would be found instead of it, once anybody had imported it."""
    package = importlib.import_module(name)
    folder = Path(package.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules.isdisjoint(package.__all__)


def test_nothing_is_loaded_until_it_is_asked_for():
    """Importing the packages loads none of their modules."""
    code = f"import sys, {', '.join(PACKAGES)}; print(sorted(m for m in sys.modules if m.startswith('statestore')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == str(sorted([*PACKAGES, "statestore.loading"]))
    assert statestore.open_history.__module__ == "statestore.history.file"
