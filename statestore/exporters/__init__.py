"""How other tools see a run: one module a format, each a stream over a `Source`, live or in a file."""

from statestore.exporters.formats import FORMATS, Format, export, find_format

__all__ = ["FORMATS", "Format", "export", "find_format"]
