"""What must not reach the disk: values are replaced by a mark before they are encoded for the file."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from statestore.errors import JournalError
from statestore.journal.classes import REDACTED, Opaque
from statestore.journal.codec import is_plain
from statestore.journal.names import SENSITIVE, USUAL, Names, words
from statestore.tree.kinds import KINDS
from statestore.values import Change, Commit

Rule: TypeAlias = str | tuple[Any, ...] | Callable[[tuple[Any, ...], Any], bool]
"""A key's name, a path pattern (`*` stands for one key, `**` for any number), or a predicate of path and value."""


class Redactor:
    """Decides what is hidden.

    Args:
        rules: names, path patterns and predicates, in any mix; none hides nothing.

    Raises:
        JournalError: a rule is none of these.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._patterns: list[tuple[Any, ...]] = []
        self._predicates: list[Callable[[tuple[Any, ...], Any], bool]] = []
        names = [name for rule in ((rules,) if isinstance(rules, str) else rules) for name in self._take(rule)]
        self._names = USUAL if names == list(SENSITIVE) else Names(names)

    def _take(self, rule: Rule) -> tuple[str, ...]:
        """Gives names back, and keeps the other rules."""
        if isinstance(rule, str) and words(rule):
            return (rule,)
        if isinstance(rule, tuple) and rule:
            self._patterns.append(rule)
        elif callable(rule):
            self._predicates.append(rule)
        else:
            raise JournalError(f"redact takes names of keys, tuples of keys and predicates, not {rule!r}")
        return ()

    def __bool__(self) -> bool:
        return bool(self._names or self._patterns or self._predicates)

    @property
    def usual_names_only(self) -> bool:
        """Whether the usual names are all that is hidden."""
        return self._names is USUAL and not self._patterns and not self._predicates

    def may_hide(self, encoded: bytes) -> bool:
        """Whether a closer look at what was encoded is needed; False is certain, and quick to find out."""
        return bool(self._patterns or self._predicates) or self._names.may_be_in(encoded)

    def shows_all_of(self, record: bytes) -> bool:
        """Whether certainly nothing of a commit is hidden; for the usual names its encoding has found out already."""
        return (self.usual_names_only and is_plain(record)) or not self.may_hide(record)

    def hides(self, path: tuple[Any, ...], value: Any) -> bool:
        """Whether the value at that path is hidden; what is below a hidden value is hidden with it."""
        if path and self._names.match(path[-1]):
            return True
        if any(_matches(pattern, path) for pattern in self._patterns):
            return True
        return any(_holds(predicate, path, value) for predicate in self._predicates)

    def cut(self, commit: Commit) -> Commit:
        """The commit with patches that end at what is hidden, so that they apply to states where it is hidden too."""
        changes = tuple([self._cut(change) for change in commit.changes])
        same = all(new is old for new, old in zip(changes, commit.changes, strict=True))
        return commit if same else msgspec.structs.replace(commit, changes=changes, wire=None)

    def _cut(self, change: Change) -> Change:
        op, path, value, old = change
        for length in range(1, len(path)):
            if self.hides(path[:length], None):
                return "replace", path[:length], REDACTED, REDACTED
        if not self.hides(path, value) and not self.hides(path, old):
            return change
        return op, path, None if op == "remove" else REDACTED, None if op == "add" else REDACTED


def _holds(predicate: Callable[[tuple[Any, ...], Any], bool], path: tuple[Any, ...], value: Any) -> bool:
    try:
        return bool(predicate(path, value))
    except Exception:  # noqa: BLE001  # the user's code: where it cannot tell, nothing must leak
        return True


def _matches(pattern: tuple[Any, ...], path: tuple[Any, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_matches(pattern[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and pattern[0] in ("*", path[0]) and _matches(pattern[1:], path[1:])


def is_redacted(value: Any) -> bool:
    """Whether something in a value was redacted; an action with such a payload cannot be replayed."""
    if value is REDACTED:
        return True
    kind = KINDS[type(value)]
    if kind.role == "mapping":
        return any(is_redacted(member) for member in value.values())
    if kind.role == "record":
        return any(is_redacted(kind.child(value, name)) for name in kind.fields(value))
    if kind.role in ("sequence", "set"):
        return any(is_redacted(member) for member in value)
    return isinstance(value, Opaque)
