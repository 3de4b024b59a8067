"""Misuse gets the error that names what was found, what was expected and what to do, and harms nothing."""

import gc
import re
from contextlib import contextmanager

import pytest

from statestore import (
    Action,
    ActionError,
    Commit,
    DispatchError,
    DraftError,
    ReducerError,
    Slice,
    StateStoreError,
    Store,
    thunk,
)


class Bench:
    """A store with one listener, and what has to be true of it after any misuse."""

    def __init__(self):
        self.slice = Slice("jobs", initial={"count": 0, "items": []})
        self.during = lambda draft: None
        self.calls = []
        self.commits = []

        @self.slice.action
        def added(draft):
            draft["count"] += 1

        @self.slice.action
        def misused(draft):
            return self.during(draft)

        self.added, self.misused = added, misused
        self.store = Store(self.slice)
        self.store.subscribe(self.calls.append)

    @contextmanager
    def unharmed(self):
        """After the block: same state object, nobody notified, and the store and its listener go on working."""
        stop = self.store.observe(self.commits.append, Commit)
        before, calls = self.store.state, len(self.calls)
        yield
        assert self.store.state is before
        assert len(self.calls) == calls
        assert self.commits == []
        self.store.dispatch(self.added())
        assert self.store.state["count"] == before["count"] + 1
        assert len(self.calls) == calls + 1
        assert len(self.commits) == 1
        stop()


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize(
    ("thing", "found"), [(None, "NoneType"), (3, "int"), ("jobs/added", "str"), (["a"], "list"), (object(), "object")]
)
def test_a_non_action_is_refused(bench, thing, found):
    """What is no action raises a TypeError of the tree that says which type was found."""
    with bench.unharmed(), pytest.raises(ActionError, match=found) as caught:
        bench.store.dispatch(thing)
    assert isinstance(caught.value, TypeError)


def test_a_function_needs_the_thunk_middleware(bench):
    """Dispatching a function without `thunk` says that this middleware is what runs functions."""
    with bench.unharmed(), pytest.raises(ActionError, match="thunk"):
        bench.store.dispatch(lambda store: None)


def test_a_creator_that_was_not_called_is_pointed_out(bench):
    """Dispatching the creator in place of its action is refused, and the message names the creator."""
    with bench.unharmed(), pytest.raises(ActionError, match="added"):
        bench.store.dispatch(bench.added)


@pytest.mark.parametrize(
    "act",
    [
        lambda bench: bench.store.dispatch(bench.added()),
        lambda bench: bench.store.subscribe(print),
        lambda bench: bench.store.state,
        lambda bench: bench.store.close(),
    ],
    ids=["dispatch", "subscribe", "state", "close"],
)
def test_a_reducer_may_not_use_the_store(bench, act):
    """Dispatching, subscribing, reading `store.state` and closing while reducing raise, and say that one runs."""
    bench.during = lambda draft: act(bench)
    with bench.unharmed(), pytest.raises((ReducerError, DispatchError), match="reduc"):
        bench.store.dispatch(bench.misused())


def test_a_reducer_may_not_unsubscribe(bench):
    """Unsubscribing while reducing raises, and the listener stays."""
    unsubscribe = bench.store.subscribe(lambda store: None)
    bench.during = lambda draft: unsubscribe()
    with bench.unharmed(), pytest.raises((ReducerError, DispatchError), match="reduc"):
        bench.store.dispatch(bench.misused())


def test_a_reducer_may_not_dispatch(bench):
    """Dispatching while reducing is a broken rule of reducers: a ReducerError."""
    bench.during = lambda draft: bench.store.dispatch(bench.added())
    with bench.unharmed(), pytest.raises(ReducerError, match="dispatch"):
        bench.store.dispatch(bench.misused())


def test_a_reducer_that_swallows_the_error_did_not_dispatch(bench):
    """Even if the reducer catches the error, the inner action was not applied."""

    def careless(draft):
        with pytest.raises(StateStoreError):
            bench.store.dispatch(bench.added())
        draft["items"].append(1)

    bench.during = careless
    bench.store.dispatch(bench.misused())
    assert bench.store.state["count"] == 0
    assert list(bench.store.state["items"]) == [1]


