"""pyrsistent's maps from the inside: their own methods make an evolver for a change, and a generator to iterate.

A PMap is a PVector of buckets, each None or a list of items, and the number of its items. `ARE_KNOWN` says whether that
is so in the pyrsistent that is installed; where it is not, everything goes the public way.
"""

from collections.abc import Mapping
from typing import Any, Final

from pyrsistent import PMap, pmap

_make: Final[Any] = PMap


def replace(node: Any, key: Any, value: Any) -> Any:
    """The map with another value for a key; None where it has no such key. Two thirds of the cost of its own `set`."""
    buckets = node._buckets
    place = hash(key) % len(buckets)
    bucket = buckets[place]
    for at, (known, old) in enumerate(bucket or ()):
        if known == key:
            if old is value:
                return node
            bucket = bucket.copy()
            bucket[at] = known, value
            return _make(node._size, buckets.set(place, bucket))
    return None


def replace_many(node: Any, writes: Mapping[Any, Any], removed: object) -> tuple[Any, dict[Any, Any]]:
    """The map with other values for keys that it has, and what is left to do: new keys, and those `removed`."""
    evolver, left = node._buckets.evolver(), {}
    count = len(evolver)
    for key, value in writes.items():
        place = hash(key) % count
        bucket = evolver[place]
        for at, (known, old) in enumerate(bucket or ()):
            if known == key and value is not removed:
                if old is not value:
                    bucket = bucket.copy()
                    bucket[at] = known, value
                    evolver[place] = bucket
                break
        else:
            left[key] = value
    return _make(node._size, evolver.persistent()) if evolver.is_dirty() else node, left


def unshared(old: Any, new: Any) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
    """The items of two maps, without most of those that both share; None where nothing can be told.

    As long as there are as many buckets in both, a key is in the same one.
    """
    before, after = old._buckets, new._buckets
    if len(before) != len(after):
        return None
    pairs = [(a or (), b or ()) for a, b in zip(before, after, strict=True) if a is not b]
    return {k: v for a, _ in pairs for k, v in a}, {k: v for _, b in pairs for k, v in b}


def items(node: Any) -> dict[Any, Any]:
    """The items, at little more than half the cost of `iteritems`."""
    return {key: value for bucket in node._buckets if bucket for key, value in bucket}


def _find_out() -> bool:
    node = pmap({0: "a", 1: "b"}, pre_size=1)  # in one bucket
    expected, writes = node.set(0, "c"), {0: "c", 2: "d"}
    try:
        made, (many, left) = replace(node, 0, "c"), replace_many(node, writes, None)
        both = [list(made.items()), list(many.items())] == [list(expected.items())] * 2
        return both and left == {2: "d"} and replace(node, 2, "d") is None and items(made) == dict(expected)
    except Exception:  # noqa: BLE001  whatever an inside that is not known answers with
        return False


ARE_KNOWN: Final = _find_out()
