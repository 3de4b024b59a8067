"""pyrsistent's maps are changed from the inside, and come out as they would by their own methods."""

import immutables
from hypothesis import example, given
from hypothesis import strategies as st
from pyrsistent import CheckedPMap, PMap, pmap

from statestore import produce, thaw
from statestore.tree import buckets
from statestore.tree.kinds import KINDS, REMOVED, MappingKind, PMapKind

# Few and small numbers share buckets; 1, True and 1.0 are one key, which stays what it was first.
KEYS = st.one_of(st.integers(-20, 20), st.booleans(), st.floats(0, 3).map(round).map(float), st.text("ab", max_size=2))
MAPS = st.dictionaries(KEYS, st.integers(), max_size=30)
WRITES = st.dictionaries(KEYS, st.one_of(st.integers(), st.just(REMOVED)), max_size=20)


def made(entries, size):
    return pmap(entries, pre_size=size) if entries else pmap()


def test_the_installed_pyrsistent_is_known():
    """The kind of PMap is the quick one, so the other tests here test it."""
    assert buckets.ARE_KNOWN
    assert type(KINDS[PMap]) is PMapKind


@given(MAPS, st.integers(0, 40), KEYS, st.one_of(st.integers(), st.just(REMOVED)))
@example({1: 0, 17: 0, 33: 0}, 16, 17, 5)
def test_one_write_is_what_their_own_method_makes(entries, size, key, value):
    """A write gives the map that `set` and `remove` give, item for item in the same order, and leaves the old one."""
    base = made(entries, size)
    if value is REMOVED and key not in base:
        return
    before = list(base.items())
    ours, theirs = (kind.set(base, key, value) for kind in (PMapKind(), MappingKind()))
    assert repr(list(ours.items())) == repr(list(theirs.items()))
    assert (len(ours), hash(ours)) == (len(theirs), hash(theirs))
    assert list(base.items()) == before


@given(MAPS, st.integers(0, 40), WRITES)
def test_many_writes_are_what_their_evolver_makes(entries, size, writes):
    """Any writes at once give the map that an evolver gives, and it can be gone on with the public way."""
    base = made(entries, size)
    writes = {key: value for key, value in writes.items() if value is not REMOVED or key in base}
    ours, theirs = (kind.update(base, writes) for kind in (PMapKind(), MappingKind()))
    assert ours == theirs
    assert len(ours) == len(theirs) == len(list(ours))
    assert repr(sorted(ours.items(), key=repr)) == repr(sorted(theirs.items(), key=repr))
    assert ours.set("more", 1).remove("more") == theirs
    assert buckets.items(ours) == dict(theirs) == thaw(ours)


def test_the_same_value_makes_no_new_map():
    """Writing the value that is there gives the map itself, as pyrsistent does."""
    value = object()
    base = pmap({"a": value, "b": 1})
    assert KINDS[PMap].set(base, "a", value) is base
    assert KINDS[PMap].update(base, {"a": value, "b": 1}) is base


def test_subclasses_go_the_public_way():
    """A map that checks what is put in still does."""

    class Ages(CheckedPMap):
        __key_type__ = str
        __value_type__ = int

    assert type(KINDS[Ages]) is MappingKind
    assert type(produce(Ages({"a": 1}), lambda draft: draft.update(a=2))) is Ages


def test_an_unknown_inside_is_found_out(monkeypatch):
    """Where pyrsistent's maps had another inside, the quick way would not be taken."""
    monkeypatch.setattr(buckets, "pmap", lambda entries, pre_size: immutables.Map(entries))
    assert not buckets._find_out()
