"""The examples as modules to import and as a program to run, and a small folder for them to work on."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

# What the survey is to find below: broken files, an encoding that is not declared, one that does not exist,
# packages in packages, and folders without modules.
FILES = {
    "top.py": b"import os\nfrom a import b\n\n\ndef f():\n    class C:\n        async def g(self): ...\n",
    "broken.py": b"def broken(:\n",
    "outer/__init__.py": b"",
    "outer/undeclared.py": b"import os\nname = 'caf\xe9'\n",
    "outer/unknown.py": b"# coding: uft-8\nclass D: ...\n",
    "outer/inner/python2.py": b"print 'x'\n",
    "outer/inner/last.py": b"def h(): ...\n",
    "data/readme.txt": b"no modules here\n",
    "site-packages/installed.py": b"import this\n",
}


def write_folder(root: Path) -> Path:
    """Writes the made-up files below `root`."""
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def start_orchestrator(place: Path, *arguments: object) -> subprocess.Popen[str]:
    """Starts the orchestrator as its own process, in the folder `place`."""
    command = [sys.executable, EXAMPLES / "orchestrator.py", *map(str, arguments)]
    return subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The made-up folder of Python files."""
    return write_folder(tmp_path / "folder")


@pytest.fixture
def long_folder(tmp_path: Path) -> Path:
    """A folder that takes two seconds or so to survey, for what is to happen meanwhile."""
    root = tmp_path / "long"
    root.mkdir()
    for number in range(60):
        (root / f"{number}.py").write_bytes(Path(argparse.__file__).read_bytes())
    return root


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the orchestrator in the temporary folder."""
    return partial(start_orchestrator, tmp_path)


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str, str]]:
    """Runs the orchestrator to its end; gives exit status, output and errors."""

    def finish(*arguments: object) -> tuple[int, str, str]:
        process = start(*arguments)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors

    return finish
