"""Formats: which there are, and that a file is whole or not there."""

import re
from pathlib import Path

import pytest

from statestore import ActionError, StateStoreError
from statestore.exporters import FORMATS, export, find_format
from tests.exporters.traced import history_of, span

README = Path(__file__).parents[2] / "README.md"
TRACES = ["chrome", "perfetto", "speedscope", "collapsed", "cpuprofile"]


class Torn:
    """A source that cannot be read to its end."""

    def __init__(self, source):
        self._source = source

    def __getattr__(self, name):
        return getattr(self._source, name)

    @property
    def spans(self):
        yield from self._source.spans
        raise OSError("the disk is gone")


def test_an_unknown_format_is_refused(tmp_path):
    """The message names those that there are, and nothing is written."""
    with pytest.raises(ActionError, match=r"no format 'svg': there are chrome, perfetto, .*jsonl"):
        export(history_of(), "svg", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    """It is not made, as the path may be mistyped."""
    with pytest.raises(StateStoreError, match=r"no folder .*nowhere to put x\.json into"):
        export(history_of(), "chrome", tmp_path / "nowhere" / "x.json")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", TRACES)
def test_an_export_that_fails_leaves_the_old_file(tmp_path, name):
    """The source breaks off in its middle: no half file, none beside it, and what was there is as it was."""
    target = tmp_path / "trace"
    target.write_bytes(b"of yesterday")

    with pytest.raises(OSError, match="the disk is gone"):
        export(Torn(history_of(span(1, 0, 5), span(2, 6, 9))), name, target)

    assert target.read_bytes() == b"of yesterday"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", TRACES)
def test_an_export_replaces_what_was_there(tmp_path, name):
    """The path comes back, and twice the same source is twice the same file."""
    target = tmp_path / "trace"
    source = history_of(span(1, 0, 5), span(2, 6, 9))

    assert export(source, name, str(target)) == target
    first = target.read_bytes()
    export(source, name, target)

    assert target.read_bytes() == first
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", [*TRACES, "otlp", "prometheus"])
def test_a_run_without_spans_exports(tmp_path, name):
    """Nothing happened: that is no error."""
    assert export(history_of(), name, tmp_path / "empty").is_file()


def test_suffixes_are_those_that_readers_go_by():
    """No two formats share one; speedscope takes what ends in `.chrome.json` for something else and fails."""
    suffixes = [form.suffix for form in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert not any(suffix.endswith(".chrome.json") for suffix in suffixes)
    assert find_format("chrome").suffix == ".trace.json"


def test_the_readme_says_what_opens_each_format():
    """Its table has every format once."""
    table = README.read_text().split("## Other tools")[1].split("\n\n")[2]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`([^`]*)`", " ".join(cells))) == sorted(FORMATS)
