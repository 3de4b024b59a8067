"""Text from a file made safe to print."""

import re
from typing import Final

# What a terminal would obey, and what would break a line or a column: a file is not to be trusted with either.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def clean(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    return text if text.isprintable() else _CONTROLS.sub(_spell, text)


def _spell(found: re.Match[str]) -> str:
    return " " if found[0] in "\t\n\r" else found[0].encode("unicode_escape").decode()


def escape(json: str) -> str:
    """JSON in which also those control characters are escaped that it may hold as they are."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
