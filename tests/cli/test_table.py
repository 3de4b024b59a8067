"""Tables for a terminal."""

import click
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from statestore.cli.table import draw, fit

CELLS = st.text(max_size=30) | st.integers() | st.text("界aé\t\n\x1b", max_size=40)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(20, 200))
def test_columns_are_made_to_fit(wanted, width):
    """Where all fit they are as wanted; else no column is wider than wanted, none is gone, and the widest gave way."""
    found = fit(wanted, width)
    room = width - 2 * (len(wanted) - 1)
    if sum(wanted) <= room:
        assert found == wanted
    else:
        assert all(min(each, 1) <= got <= each for each, got in zip(wanted, found, strict=True))
        assert sum(found) <= max(room, len(wanted))
        narrowed = [got for each, got in zip(wanted, found, strict=True) if got < each]
        assert max(narrowed) >= max(found) - 1


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6), st.integers(20, 60), st.sampled_from(["c", ">c", "|c"]))
def test_no_line_is_too_wide(rows, width, last):
    """Whatever is in the cells, wide characters and control characters too, a line is one line and fits."""
    for line in draw(["a", ">b", last], rows, width):
        text = click.unstyle(line)
        assert cell_len(text) <= width
        assert not set(text) & set("\t\n\r\x1b")


def test_numbers_are_set_to_the_right():
    """A column whose head begins with `>` is, its head too; the others to the left."""
    lines = [click.unstyle(line) for line in draw(["name", ">count"], [("a", 5), ("long name", 1_000)], 40)]
    assert lines == ["name       count", "a              5", "long name   1000"]


def test_what_is_too_long_is_cut():
    """With a sign that it is; in a column with `|` it goes on below."""
    assert click.unstyle(list(draw(["a"], [("x" * 30,)], 20))[1]) == "x" * 19 + "…"
    lines = [click.unstyle(line) for line in draw(["a", "|b"], [("x", "one two three four five")], 20)]
    assert lines[1:] == ["x  one two three", "   four five"]


def test_styles_stay():
    """A cell that was styled is, and its width is that of its text."""
    lines = list(draw(["a", "b"], [(click.style("red", fg="red"), "x")], 40))
    assert lines[1] == "\x1b[31mred\x1b[0m  x"


def test_rows_are_drawn_as_they_come():
    """The first lines of a million rows are there before the last row is made."""
    made = []

    def rows():
        for number in range(1_000_000):
            made.append(number)
            yield (number,)

    lines = draw(["n"], rows(), 40)
    assert [click.unstyle(next(lines)) for _ in range(3)] == ["n", "0", "1"]
    assert len(made) < 1_000


def test_only_styles_are_taken_as_such():
    """A cell that begins with another escape sequence is spelled out, one with an `m` in it as well."""
    for evil in ("\x1b[2Jm", "\x1b]0;m\x07", "\x1b"):
        assert "\x1b" not in list(draw(["a"], [(evil,)], 40))[1]
