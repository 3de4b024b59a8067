"""Layers that others add to every store."""

import pytest

from statestore import ActionError, History, Slice, Store
from statestore.core.installing import install_in_every_store

count = Slice("count", initial=0)


@count.action
def added(value, by=1):
    return value + by


class Heard:
    """A layer that notes what passes, and when it was closed."""

    def __init__(self, notes, name):
        self.notes, self.name = notes, name

    def __call__(self, store, next):
        def dispatch(action):
            self.notes.append((self.name, action.type))
            return next(action)

        return dispatch

    def close(self):
        self.notes.append((self.name, "closed"))


@pytest.fixture
def install():
    """Installs for one test."""
    stops = []
    yield lambda installer: stops.append(install_in_every_store(installer))
    for stop in stops:
        stop()


def test_a_store_gets_the_layers_that_an_installer_adds(install):
    """They stand where it puts them, see every action, and are closed with the store, innermost first."""
    notes = []
    install(lambda store, layers: (Heard(notes, "outer"), *layers, Heard(notes, "inner")))
    with Store(count, middleware=[Heard(notes, "own")]) as store:
        store.dispatch(added())
    assert notes == [
        *[(name, "count/added") for name in ("outer", "own", "inner")],
        *[(name, "closed") for name in ("inner", "own", "outer")],
    ]


def test_the_program_does_not_see_them(install):
    """`middleware` is what the store was given, and dispatch gives what it always gave."""
    history = History()
    install(lambda store, layers: (Heard([], "outer"), *layers))
    with Store(count, middleware=[history]) as store:
        assert store.middleware == (history,)
        assert store.dispatch(added(by=2)) == added(by=2)
        assert store.state == 2


def test_an_installer_knows_the_store_and_may_leave_it_alone(install):
    """It is told the store, whose name it can read, and the layers; giving them back adds nothing."""
    seen = []

    def installer(store, layers):
        seen.append((store.name, layers))
        return layers

    install(installer)
    history = History()
    Store(count, middleware=[history], name="left alone").close()
    assert seen == [("left alone", (history,))]


def test_later_installers_see_what_earlier_ones_added(install):
    """So a second recorder can tell that there is one already."""
    first, seen = Heard([], "first"), []
    install(lambda store, layers: (first, *layers))
    install(lambda store, layers: seen.append(layers) or layers)
    Store(count).close()
    assert seen == [(first,)]


def test_ending_it_touches_the_stores_to_come_only():
    """A store that was made meanwhile keeps its layers; the next one has none, also when it is ended twice."""
    notes = []
    stop = install_in_every_store(lambda store, layers: (Heard(notes, "added"), *layers))
    with Store(count) as before:
        stop()
        stop()
        with Store(count) as after:
            after.dispatch(added())
            assert notes == []
        before.dispatch(added())
    assert notes == [("added", "count/added"), ("added", "closed")]


def test_what_an_installer_raises_comes_out_of_the_store(install):
    """Nothing is left of that store."""

    def installer(store, layers):
        raise OSError("no room")

    install(installer)
    with pytest.raises(OSError, match="no room"):
        Store(count)


@pytest.mark.parametrize("wrong", [None, [], "installer"])
def test_what_cannot_be_called_is_no_installer(wrong):
    """It is refused at once, not when somebody makes a store."""
    with pytest.raises(ActionError, match="installer"):
        install_in_every_store(wrong)


def test_an_installer_gives_layers(install):
    """A value that is no layer is refused as middleware is."""
    install(lambda store, layers: (*layers, "text"))
    with pytest.raises(ActionError, match="middleware"):
        Store(count)
