"""The store that the recorders are tried on: a real one, in fake time."""

from collections.abc import Callable
from typing import Any

import pytest

from statestore import Slice, Store
from statestore.testing import FakeClock

counter = Slice("counter", initial={"n": 0})


@counter.action
def added(draft, by: int = 1) -> None:
    draft["n"] += by


@counter.action
def broken(draft) -> None:
    raise ValueError("this reducer is broken")


def fail_after(store: Store, count: int, label: str = "transaction", by: int = 1) -> None:
    """A transaction of so many dispatches that fails."""
    with store.transaction(label):
        for _ in range(count):
            store.dispatch(added(by=by))
        raise RuntimeError


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at 1,000 when the run begins, so that no test mistakes its times for those of the run."""
    return FakeClock(start_ns=1_000)


@pytest.fixture
def make_store(clock: FakeClock) -> Callable[..., Store]:
    """Makes stores of the counter with the given middleware, in fake time."""

    def make(*middleware: Any, **settings: Any) -> Store:
        return Store(counter, middleware=middleware, **{"clock": clock, **settings})

    return make
