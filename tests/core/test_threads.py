"""Actions from any number of threads and tasks are applied one at a time, in one total order."""

import asyncio
import threading
from itertools import pairwise

from statestore import Action, Commit, Slice, Store, apply_patches, combine

THREADS = 8


def make_slices():
    count = Slice("count", initial={"total": 0, "by": {}})

    @count.action
    def added(draft, worker):
        draft["total"] += 1
        draft["by"][worker] = draft["by"].get(worker, 0) + 1

    return count, added


def run_threads(work):
    """Runs `work(number)` in eight threads that start together, and gives the errors that they raised."""
    ready, errors = threading.Barrier(THREADS), []

    def run(number):
        try:
            ready.wait(10)
            work(number)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the test has to see it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_no_dispatch_of_any_thread_is_lost(scaled):
    """Eight threads dispatch thousands of actions each, and all of them count."""
    each = scaled(2_000, 20_000)
    count, added = make_slices()
    store = Store(count)
    actions = [added(number) for number in range(THREADS)]
    errors = run_threads(lambda number: [store.dispatch(actions[number]) for _ in range(each)])
    assert errors == []
    assert store.state["total"] == THREADS * each
    assert dict(store.state["by"]) == dict.fromkeys(range(THREADS), each)


def test_commits_are_one_order_whatever_the_threads_do(scaled):
    """Observed commits are numbered without gaps, each follows the one before, and replaying them gives the state."""
    each = scaled(100, 1_000)
    count, added = make_slices()
    store, commits = Store(count), []
    store.observe(commits.append, Commit)
    before = store.state
    assert run_threads(lambda number: [store.dispatch(added(number)) for _ in range(each)]) == []
    assert [commit.seq for commit in commits] == list(range(1, THREADS * each + 1))
    assert [commit.parent for commit in commits] == list(range(THREADS * each))
    value = before
    for commit in commits:
        value = apply_patches(value, commit.patches)
    assert value == store.state


def test_each_thread_sees_its_own_actions(scaled):
    """After its dispatch has returned, a thread reads a state in which its action has been applied."""
    each = scaled(200, 2_000)
    count, added = make_slices()
    store = Store(combine(count))

    def work(number):
        for done in range(1, each + 1):
            store.dispatch(added(number))
            assert store.state["count"]["by"][number] == done

    assert run_threads(work) == []


def test_readers_never_see_half_of_a_change(scaled):
    """Threads that read while others write get only states that some action led to."""
    each = scaled(200, 2_000)
    pair = Slice("pair", initial={"left": 0, "right": 0})

    @pair.action
    def raised(draft):
        draft["left"] += 1
        draft["right"] += 1

    store = Store(pair)

    def work(number):
        for _ in range(each):
            if number % 2:
                store.dispatch(raised())
            state = store.state
            assert state["left"] == state["right"]

    assert run_threads(work) == []


def test_listeners_hear_of_every_threads_changes(scaled):
    """A selecting listener sees an unbroken chain of old and new values, whichever thread made them."""
    each = scaled(100, 1_000)
    count, added = make_slices()
    store, calls = Store(count), []
    store.subscribe(lambda new, old: calls.append((new, old)), select=lambda state: state["total"])
    assert run_threads(lambda number: [store.dispatch(added(number)) for _ in range(each)]) == []
    assert calls[0][1] == 0
    assert calls[-1][0] == THREADS * each
    assert all(after[1] == before[0] for before, after in pairwise(calls))


def test_transactions_of_threads_do_not_mix(scaled):
    """Each transaction finds in the end exactly what it added to what it found at the start."""
    each = scaled(20, 200)
    count, added = make_slices()
    store = Store(count)

    def work(number):
        for _ in range(each):
            with store.transaction():
                before = store.state["total"]
                for _ in range(3):
                    store.dispatch(added(number))
                assert store.state["total"] == before + 3

    assert run_threads(work) == []
    assert store.state["total"] == THREADS * each * 3


def test_subscribing_while_others_dispatch(scaled):
    """Threads may subscribe and unsubscribe while others dispatch: nothing is lost and nothing raises."""
    each = scaled(200, 2_000)
    count, added = make_slices()
    store, steady = Store(count), []
    store.subscribe(lambda heard: steady.append(1))

    def work(number):
        for _ in range(each):
            if number % 2:
                store.dispatch(added(number))
            else:
                store.subscribe(lambda heard: None)()

    assert run_threads(work) == []
    assert store.state["total"] == len(steady) == THREADS // 2 * each


def test_no_dispatch_of_any_task_is_lost(scaled):
    """A thousand tasks that give way between their dispatches lose none."""
    each = scaled(3, 20)
    count, added = make_slices()
    store = Store(count)

    async def worker(number):
        for _ in range(each):
            await asyncio.sleep(0)
            store.dispatch(added(number))

    async def scenario():
        await asyncio.gather(*(worker(number) for number in range(1_000)))

    asyncio.run(scenario())
    assert store.state["total"] == 1_000 * each
    assert len(store.state["by"]) == 1_000


def test_a_reducer_in_one_thread_does_not_stop_readers_in_others():
    """While a reducer runs, another thread reads the last committed state and waits to dispatch."""
    reducing, read = threading.Event(), threading.Event()

    def slow(state, action):
        if action.type == "slow":
            reducing.set()
            assert read.wait(5)
        return state + 1

    store, seen = Store(slow, initial=0), []
    first = threading.Thread(target=lambda: store.dispatch(Action("slow")))
    first.start()
    assert reducing.wait(5)
    second = threading.Thread(target=lambda: store.dispatch(Action("quick")))
    second.start()
    seen.append(store.state)
    read.set()
    first.join(5)
    second.join(5)
    assert seen == [0]
    assert store.state == 2
