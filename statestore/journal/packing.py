"""Values to msgpack, without loss: what msgpack has is taken as it is, the rest becomes extensions.

A value is *plain* (payloads: a map is a dict, an array a list) or *state* (a map is a PMap, an array a PVector); the
table of extensions is in `journal.format`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.msgpack import Ext
from pyrsistent import PMap, pvector

from statestore.errors import JournalError
from statestore.journal.classes import REDACTED, Unstored
from statestore.journal.extensions import PACKERS, RAW, SCALARS, Code
from statestore.journal.format import MAX_DEPTH
from statestore.tree.kinds import KINDS, MappingKind

_PMAP: Final[MappingKind] = KINDS[PMap]
_PVECTOR: Final[type] = type(pvector())
encode: Final = msgspec.msgpack.Encoder().encode

Hides = Callable[[tuple[Any, ...], Any], bool]
"""Says of a path and the value there whether it must not be stored."""

# What may be encoded on the dispatching path: quick, and equal to what comes back.
_CHEAP: Final = frozenset(Code) - {Code.RECORD, Code.CHECKED, Code.MEMBER, Code.ARRAY, Code.UNSTORED, Code.BYTEARRAY}


class UnstorableError(JournalError):
    """A value that no extension stands for."""


class TooDeepError(UnstorableError):
    """A value is nested deeper than a file may have it."""


class TooCostlyError(Exception):
    """The value is not worth encoding on the dispatching path."""


class Packing:
    """One walk over a value, giving what msgspec encodes natively.

    Args:
        on_unknown: `error` raises UnstorableError naming the path; `repr` stores type and repr.
        hides: what to redact.
        budget: how many values may be visited before TooCostlyError; classes of the user's are too costly then as well.
    """

    def __init__(self, on_unknown: str = "error", hides: Hides | None = None, budget: int | None = None) -> None:
        self.on_unknown = on_unknown
        self.hides = hides
        self.budget = budget
        self.redacted = False
        self.trail: list[Any] = []
        # Whether to look into integers and texts too, which msgpack may not be able to hold: once it has refused some.
        self._careful = False

    def to_bytes(self, walk: Callable[[], Any]) -> bytes:
        """The msgpack of what a walk gives."""
        try:
            return encode(walk())
        except (OverflowError, UnicodeEncodeError):
            self._careful, self.trail = True, []
            return encode(walk())
        except RecursionError:
            raise UnstorableError("cannot store what is nested so deep, from this deep in the program") from None

    def plain(self, value: Any) -> Any:
        """The packed form in a payload."""
        cls = type(value)
        if cls in SCALARS and not self._careful:
            return value
        if cls is dict:
            return self._mapped(value.copy(), self.plain, Code.DICT)
        return self._listed(value, self.plain) if cls is list else self._other(value)

    def state(self, value: Any) -> Any:
        """The packed form in a state."""
        cls = type(value)
        if cls in SCALARS and not self._careful:
            return value
        if cls is PMap or cls is dict:
            return self._mapped(_as_dict(value), self.state, Code.PMAP)
        return self._listed(value, self.state) if cls is _PVECTOR or cls is list else self._other(value)

    def name(self, text: str) -> str:
        """A text that is no value, such as an action's type: what msgpack cannot hold of it is spelled out."""
        if not self._careful or _fits(text):
            return str(text)
        if self.on_unknown == "error":
            raise UnstorableError(f"cannot store {text[:200]!r}, which has half a surrogate pair in it")
        return text.encode("utf-8", "backslashreplace").decode()

    def items(self, values: Iterable[Any]) -> list[Any]:
        """The elements of a sequence or set."""
        return self._listed(values, self.plain)

    def fields(self, entries: Mapping[Any, Any]) -> dict[Any, Any]:
        """The entries of a map with scalar keys."""
        return self._keyed(dict(entries), self.plain)

    def mapping(self, entries: Mapping[Any, Any]) -> Any:
        """The entries of a map: as one, or as keys and values in turn where a key is no scalar."""
        entries = _as_dict(entries)
        return self._keyed(entries, self.plain) if self._has_scalar_keys(entries) else self._paired(entries)

    def _mapped(self, entries: dict[Any, Any], member: Callable[[Any], Any], code: Code) -> Any:
        if self._has_scalar_keys(entries):
            return self._keyed(entries, member)
        return Ext(int(code), encode(self._paired(entries)))

    def _keyed(self, entries: dict[Any, Any], member: Callable[[Any], Any]) -> dict[Any, Any]:
        return entries if self._is_flat(entries.values()) else self._members(entries, entries, member)

    def _paired(self, entries: dict[Any, Any]) -> list[Any]:
        keys = self._listed(entries, self.plain)
        values = self._members(dict(enumerate(entries.values())), entries, self.plain)
        return [part for pair in zip(keys, values.values(), strict=True) for part in pair]

    def _listed(self, values: Iterable[Any], member: Callable[[Any], Any]) -> list[Any]:
        packed = list(values)
        if self._is_flat(packed):
            return packed
        return list(self._members(dict(enumerate(packed)), range(len(packed)), member).values())

    def _members(self, members: dict[Any, Any], keys: Iterable[Any], member: Callable[[Any], Any]) -> dict[Any, Any]:
        """Packs the values of a dict, each at its key on the trail."""
        if len(self.trail) >= MAX_DEPTH and not _are_scalars(members.values()):
            raise TooDeepError(f"cannot store more than {MAX_DEPTH} levels of nesting, at {self._place()}")
        self.trail.append(None)
        depth = len(self.trail)
        for (place, value), key in zip(members.items(), keys, strict=True):
            self.trail[-1] = key
            try:
                members[place] = REDACTED_EXT if self._hidden(value) else member(value)
            except TooDeepError:
                if self.on_unknown == "error" or depth < MAX_DEPTH:
                    raise
                members[place] = self._unknown(value)
        self.trail.pop()
        return members

    def _is_flat(self, values: Collection[Any]) -> bool:
        """Whether nothing is to be done about these values; they are counted here, too."""
        if self.budget is not None:
            self.budget -= len(values)
            if self.budget < 0:
                raise TooCostlyError
        return self.hides is None and not self._careful and _are_scalars(values)

    def _has_scalar_keys(self, entries: Iterable[Any]) -> bool:
        return _are_scalars(entries) and (not self._careful or all(map(_fits, entries)))

    def _other(self, value: Any) -> Any:
        if self._careful and type(value) in SCALARS and _fits(value):
            return value
        packer = PACKERS[type(value)]
        if packer is None:
            return self._unknown(value)
        code, take_apart = packer
        if self.budget is not None and code not in _CHEAP:
            raise TooCostlyError
        try:
            content = take_apart(value, self)
            return content if code is None else Ext(int(code), content if code in RAW else encode(content))
        except (UnstorableError, TooCostlyError, OverflowError, UnicodeEncodeError, RecursionError):
            raise
        except Exception as error:  # noqa: BLE001  # the user's class, which need not be in order
            return self._unknown(value, error)

    def _unknown(self, value: Any, cause: Exception | None = None) -> Any:
        if self.budget is not None:
            raise TooCostlyError
        text = _safe_repr(value)
        if self.on_unknown == "repr":
            return self._other(Unstored(type(value).__qualname__, text))
        raise UnstorableError(
            f"cannot store the {type(value).__qualname__} at {self._place()}: {text[:200]}. Keep plain data there, "
            f'register its class, or have it stored as text with on_unknown="repr"'
        ) from cause

    def _hidden(self, value: Any) -> bool:
        if self.hides is None or not self.hides(tuple(self.trail), value):
            return False
        self.redacted = True
        return True

    def _place(self) -> str:
        return "/".join(str(key) for key in self.trail)[:200] or "the root"


REDACTED_EXT: Final = Packing()._other(REDACTED)


def _as_dict(entries: Any) -> dict[Any, Any]:
    """A dict of one's own; of PMaps, most of what is packed in a keyframe, the quick way."""
    return _PMAP.items(entries) if type(entries) is PMap else dict(entries.items())


def _are_scalars(values: Iterable[Any]) -> bool:
    for value in values:  # noqa: SIM110  # quicker than `all`, and most of what a keyframe costs
        if type(value) not in SCALARS:
            return False
    return True


def _fits(value: Any) -> bool:
    """Whether msgpack can hold an integer or a text as it is."""
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 64
    return type(value) is not str or value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _safe_repr(value: Any) -> str:
    try:
        return repr(value).encode("utf-8", "backslashreplace").decode()
    except Exception as error:  # noqa: BLE001  # the user's code, called only to show something
        return f"<{type(value).__qualname__}, whose repr raised {type(error).__name__}>"
