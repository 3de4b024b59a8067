"""Key names that give away what is behind them, such as `password`: found quickly, because every key is looked at."""

import re
from collections.abc import Iterable
from typing import Any, Final

SENSITIVE: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "authorization", "api_key", "access_key",
    "private_key", "credential", "credentials", "cookie", "set_cookie",
)  # fmt: skip
"""Names that are redacted unless others are given. `db_password`, `apiKey` and `X-Api-Key` match, `token_count` not."""

# Verdicts on keys kept: some megabytes. Keys may be data, such as ids, so this must not grow with them for ever.
_REMEMBERED: Final = 50_000
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_LOWER: Final = bytes(range(256)).lower()
_NOT_WORDS: Final = bytes(byte for byte in range(256) if byte > 127 or not chr(byte).isalnum())


class Names:
    """A set of names; a key has one of them if its last words are the name's: `apiKey`, `API-Key`, `my_api_key`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {words(name) for name in names}
        self._needles = sorted({name.replace(" ", "").encode() for name in self._names})
        self.others: set[Any] = set()
        """Keys that were looked at and have none of the names; never replaced by another set."""
        self._matches: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._names)

    def may_be_in(self, encoded: bytes) -> bool:
        """Whether keys in encoded data may match; False is certain, and takes half a microsecond for a short commit."""
        folded = encoded.translate(_LOWER, _NOT_WORDS)
        return any(needle in folded for needle in self._needles)

    def match(self, key: Any) -> bool:
        """Whether the key has one of the names."""
        if key in self.others:
            return False
        if key in self._matches:
            return True
        return self._look(key)

    def _look(self, key: Any) -> bool:
        if not isinstance(key, str):
            return False
        matches = self.may_be_in(key.encode("ascii", "replace")) and self._has_name(words(key))
        known = self._matches if matches else self.others
        if len(known) >= _REMEMBERED:
            known.clear()
        known.add(key)
        return matches

    def _has_name(self, key: str) -> bool:
        return any(key == name or key.endswith(" " + name) for name in self._names)


def words(name: str) -> str:
    """A name as lower-case ASCII words with single spaces between."""
    ascii_only = name.encode("ascii", "replace").decode()
    return _SEPARATORS.sub(" ", _HUMPS.sub(" ", ascii_only).lower()).strip()


USUAL: Final = Names(SENSITIVE)
"""The names that are redacted by default: commits are looked through for them while they are encoded."""