def test_editing_and_returning(bench):
    """A reducer that edits its draft and returns a value raises, naming the action and the way out."""

    def both(draft):
        draft["count"] = 5
        return {"count": 6}

    bench.during = both
    with bench.unharmed(), pytest.raises(ReducerError, match="jobs/misused") as caught:
        bench.store.dispatch(bench.misused())
    assert "return" in str(caught.value)


def test_editing_a_part_and_returning(bench):
    """The rule holds for an edit anywhere below the draft."""

    def both(draft):
        draft["items"].append(5)
        return {"count": 6}

    bench.during = both
    with bench.unharmed(), pytest.raises(ReducerError):
        bench.store.dispatch(bench.misused())


def test_a_dead_draft(bench):
    """A draft kept from a reducer that has ended raises on every use, read or write, and its parts do too."""
    kept = []
    bench.during = lambda draft: kept.extend([draft, draft["items"]])
    bench.store.dispatch(bench.misused())
    whole, part = kept
    for use in (
        lambda: whole["count"],
        lambda: whole.__setitem__("count", 9),
        lambda: len(whole),
        lambda: part.append(1),
        lambda: list(part),
    ):
        with bench.unharmed(), pytest.raises(DraftError, match="ended"):
            use()
        bench.commits.clear()


def test_an_impossible_value_in_the_state(bench):
    """A value known to be mutable put into a draft raises and says what to use in its place."""
    bench.during = lambda draft: draft.__setitem__("items", bytearray(b"x"))
    with bench.unharmed(), pytest.raises(StateStoreError, match="bytearray"):
        bench.store.dispatch(bench.misused())


@pytest.mark.parametrize("listener", [None, 3, "listener"])
def test_a_listener_that_is_none(bench, listener):
    """A listener that cannot be called is refused when it subscribes, with its type."""
    with bench.unharmed(), pytest.raises(ActionError, match=type(listener).__name__):
        bench.store.subscribe(listener)


def test_a_selector_that_is_none(bench):
    """A selector that cannot be called is refused when it subscribes."""
    with bench.unharmed(), pytest.raises(ActionError):
        bench.store.subscribe(print, select="count")


def test_a_sink_that_is_none(bench):
    """A sink that cannot be called is refused when it begins to observe."""
    with bench.unharmed(), pytest.raises(ActionError):
        bench.store.observe(3)


@pytest.mark.parametrize("reducer", [None, 3, "reducer", {"a": 1}])
def test_a_reducer_that_is_none(reducer):
    """A store on something that cannot be called is refused, and the message shows it."""
    with pytest.raises(ActionError, match=re.escape(repr(reducer))):
        Store(reducer, initial={})


@pytest.mark.parametrize("middleware", [3, "thunk", [thunk, 3], [None]])
def test_middleware_that_is_none(middleware):
    """Middleware that cannot be called is refused when the store is made."""
    with pytest.raises(ActionError):
        Store(Slice("s", initial={}), middleware=middleware)


def test_middleware_that_is_not_in_a_sequence():
    """One middleware without brackets around it is pointed out."""
    with pytest.raises(ActionError, match="middleware"):
        Store(Slice("s", initial={}), middleware=thunk)


def test_middleware_that_gives_no_dispatch():
    """A middleware that forgets to return its dispatch is named when the store is made."""

    def forgetful(store, next):
        pass

    with pytest.raises(ActionError, match="forgetful"):
        Store(Slice("s", initial={}), middleware=[forgetful])


def test_middleware_that_dispatches_while_it_is_installed():
    """The chain is not complete then, so dispatching raises and says why."""

    def eager(store, next):
        store.dispatch(Action("too early"))
        return next

    with pytest.raises(DispatchError, match="middleware"):
        Store(Slice("s", initial={}), middleware=[eager])


def test_a_closed_store(bench):
    """After `close()` dispatching raises and says that the store is closed."""
    bench.store.close()
    with pytest.raises(DispatchError, match="closed"):
        bench.store.dispatch(bench.added())
    assert bench.store.state["count"] == 0


def test_a_failed_dispatch_keeps_nothing_alive(bench):
    """Drafts of a failed reducer are dead too."""
    kept = []

    def fails(draft):
        kept.append(draft)
        draft["count"] = 9
        raise ValueError("mine")

    bench.during = fails
    with bench.unharmed(), pytest.raises(ValueError, match="mine"):
        bench.store.dispatch(bench.misused())
    with pytest.raises(DraftError):
        kept[0]["count"]
    gc.collect()
