"""Tables: figures in the units that people read, as text for a terminal or Markdown for the README."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A title, what it says in one sentence, and rows whose first cell is a name."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def as_text(self) -> str:
        """Columns that line up."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        shown = ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
        return "\n".join([f"## {self.title}", self.about, "", *shown, *self.notes, ""])

    def as_markdown(self) -> str:
        """The same for a README."""
        lines = [f"**{self.title}.** {self.about}", "", _row(self.columns), "|---|" + "---:|" * (len(self.columns) - 1)]
        lines += map(_row, self.rows)
        return "\n".join([*lines, "", *[f"{note}\n" for note in self.notes]])


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    yield cells[0].ljust(widths[0])
    yield from (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def show_ns(elapsed_ns: float | None) -> str:
    """A time with three digits; empty where there is none."""
    if elapsed_ns is None:
        return ""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if elapsed_ns >= size:
            return f"{elapsed_ns / size:,.3g} {unit}"
    return f"{elapsed_ns:.0f} ns"


def show_bytes(size: float | None) -> str:
    """A size with three digits; empty where there is none."""
    if size is None:
        return ""
    for unit, unit_size in (("MB", 1e6), ("kB", 1e3)):
        if size >= unit_size:
            return f"{size / unit_size:,.3g} {unit}"
    return f"{max(size, 0):.0f} B"


def show_times(figure: float | None, base: float | None) -> str:
    """How many times another figure it is."""
    return "" if not figure or not base else f"{figure / base:,.3g} ×"
