"""The life of one draft: made when its value is first read, edited, finished once, revoked for ever."""

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, ClassVar, Final, NoReturn, TypeAlias

from pyrsistent import pmap, pset, pvector

from statestore.errors import DraftError
from statestore.tree.kinds import KINDS, MISSING, Role
from statestore.values import Change, Path

Changes: TypeAlias = "list[Change] | None"
"""Where a finishing draft writes what it changed; None when nobody asked."""

Scope: TypeAlias = "list[Draft]"
"""All drafts of one recipe, to revoke them when it ends; its identity tells the recipes apart."""


NOTHING: Final[dict[Any, Any]] = {}
"""Stands for a dict that nothing was put into yet; never edited."""


class Draft:
    """What the drafts of all kinds share.

    `_base` is the value that is being edited, `_children` the drafts of its parts that were read and are still in their
    place, `_writes` the parts that were put in. `_final` is MISSING for a draft that was only read; one that was put
    somewhere keeps there the value that it becomes, so that it becomes one value wherever it stands.
    """

    __slots__ = ("_base", "_children", "_final", "_parent", "_scope", "_writes")

    drafts: ClassVar[str]
    by_form: ClassVar[dict[str, type["Draft"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Draft.by_form[cls.drafts] = cls

    def __init__(self, base: Any, scope: "Scope", parent: "Draft | None") -> None:
        self._base = base
        self._scope = scope
        self._parent = parent
        # Most drafts hold children or writes, not both: each dict is made when the first entry comes.
        self._children: Any = NOTHING
        self._writes: Any = NOTHING
        self._final: Any = MISSING
        scope.append(self)

    def _write(self, key: Any, value: Any) -> None:
        if self._writes:
            self._writes[key] = value
        else:
            self._writes = {key: value}
        if self._children:
            self._children.pop(key, None)

    def finish(self, path: Path, changes: "Changes") -> Any:
        """Gives the next value, the base itself if nothing changed; appends to `changes` what leads there."""
        raise NotImplementedError

    def finish_in_place(self, path: Path, changes: "Changes") -> Any:
        """Finishes a draft where it was read; if it was also put somewhere else, both places get one value."""
        value = self.finish(path, changes)
        if self._final is MISSING:
            return value
        if self._final is _PLACED:
            self._final = value
        return self._final

    def settle(self) -> Any:
        """Finishes a draft that was put somewhere else than it was read from: its edits are part of that value."""
        if self._final is _SETTLING:
            raise DraftError("a draft was put somewhere inside itself; a tree cannot hold itself")
        if self._final is MISSING or self._final is _PLACED:
            self._final = _SETTLING
            try:
                value = self.finish((), None)
            finally:
                self._final = _PLACED
            self._final = value
        return self._final

    def _start_with(self, plain: Any) -> None:
        """Takes over the parts of a plain value: this draft is then the draft of that value."""
        raise NotImplementedError

    def _adopt(self, value: Any, known: Any = MISSING) -> Any:
        """Makes a value fit to stand below this draft: plain containers become drafts of persistent ones.

        The value is taken as it is now: editing the plain original afterwards does not change the draft. Costs the size
        of the value, since anything plain, or a draft, may be inside.
        """
        if isinstance(value, Draft):
            if value._scope is not self._scope:
                raise DraftError("a draft of another recipe was put here; put in `current(draft)` instead")
            value._final = _PLACED
            return value
        if type(value) in SCALARS:
            return value
        kind = KINDS[type(value)]
        if kind.plain:
            return pset(value) if kind.role == "set" else _draft_with(self._empty(kind.role), value, self)
        return value if _settled(value, known) else _draft_with(value, value, self)

    def _keep_child(self, key: Any, child: "Draft") -> None:
        if self._children:
            self._children[key] = child
        else:
            self._children = {key: child}

    def _child(self, value: Any) -> "Draft | None":
        """The draft of a part of this one, None if the part is an atom."""
        make = DRAFT_TYPES[type(value)]
        return None if make is None else make(value, self._scope, self)

    def _empty(self, role: Role) -> Any:
        """What a plain value of that role is built from: the kind of the nearest such value above, or pyrsistent's."""
        above: Draft | None = self
        while above is not None:
            kind = KINDS[type(above._base)]
            if kind.role == role:
                return kind.empty()
            above = above._parent
        return pmap() if role == "mapping" else pvector()

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        return "<draft, revoked>" if self._base is REVOKED else f"<draft of {current(self)!r}>"

    def __copy__(self) -> NoReturn:
        raise DraftError("a draft cannot be copied; `current(draft)` gives its value, an immutable one")

    def __deepcopy__(self, memo: Any) -> NoReturn:
        self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise DraftError("a draft cannot be pickled; `current(draft)` gives its value")


class _Revoked:
    """Stands where a draft's content was, and refuses whatever is tried on it."""

    def refuse(self, *_: object) -> NoReturn:
        raise DraftError(
            "this draft was used after its recipe had ended; keep `current(draft)`, or read the state, instead"
        )

    __getattr__ = __getitem__ = __setitem__ = __delitem__ = __contains__ = refuse
    __len__ = __iter__ = __bool__ = __reversed__ = refuse


REVOKED: Final = _Revoked()
_PLACED: Final = object()  # put somewhere, and not finished yet
_SETTLING: Final = object()
SCALARS: Final = frozenset({str, int, float, bool, type(None), bytes})


class _DraftTypes(dict[type, "Callable[[Any, Scope, Draft | None], Draft] | None"]):
    """The class of draft for each class of value, None for atoms, each found out when it is met first."""

    def __missing__(self, cls: type) -> "type[Draft] | None":
        found = self[cls] = Draft.by_form.get(KINDS[cls].drafted_as or KINDS[cls].role)
        return found


DRAFT_TYPES: Final = _DraftTypes()


def original(draft: Any) -> Any:
    """The value that a draft was made of, unedited."""
    return _live(draft)._base


def current(draft: Any) -> Any:
    """The value of a draft as it is now, immutable, while the recipe goes on. Costs the number of edits so far."""
    value = _live(draft).finish((), None)
    for other in draft._scope:
        if other._final is not MISSING:
            other._final = _PLACED
    return value


def revoke(scope: Scope) -> None:
    """Makes every later use of the drafts raise: the values that they stood for have moved on."""
    for draft in scope:
        draft._base = draft._children = draft._writes = REVOKED
    scope.clear()  # or drafts and scope would hold each other until the garbage collector comes


def _live(draft: Any) -> Draft:
    if not isinstance(draft, Draft):
        raise DraftError(f"expected a draft, found {type(draft).__name__} {draft!r}")
    if draft._base is REVOKED:
        REVOKED.refuse()
    return draft


def _draft_with(base: Any, parts: Any, parent: Draft) -> Draft:
    make = DRAFT_TYPES[type(base)]
    assert make is not None
    draft = make(base, parent._scope, parent)
    draft._start_with(parts)
    return draft


def _settled(value: Any, known: Any = MISSING) -> bool:
    """Whether a value holds immutable parts only, all the way down; those that it shares with `known` need no look."""
    if value is known or type(value) in SCALARS:
        return True
    if isinstance(value, Draft):
        return False
    kind = KINDS[type(value)]
    if kind.plain:
        return False
    if kind.role == "record":
        before = known if type(known) is type(value) else None  # attributes of another class may be anything
        return all(_settled(getattr(value, name), getattr(before, name, MISSING)) for name in kind.fields(value))
    if kind.role == "mapping":
        before = known.get if KINDS[type(known)].role == "mapping" else {}.get
        return all(_settled(part, before(key, MISSING)) for key, part in value.items())
    if kind.role == "sequence":
        before = known if KINDS[type(known)].role == "sequence" else ()
        return all(map(_settled, value, chain(before, repeat(MISSING))))
    return True
