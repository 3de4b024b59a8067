"""Drafts behave as plain Python does, and leave nothing behind but the next value."""

from hypothesis import given
from hypothesis import strategies as st

from statestore import current, original, produce, produce_with_patches

from .edits import Edited, edit, edited
from .states import mirror, portrait, trees


@given(edited())
def test_edits_of_a_draft_equal_the_same_edits_of_a_plain_copy(done: Edited):
    """The produced value holds what a deep, mutable copy holds after the same program."""
    assert portrait(mirror(done.value)) == portrait(done.model)


@given(edited())
def test_no_edit_reaches_the_base(done: Edited):
    """The base is after any program what it was before it, in class and content throughout."""
    assert portrait(done.base) == done.before


@given(edited())
def test_containers_that_stay_keep_their_class(done: Edited):
    """Whatever container of the base is still there, edited or not, has the class that it had."""

    def check(model, value):
        _, was = done.origins.get(id(model), (None, value))
        assert type(value) is type(was) or {type(value).__name__, type(was).__name__} == {"PList", "_EmptyPList"}
        for part, below in parts(model, value):
            check(part, below)

    check(done.model, done.value)


@given(trees, st.data())
def test_current_shows_the_edits_so_far_and_original_the_base(base, data):
    """Within a recipe, `current` is a finished copy that later edits leave alone, and `original` is the base itself."""
    model, seen = mirror(base), []

    def recipe(draft):
        edit(data.draw, draft, model)
        seen.append((current(draft), portrait(model)))
        assert original(draft) is base
        edit(data.draw, draft, model)

    produce(base, recipe)
    for value, likeness in seen:
        assert portrait(mirror(value)) == likeness


@given(trees)
def test_a_recipe_that_only_looks_gives_the_base_itself(base):
    """Reading every part of a draft gives the same object back and no patches."""

    def look(draft, model):
        for place in model if isinstance(model, dict) else range(len(model)) if isinstance(model, list) else ():
            part = getattr(draft, place) if type(model) is not dict and isinstance(model, dict) else draft[place]
            if isinstance(model[place], dict | list):
                look(part, model[place])

    assert produce_with_patches(base, lambda draft: look(draft, mirror(base))) == (base, (), ())
    assert produce(base, lambda draft: look(draft, mirror(base))) is base


def parts(model, value):
    """Pairs the containers below a mirror with their places in the value."""
    if isinstance(model, list):
        pairs = zip(model, value, strict=True)
    elif type(model) is dict:
        pairs = ((part, value[place]) for place, part in model.items())
    elif isinstance(model, dict):
        pairs = ((part, getattr(value, place)) for place, part in model.items())
    else:
        return []
    return [(part, below) for part, below in pairs if isinstance(part, dict | list | set)]
