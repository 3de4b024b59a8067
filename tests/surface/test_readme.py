"""The README's code runs as it is written."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks():
    """Each python block with the number of its first line."""
    text = README.read_text()
    return [(text.count("\n", 0, found.start(1)) + 1, found[1]) for found in BLOCK.finditer(text)]


def test_the_readme_shows_code():
    """There is a python block at all, so that the next test says something."""
    assert blocks()


def test_the_blocks_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    """A reader who types them in, from first to last, gets no error; later blocks may use names of earlier ones."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for line, code in blocks():
        try:
            # The newlines in front make the numbers of a traceback those of the README.
            exec(compile("\n" * (line - 1) + code, str(README), "exec"), names)
        except Exception as error:  # noqa: BLE001 - whichever it is, it belongs to that block
            pytest.fail(f"the block at line {line} of README.md raised {type(error).__name__}: {error}")
