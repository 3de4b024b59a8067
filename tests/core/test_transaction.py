"""A transaction is all or nothing: one change, one notification, one step of undo."""

# ruff: noqa: PT012 - what raises here is the block as a whole

import asyncio
import threading

import pytest

from statestore import Action, Commit, DispatchError, Store


def adding(state, action):
    """Adds the payload; `fail` raises."""
    if action.type == "fail":
        raise ValueError("reducer failed")
    return state + action.payload


def add(amount=1):
    return Action("add", amount)


@pytest.fixture
def store():
    return Store(adding, initial=0)


def test_a_transaction_notifies_once(store):
    """Listeners hear of all its changes in one call, after it has ended."""
    seen = []
    store.subscribe(lambda _: seen.append(store.state))
    with store.transaction("three"):
        for _ in range(3):
            store.dispatch(add())
        assert seen == []
        assert store.state == 3
    assert seen == [3]


def test_an_exception_restores_the_state(store):
    """The state is the very object from before, nobody is notified, and the exception goes on."""
    store = Store(lambda state, action: (*state, action.payload), initial=())
    before, calls = store.state, []
    store.subscribe(calls.append)
    with pytest.raises(KeyError), store.transaction("fails"):
        store.dispatch(add())
        raise KeyError("mine")
    assert store.state is before
    assert calls == []


def test_an_interrupt_restores_too(store):
    """A KeyboardInterrupt rolls back like any exception, and the store works afterwards."""
    with pytest.raises(KeyboardInterrupt), store.transaction():
        store.dispatch(add())
        raise KeyboardInterrupt
    assert store.state == 0
    store.dispatch(add())
    assert store.state == 1


def test_an_error_that_is_handled_inside_does_not_roll_back(store):
    """A reducer's error that the block itself catches costs that action only."""
    with store.transaction():
        store.dispatch(add())
        with pytest.raises(ValueError, match="reducer failed"):
            store.dispatch(Action("fail"))
        store.dispatch(add())
    assert store.state == 2


def test_a_nested_transaction_is_a_savepoint(store):
    """If it fails and the outer one goes on, only its own changes are undone."""
    seen = []
    store.subscribe(lambda _: seen.append(store.state))
    with store.transaction("outer"):
        store.dispatch(add(1))
        with pytest.raises(KeyError), store.transaction("inner"):
            store.dispatch(add(10))
            raise KeyError
        assert store.state == 1
        with store.transaction("inner too"):
            store.dispatch(add(100))
        assert seen == []
    assert store.state == 101
    assert seen == [101]


def test_the_outer_rollback_takes_the_inner_ones_with_it(store):
    """What an inner transaction kept is undone if the outer one fails."""
    with pytest.raises(KeyError), store.transaction():
        with store.transaction():
            store.dispatch(add())
        assert store.state == 1
        raise KeyError
    assert store.state == 0


def test_a_transaction_without_effect_notifies_nobody(store):
    """If state is in the end what it was at the start, there is no news."""
    calls = []
    store.subscribe(calls.append)
    with store.transaction():
        pass
    with store.transaction():
        store.dispatch(add(1))
        store.dispatch(add(-1))
    assert calls == []


def test_commits_are_published_together_when_it_succeeds(store):
    """Observers get the commits in order, all with one group and the label, and none before the end."""
    commits = []
    store.observe(commits.append, Commit)
    store.dispatch(add())
    with store.transaction("two"):
        store.dispatch(add())
        with store.transaction("nested"):
            store.dispatch(add())
        assert len(commits) == 1
    store.dispatch(add())
    assert [commit.seq for commit in commits] == [1, 2, 3, 4]
    assert [commit.parent for commit in commits] == [0, 1, 2, 3]
    assert commits[0].group is None
    assert commits[1].group == commits[2].group == 2
    assert commits[1].label == commits[2].label == "two"
    assert commits[3].group is None


def test_nothing_of_a_failed_transaction_is_published(store):
    """No commit of it reaches an observer, and the next one has the seq that follows the last published."""
    commits = []
    store.observe(commits.append, Commit)
    with pytest.raises(KeyError), store.transaction():
        store.dispatch(add())
        raise KeyError
    assert commits == []
    store.dispatch(add())
    assert [(commit.seq, commit.parent) for commit in commits] == [(1, 0)]


