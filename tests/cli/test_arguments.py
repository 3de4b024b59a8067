"""`FILE@REF`."""

import pytest

from statestore.cli.arguments import Place, split_place


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with files, one of which has an `@` in its name."""
    monkeypatch.chdir(tmp_path)
    for name in ("run.history", "me@home.history"):
        (tmp_path / name).write_bytes(b"")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("run.history", ("run.history", None)),
        ("run.history@head~2", ("run.history", "head~2")),
        ("run.history@", ("run.history", None)),
        ("run.history@at@noon", ("run.history", "at@noon")),
        ("run.history@1..2", ("run.history", "1..2")),
        ("me@home.history", ("me@home.history", None)),
        ("me@home.history@3", ("me@home.history", "3")),
        ("missing.history@3", ("missing.history", "3")),
        ("missing.history", ("missing.history", None)),
        ("@3", ("@3", "3")),
        ("", ("", None)),
    ],
)
def test_the_longest_name_that_is_a_file(text, place):
    """Is the file; what is behind its `@` is the ref."""
    assert split_place(text) == Place(*place)
