"""The plainest history: a count, and whatever tree of commits a test wants."""

from collections.abc import Iterable

from statestore import Action, History, Slice, Store

counter = Slice("counter", initial=0)


@counter.on("counter/added")
def _(value: int, action: Action) -> int:
    return value + 1


def grown(backs: Iterable[int]) -> tuple[History, dict[int, int]]:
    """A history that went back so many steps before each of its commits, and the parents of these."""
    history, parents = History(), dict[int, int]()
    store = Store(counter, middleware=[history])
    for back in backs:
        for _ in range(back):
            history.undo()
        parents[len(parents) + 1] = history.head.seq if history.head else 0
        store.dispatch(Action("counter/added"))
    return history, parents