def test_nothing_of_a_failed_savepoint_is_published(store):
    """The commits of the outer transaction follow each other without a gap."""
    commits = []
    store.observe(commits.append, Commit)
    with store.transaction():
        store.dispatch(add(1))
        with pytest.raises(KeyError), store.transaction():
            store.dispatch(add(10))
            raise KeyError
        store.dispatch(add(100))
    assert [(commit.seq, commit.parent, commit.action.payload) for commit in commits] == [(1, 0, 1), (2, 1, 100)]


def test_selecting_listeners_compare_with_the_time_before(store):
    """One call with the value after and the value before the whole transaction."""
    calls = []
    store.subscribe(lambda new, old: calls.append((new, old)), select=lambda state: state)
    with store.transaction():
        store.dispatch(add())
        store.dispatch(add())
    assert calls == [(2, 0)]


def test_another_thread_waits_until_it_ends(store):
    """A dispatch of another thread is applied after the transaction, never in the middle of it."""
    started, done = threading.Event(), threading.Event()

    def other():
        started.set()
        store.dispatch(add(100))
        done.set()

    thread = threading.Thread(target=other)
    with store.transaction():
        store.dispatch(add())
        thread.start()
        assert started.wait(5)
        assert not done.wait(0.05)
        assert store.state == 1
        store.dispatch(add())
    thread.join(5)
    assert store.state == 102


def test_another_thread_reads_meanwhile(store):
    """A reader in another thread gets an answer at once: the last state that was committed."""
    seen = []
    with store.transaction():
        store.dispatch(add())
        thread = threading.Thread(target=lambda: seen.append(store.state))
        thread.start()
        thread.join(5)
        assert seen == [0]
    assert store.state == 1


def test_a_dispatch_of_another_task_inside_a_transaction_raises(store):
    """An `await` in the block lets other tasks run; their dispatch would be mixed in, so it raises and says so."""

    async def scenario():
        inside = asyncio.Event()

        async def intruder():
            await inside.wait()
            with pytest.raises(DispatchError, match="transaction"):
                store.dispatch(add(100))

        task = asyncio.create_task(intruder())
        with store.transaction():
            store.dispatch(add())
            inside.set()
            await asyncio.wait([task], timeout=5)
            store.dispatch(add())
        await task
        store.dispatch(add(10))

    asyncio.run(scenario())
    assert store.state == 12


def test_transactions_may_not_begin_in_a_reducer():
    """A reducer that opens a transaction breaks its rules."""

    def reducer(state, action):
        with store.transaction():
            return state + 1

    store = Store(reducer, initial=0)
    with pytest.raises(RuntimeError, match="reduc"):
        store.dispatch(add())
    assert store.state == 0


def test_a_store_is_not_closed_inside_a_transaction(store):
    """Its commits would reach closed recorders, so closing raises, and the transaction can still succeed."""
    with store.transaction("both"):
        store.dispatch(add())
        with pytest.raises(DispatchError, match="'both'"):
            store.close()
        store.dispatch(add())
    assert store.state == 2
    store.close()


def test_a_listener_may_open_a_transaction(store):
    """The round after a change may hold a transaction of its own, which is notified as one."""
    seen = []

    def listener(_):
        seen.append(store.state)
        if store.state == 1:
            with store.transaction():
                store.dispatch(add())
                store.dispatch(add())

    store.subscribe(listener)
    store.dispatch(add())
    assert seen == [1, 3]


def test_a_listeners_error_comes_after_the_transaction_held(store):
    """An error of a listener leaves the block, but the changes stay: they had been committed."""

    def listener(_):
        raise RuntimeError("listener")

    store.subscribe(listener)
    with pytest.raises(RuntimeError, match="listener"), store.transaction():
        store.dispatch(add())
    assert store.state == 1
    with pytest.raises(RuntimeError, match="listener"):
        store.dispatch(add())
    assert store.state == 2
