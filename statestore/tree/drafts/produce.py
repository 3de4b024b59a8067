"""Running a recipe over a draft: the way from one immutable value to the next."""

from collections.abc import Callable
from functools import update_wrapper
from inspect import iscoroutine
from typing import Any

from statestore.errors import ActionError, ReducerError
from statestore.tree.diff import find_changes
from statestore.tree.drafts import mappings, records, sequences, sets  # noqa: F401  each makes its draft known
from statestore.tree.drafts.draft import DRAFT_TYPES, Changes, Draft, Scope, current, revoke
from statestore.tree.equality import same
from statestore.tree.freezing import freeze
from statestore.tree.kinds import KINDS
from statestore.values import Change, Patch, Path, inverse_of, patches_of


def produce(base: Any, recipe: Callable[[Any], Any]) -> Any:
    """Gives the value that follows from `base` when `recipe` edits a draft of it, or returns a new value.

    For a value without parts (a number, a string, None) the recipe gets the value itself and returns the next one.
    Unchanged parts are shared; if nothing changed at all, the result is `base` itself. Costs the number of edits.

    Raises:
        ReducerError: the recipe edited its draft and returned another value as well.
    """
    return run_recipe(_of_draft(recipe), None, _value_for(base), (), None)


def produce_with_patches(base: Any, recipe: Callable[[Any], Any]) -> tuple[Any, tuple[Patch, ...], tuple[Patch, ...]]:
    """As `produce`, and the patches that lead to the new value, and those that lead back."""
    changes: list[Change] = []
    value = run_recipe(_of_draft(recipe), None, _value_for(base), (), changes)
    return value, patches_of(tuple(changes)), inverse_of(tuple(changes))


def run_recipe(recipe: Callable[[Any, Any], Any], action: Any, base: Any, path: Path, changes: Changes) -> Any:
    """Calls `recipe(draft, action)` and finishes the draft; the changes have their paths below `path`.

    The cost of a recipe that returns a value, when changes are asked for, is that of comparing it with `base`.
    """
    make = DRAFT_TYPES[type(base)]
    if make is None:
        return _settle_atom(base, recipe(base, action), path, changes)
    scope: Scope = []
    draft = make(base, scope, None)
    try:
        result = recipe(draft, action)
        if result is None or result is draft:
            return draft.finish(path, changes)
        return _settle_result(draft, result, recipe, path, changes)
    finally:
        revoke(scope)


def _settle_result(draft: Draft, result: Any, recipe: Any, path: Path, changes: Changes) -> Any:
    base = draft._base
    _refuse_coroutine(result, recipe)
    if _edited(draft, result):
        raise ReducerError(
            f"{_name(recipe)} edited its draft and returned {type(result).__name__} as well; "
            "do one of the two: edit the draft and return nothing, or return a new value"
        )
    adopted = draft._adopt(result, base)
    value = adopted.settle() if isinstance(adopted, Draft) else adopted
    return _compared(base, value, path, changes)


def _edited(draft: Draft, result: Any) -> bool:
    # A part that was read, edited and is itself the result was not edited *as well*.
    if isinstance(result, Draft) and result is not draft:
        return False
    return draft.finish((), None) is not draft._base


def _settle_atom(base: Any, result: Any, path: Path, changes: Changes) -> Any:
    _refuse_coroutine(result, None)
    return _compared(base, freeze(result), path, changes)


def _compared(base: Any, value: Any, path: Path, changes: Changes) -> Any:
    if same(base, value):
        return base
    if changes is not None:
        find_changes(base, value, path, changes)
    return value


def _refuse_coroutine(result: Any, recipe: Any) -> None:
    if iscoroutine(result):
        result.close()
        raise ReducerError(
            f"{_name(recipe)} is async; a reducer computes the next state at once, so define it with `def`"
        )


def _value_for(base: Any) -> Any:
    if isinstance(base, Draft):
        return current(base)
    return freeze(base) if KINDS[type(base)].plain else base


def _of_draft(recipe: Any) -> Callable[[Any, Any], Any]:
    if not callable(recipe):
        raise ActionError(f"a recipe is a function of the draft, not {type(recipe).__name__} {recipe!r}")
    return update_wrapper(lambda draft, _: recipe(draft), recipe)


def _name(recipe: Any) -> str:
    return getattr(recipe, "__qualname__", None) or repr(recipe)
