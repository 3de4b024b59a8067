"""The JSON of values and of a state that changes, as other tools read it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from statestore.tree.kinds import KINDS, MISSING, RecordKind
from statestore.tree.patches import apply_changes
from statestore.tree.plain import to_plain
from statestore.values import Change, Path

# A part whose text is shorter is written anew when something in it changes: 2 µs; a longer one is opened, so that of
# 1,000 tasks only the one that changed is written again.
OPENED_FROM_BYTES: Final = 1_024

Step = tuple[str, Path]


def encode(value: Any) -> bytes:
    """Any value as JSON without spaces: what JSON does not know becomes its text. Costs the size of the value."""
    plain = to_plain(value)
    try:
        return msgspec.json.encode(plain)
    except (UnicodeEncodeError, TypeError, OverflowError):
        # Half of a surrogate pair, as in names of files, or a class derived from str or int.
        return json.dumps(plain, separators=(",", ":")).encode()


class JsonText:
    """The JSON of a state, kept up with its commits: what a change leaves as it is is not encoded again.

    A change costs what it writes, and the joining of the parts around it: where a state of 1,000 tasks (70 kB) changes
    in one of them it is an eightieth of encoding it anew. Takes the memory of the text about twice.
    """

    def __init__(self, state: Any) -> None:
        self._state = state
        self._part = _open(state)

    @property
    def text(self) -> bytes:
        """The state as JSON."""
        return encode(self._state) if self._part is None else self._part.text()

    def apply(self, changes: Sequence[Change]) -> None:
        """Goes on to the state that the changes of a commit lead to."""
        if not changes:
            return
        self._state = apply_changes(self._state, changes)
        if self._part is None or any(not path for _, path, _, _ in changes):
            self._part = _open(self._state)
        else:
            self._part.follow(self._state, [(op, path) for op, path, _, _ in changes], 0)


def _open(value: Any) -> "_Part | None":
    """The value in its parts; None where it has none with positions or names."""
    kind = KINDS[type(value)]
    if kind.role == "sequence":
        return _Array(value)
    return _Object(value) if kind.role == "mapping" or isinstance(kind, RecordKind) else None


class _Part:
    """A mapping, record or sequence as the texts of its parts; the large ones that change are opened in their turn."""

    brackets = (b"{", b"}")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.opened: dict[Any, _Part] = {}
        self.texts = {key: self.prefix(key) + encode(part) for key, part in self.items()}

    def prefix(self, key: Any) -> bytes:
        """What stands before a part."""
        raise NotImplementedError

    def items(self) -> Iterable[tuple[Any, Any]]:
        """The parts with their keys."""
        raise NotImplementedError

    def part(self, key: Any) -> Any:
        """One part, or MISSING."""
        raise NotImplementedError

    def text(self) -> bytes:
        first, last = self.brackets
        return first + b",".join(self.texts.values()) + last

    def follow(self, value: Any, steps: list[Step], depth: int) -> None:
        """Takes the next value, and writes again what the steps touch; their paths lead here in the first `depth`."""
        self.value = value
        below: dict[Any, list[Step]] = {}
        for step in steps:
            below.setdefault(step[1][depth], []).append(step)
        for key, touching in below.items():
            whole = any(len(path) == depth + 1 for _, path in touching)
            self.write(key, None if whole else touching, depth + 1)

    def write(self, key: Any, steps: list[Step] | None, depth: int) -> None:
        """Writes one part again; without steps it is another value altogether."""
        part = self.part(key)
        opened = self.opened.pop(key, None)
        if part is MISSING:
            self.texts.pop(key, None)
            return
        if steps is None:
            self.texts[key] = self.prefix(key) + encode(part)
            return
        if opened is not None and type(opened.value) is type(part):
            opened.follow(part, steps, depth)
        else:
            opened = _open(part) if len(self.texts.get(key, b"")) >= OPENED_FROM_BYTES else None
        if opened is None:
            self.texts[key] = self.prefix(key) + encode(part)
        else:
            self.opened[key] = opened
            self.texts[key] = self.prefix(key) + opened.text()


class _Object(_Part):
    def prefix(self, key: Any) -> bytes:
        return encode(key if isinstance(key, str) else str(key)) + b":"

    def items(self) -> Iterable[tuple[Any, Any]]:
        kind = KINDS[type(self.value)]
        if isinstance(kind, RecordKind):
            return [(name, getattr(self.value, name)) for name in kind.fields(self.value)]
        return self.value.items()  # type: ignore[no-any-return]

    def part(self, key: Any) -> Any:
        kind = KINDS[type(self.value)]
        if isinstance(kind, RecordKind):
            return getattr(self.value, key, MISSING)
        return self.value.get(key, MISSING)


class _Array(_Part):
    brackets = (b"[", b"]")

    def prefix(self, key: Any) -> bytes:
        return b""

    def items(self) -> Iterator[tuple[int, Any]]:
        return enumerate(self.value)

    def part(self, key: Any) -> Any:
        return self.value[key] if key < len(self.value) else MISSING

    def follow(self, value: Any, steps: list[Step], depth: int) -> None:
        """Where elements moved, those that are still there are known by what they are."""
        moves = any(op != "replace" and len(path) == depth + 1 for op, path in steps)
        if not moves or self._only_grows(value, steps, depth):
            super().follow(value, steps, depth)
            return
        known = {id(part): text for part, text in zip(self.value, self.texts.values(), strict=True)}
        before, self.value, self.opened = self.value, value, {}
        texts = [known.get(id(part)) or encode(part) for part in value]
        self.texts = dict(enumerate(texts))
        del before  # until here the ids are those of living values

    def _only_grows(self, value: Any, steps: list[Step], depth: int) -> bool:
        length = len(self.texts)
        for op, path in steps:
            if len(path) == depth + 1 and op != "replace":
                if op != "add" or path[depth] != length:
                    return False
                length += 1
        return length == len(value)
