"""Middleware stands around the reducer in the order in which it was given."""

import pytest

from statestore import Action, DispatchError, Slice, Store

GO = Action("go")


def counting(state, action):
    return state + 1 if action.type == "go" else state


def noting(name, log):
    """A middleware that notes when an action comes by and when it is through."""

    def middleware(store, next):
        def dispatch(action):
            log.append(f"{name} in")
            result = next(action)
            log.append(f"{name} out")
            return result

        return dispatch

    return middleware


def test_the_first_middleware_is_the_outermost():
    """Actions pass from first to last, and results back from last to first."""
    log = []
    store = Store(counting, initial=0, middleware=[noting("a", log), noting("b", log)])
    store.subscribe(lambda _: log.append("listener"))
    assert store.dispatch(GO) is GO
    assert log == ["a in", "b in", "listener", "b out", "a out"]


def test_middleware_is_installed_once():
    """It is called with the store when the store is made, and never again."""
    installs = []

    def middleware(store, next):
        installs.append(store)
        return next

    store = Store(counting, initial=0, middleware=[middleware])
    store.dispatch(GO)
    assert installs == [store]


def test_middleware_may_change_an_action():
    """What the next one gets is what this one passes on."""
    store = Store(counting, initial=0, middleware=[lambda store, inner: lambda action: inner(Action("go"))])
    store.dispatch(Action("anything"))
    assert store.state == 1


def test_middleware_may_swallow_an_action():
    """An action that is not passed on changes nothing, and `dispatch` returns what the middleware returned."""
    store = Store(counting, initial=0, middleware=[lambda store, inner: lambda action: "swallowed"])
    assert store.dispatch(GO) == "swallowed"
    assert store.state == 0


def test_middleware_sees_the_state_before_and_after():
    """Around `next` the store's state is the old one, then the new one."""
    seen = []

    def middleware(store, next):
        def dispatch(action):
            seen.append(store.state)
            result = next(action)
            seen.append(store.state)
            return result

        return dispatch

    Store(counting, initial=0, middleware=[middleware]).dispatch(GO)
    assert seen == [0, 1]


def test_what_middleware_dispatches_passes_the_whole_chain():
    """`store.dispatch` inside a middleware starts at the outermost one."""
    log = []

    def doubling(store, next):
        def dispatch(action):
            result = next(action)
            if action.type == "twice":
                store.dispatch(GO)
                store.dispatch(GO)
            return result

        return dispatch

    store = Store(counting, initial=0, middleware=[noting("a", log), doubling])
    store.dispatch(Action("twice"))
    assert store.state == 2
    assert log == ["a in", "a in", "a out", "a in", "a out", "a out"]


def test_middleware_may_catch_an_error():
    """The reducer's error passes through the chain, and who catches it decides what is returned."""

    def failing(state, action):
        raise ValueError("mine")

    def forgiving(store, next):
        def dispatch(action):
            try:
                return next(action)
            except ValueError as error:
                return str(error)

        return dispatch

    assert Store(failing, initial=0, middleware=[forgiving]).dispatch(GO) == "mine"


def test_the_installed_middleware_is_told():
    """`store.middleware` is the tuple of what was given."""
    given = [noting("a", []), noting("b", [])]
    assert Store(counting, initial=0, middleware=given).middleware == tuple(given)
    assert Store(counting, initial=0).middleware == ()


class Recorder:
    """A recorder that notes its installation and its closing, and may fail at either."""

    def __init__(self, name, log, *, at_install=None, at_close=None):
        self.name, self.log, self.at_install, self.at_close = name, log, at_install, at_close

    def __call__(self, store, next):
        if self.at_install:
            raise self.at_install
        self.log.append(f"{self.name} installed")
        return next

    def close(self):
        self.log.append(f"{self.name} closed")
        if self.at_close:
            raise self.at_close


def test_recorders_are_closed_innermost_first_and_once():
    """Closing the store closes each recorder once, the last one given first."""
    log = []
    store = Store(
        counting, initial=0, middleware=[Recorder("outer", log), noting("no close", []), Recorder("inner", log)]
    )
    log.clear()
    store.close()
    store.close()
    assert log == ["inner closed", "outer closed"]


def test_every_recorder_is_closed_even_if_one_raises():
    """The error of a closing recorder is raised after all others were closed."""
    log = []
    given = [Recorder("outer", log), Recorder("inner", log, at_close=RuntimeError("disk full"))]
    store = Store(counting, initial=0, middleware=given)
    log.clear()
    with pytest.raises(RuntimeError, match="disk full"):
        store.close()
    assert log == ["inner closed", "outer closed"]
    with pytest.raises(DispatchError):
        store.dispatch(GO)
    store.close()
    assert log == ["inner closed", "outer closed"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_recorder_that_cannot_be_installed_leaves_no_other_running(place):
    """If making the store fails, every recorder that was installed by then is closed again."""
    log = []
    given = [Recorder("outer", log), Recorder("inner", log)]
    given.insert(place, Recorder("broken", log, at_install=RuntimeError("cannot start")))
    with pytest.raises(RuntimeError, match="cannot start"):
        Store(counting, initial=0, middleware=given)
    installed = {entry.removesuffix(" installed") for entry in log if entry.endswith(" installed")}
    closed = {entry.removesuffix(" closed") for entry in log if entry.endswith(" closed")}
    assert closed - {"broken"} == installed


def test_a_recorder_may_watch_from_the_side():
    """A recorder that returns `next` itself stands in nobody's way: it observes commits and sees the new state."""
    from statestore import Commit

    seen = []

    def recorder(store, next):
        store.observe(lambda commit: seen.append((commit.seq, commit.action.type, store.state)), Commit)
        return next

    count = Slice("count", initial=0)

    @count.action
    def added(value):
        return value + 1

    store = Store(count, middleware=[recorder])
    store.dispatch(added())
    assert seen == [(1, "count/added", 1)]
