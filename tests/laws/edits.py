"""Random edit programs: each step is done to a draft and to the plain mirror of its base, and has to end alike."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from statestore import produce_with_patches

from .operations import CONTAINERS, OPERATIONS, Draw, reveal
from .states import Fields, mirror, portrait, trees


class Edited(NamedTuple):
    """What one program did: `model` is the mirror after it, `origins` where each of its containers came from."""

    base: Any
    before: Any
    model: Any
    origins: dict[int, tuple[Any, Any]]
    value: Any
    patches: tuple[Any, ...]
    inverse: tuple[Any, ...]


@st.composite
def edited(draw: Any, bases: st.SearchStrategy[Any] = trees, max_steps: int = 6) -> Edited:
    """Runs a program of some steps over a base; every step's result or error is compared on the way."""
    base = draw(bases)
    before, origins = portrait(base), {}
    model = mirror(base, origins)

    def recipe(draft: Any) -> None:
        for _ in range(draw(st.integers(0, max_steps))):
            draw(st.sampled_from([edit, edit, edit, move]))(draw, draft, model)
            assert portrait(reveal(draft)) == portrait(model)

    return Edited(base, before, model, origins, *produce_with_patches(base, recipe))


def edit(draw: Draw, draft: Any, model: Any) -> None:
    """Walks down to some container and does one thing to it."""
    draft, model = walk(draw, draft, model)
    table = next(table for kind, table in OPERATIONS.items() if type(model) is kind)
    draw(st.sampled_from(table))(draw, draft, model)


def move(draw: Draw, draft: Any, model: Any) -> None:
    """Takes a container out of one place, or leaves it there too, and puts the draft of it, live, into another."""
    target_draft, target = walk(draw, draft, model)
    source_draft, source = walk(draw, draft, model)
    places = [place for place in _places(source) if not _holds(source[place], target)]
    if not places or isinstance(target, set):
        return
    place = draw(st.sampled_from(places))
    if isinstance(source, Fields):
        taken_draft, taken = getattr(source_draft, place), source[place]
    elif draw(st.booleans()):
        taken_draft, taken = source_draft[place], source[place]
    else:
        taken_draft, taken = source_draft.pop(place), source.pop(place)
    _put_in(target_draft, target, taken_draft, taken)


def _put_in(target_draft: Any, target: Any, taken_draft: Any, taken: Any) -> None:
    if isinstance(target, list):
        target_draft.append(taken_draft)
        target.append(taken)
    elif isinstance(target, Fields):
        target_draft.left = taken_draft
        target["left"] = taken
    else:
        target_draft["moved"] = taken_draft
        target["moved"] = taken


def walk(draw: Draw, draft: Any, model: Any) -> tuple[Any, Any]:
    """Goes down a random way, the same in draft and mirror."""
    while (places := _places(model)) and draw(st.booleans()):
        place = draw(st.sampled_from(places))
        draft = getattr(draft, place) if isinstance(model, Fields) else draft[place]
        model = model[place]
    return draft, model


def _places(model: Any) -> list[Any]:
    """Where in a container there are containers, in an order that does not depend on hashes."""
    if isinstance(model, set):
        return []
    pairs = enumerate(model) if isinstance(model, list) else model.items()
    return sorted((place for place, item in pairs if isinstance(item, CONTAINERS)), key=repr)


def _holds(model: Any, wanted: Any) -> bool:
    """Whether `wanted` is this container or is somewhere below it."""
    return model is wanted or any(_holds(model[place], wanted) for place in _places(model))
