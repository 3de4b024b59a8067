"""Nesting: every span under the one that it ran in, whatever runs it."""

import asyncio
import contextvars
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statestore import Effects, Timing, thunk
from statestore.recording.frames import get_current
from statestore.testing import FakeClock
from tests.recording.conftest import added


def shape(nodes):
    """Names and children only, so that a test can be read."""
    return {node.name: shape(node.children) for node in nodes}


def parents(timing):
    """The parent's name by the name of each span."""
    names = {span.id: span.name for span in timing.spans}
    return {span.name: names.get(span.parent_id) for span in timing.spans}


class TestAsyncio:
    """Each task has its own place in the tree."""

    def test_gathered_tasks_do_not_get_into_each_other(self):
        """Interleaved at every await, each one's spans stay under its own."""
        timing = Timing()

        async def work(name):
            async with timing.span(name):
                for step in range(3):
                    await asyncio.sleep(0)
                    with timing.span(f"{name}{step}"):
                        await asyncio.sleep(0)

        async def main():
            async with timing.span("all"):
                await asyncio.gather(*[work(name) for name in "abc"])

        asyncio.run(main())

        assert shape(timing.tree()) == {"all": {n: {f"{n}0": {}, f"{n}1": {}, f"{n}2": {}} for n in "abc"}}

    def test_task_group_children_are_inside_it(self):
        """Also when one of them fails and the others are cancelled."""
        timing = Timing()

        async def waits():
            with timing.span("waits"):
                await asyncio.sleep(10)

        async def fails():
            with timing.span("fails"):
                await asyncio.sleep(0)
                raise ValueError

        async def main():
            with timing.span("group"):
                async with asyncio.TaskGroup() as group:
                    group.create_task(waits(), name="waiter")
                    group.create_task(fails())

        with pytest.raises(ExceptionGroup):
            asyncio.run(main())

        statuses = {span.name: (span.status, span.task) for span in timing.spans}
        assert statuses["waits"] == ("CancelledError", "waiter")
        assert statuses["fails"][0] == "ValueError"
        assert statuses["group"][0] == "ExceptionGroup"
        assert shape(timing.tree()) == {"group": {"waits": {}, "fails": {}}}

    def test_task_that_outlives_its_span_still_belongs_to_it(self):
        """What was started there is recorded there, all of it."""
        timing = Timing()

        async def later():
            await asyncio.sleep(0)
            for name in ("one", "two"):
                with timing.span(name):
                    await asyncio.sleep(0)

        async def main():
            with timing.span("starter"):
                task = asyncio.create_task(later())
            await task

        asyncio.run(main())

        assert shape(timing.tree()) == {"starter": {"one": {}, "two": {}}}

    def test_async_thunk_lasts_until_its_awaitable_ends(self, make_store):
        """Awaited directly or as a task; what it dispatches and awaits is inside it."""
        timing, clock = Timing(), FakeClock()
        store = make_store(timing, thunk, clock=clock)

        async def load(store):
            store.dispatch(added())
            await asyncio.sleep(0.005)
            store.dispatch(added())
            return "loaded"

        async def main():
            assert await store.dispatch(load) == "loaded"
            with timing.span("after"):
                pass

        with asyncio.Runner(loop_factory=clock.new_event_loop) as runner:
            runner.run(main())

        loading, after = timing.tree()
        assert (loading.kind, loading.status) == ("thunk", "ok")
        assert loading.elapsed_ns >= 5_000_000
        assert [child.seq for child in loading.children] == [1, 2]
        assert after.children == []

    def test_thunk_that_gives_a_task_gives_that_very_task(self, make_store):
        """Its span ends with the task, failed or cancelled as the task is."""
        timing = Timing()
        store = make_store(timing, thunk)

        async def fails():
            raise KeyError("x")

        async def main():
            task = store.dispatch(lambda store: asyncio.create_task(fails(), name="mine"))
            assert isinstance(task, asyncio.Task)
            with pytest.raises(KeyError):
                await task
            task = store.dispatch(lambda store: asyncio.create_task(asyncio.sleep(10)))
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(main())

        assert [span.status for span in timing.spans] == ["KeyError", "CancelledError"]

    def test_failing_async_thunk_raises_and_is_recorded(self, make_store):
        """With the error's own type, unchanged."""
        timing = Timing()
        store = make_store(timing, thunk)

        async def fails(store):
            await asyncio.sleep(0)
            raise KeyError("x")

        async def main():
            await store.dispatch(fails)

        with pytest.raises(KeyError):
            asyncio.run(main())
        assert timing.spans[0].status == "KeyError"

    def test_task_started_by_a_listener_is_inside_the_dispatch(self, make_store):
        """Context variables carry the dispatch into what it starts."""
        timing = Timing()
        store = make_store(timing)
        tasks = []

        async def react():
            with timing.span("reaction"):
                await asyncio.sleep(0)

        store.subscribe(lambda store: tasks.append(asyncio.get_running_loop().create_task(react())))

        async def main():
            store.dispatch(added())
            await asyncio.gather(*tasks)

        asyncio.run(main())

        assert shape(timing.tree()) == {"counter/added": {"reaction": {}}}


class TestEffects:
    """Each run of a handler is a span of kind `effect`."""

    def test_sync_effect_is_inside_the_dispatch_that_it_reacts_to(self, make_store):
        """With what it dispatches inside it."""
        timing, effects = Timing(), Effects()

        @effects.on(added)
        def react(store, action):
            if store.state["n"] < 2:
                store.dispatch(added())

        make_store(timing, effects).dispatch(added())

        (root,) = timing.tree()
        effect = root.children[0]
        assert (effect.name.rpartition(".")[2], effect.kind) == ("react", "effect")
        assert [child.seq for child in effect.children] == [2]

    def test_async_effect_is_inside_the_dispatch_that_it_reacts_to(self, make_store):
        """It ends when its task does, as failed if cancelled."""
        timing, effects = Timing(), Effects()

        @effects.on(added, take="latest")
        async def react(store, action):
            await asyncio.sleep(0 if store.state["n"] > 1 else 60)

        async def main():
            store = make_store(timing, effects)
            store.dispatch(added())
            await asyncio.sleep(0)
            store.dispatch(added())
            await asyncio.sleep(0.01)

        asyncio.run(main())

        first, second = timing.tree()
        assert [child.status for child in first.children] == ["CancelledError"]
        assert [(child.status, child.kind) for child in second.children] == [("ok", "effect")]


class TestThreads:
    """A thread begins a tree of its own, unless a function is bound."""

    def test_thread_has_its_own_root(self):
        """What another thread runs at that moment is none of its business."""
        timing = Timing()

        def work():
            with timing.span("work"):
                pass

        with timing.span("main"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert parents(timing) == {"main": None, "work": None}
        threads = {span.thread_id for span in timing.spans}
        assert len(threads) == 2

    def test_bound_function_runs_inside_the_span_that_submitted_it(self):
        """In a pool whose threads are used again and again, nothing is left behind in them."""
        timing = Timing()

        def work(item):
            with timing.span(f"item {item}"):
                pass

        with ThreadPoolExecutor(2) as pool:
            for phase in ("first", "second"):
                with timing.span(phase):
                    list(pool.map(timing.bind(work), [f"{phase} {n}" for n in range(3)]))
            pool.submit(work, "unbound").result()

        assert parents(timing) == {
            "first": None, "second": None, "item unbound": None,
            **{f"item {phase} {n}": phase for phase in ("first", "second") for n in range(3)},
        }  # fmt: skip

    def test_bound_dispatches_are_inside_too(self, make_store):
        """Dispatching from a pool is recorded under the block that fanned out."""
        timing = Timing()
        store = make_store(timing)
        with ThreadPoolExecutor(4) as pool, timing.span("fan out") as block:
            list(pool.map(timing.bind(lambda n: store.dispatch(added())), range(50)))

        dispatches = [span for span in timing.spans if span.kind == "dispatch"]
        assert {span.parent_id for span in dispatches} == {block.id}
        assert sorted(span.seq for span in dispatches) == list(range(1, 51))

    def test_to_thread_and_copied_contexts_carry_the_span(self):
        """As everything that copies context variables does."""
        timing = Timing()

        def work(name):
            with timing.span(name):
                pass

        async def main():
            with timing.span("async"):
                await asyncio.to_thread(work, "to_thread")

        asyncio.run(main())
        with timing.span("sync"):
            context = contextvars.copy_context()
            thread = threading.Thread(target=partial(context.run, work, "copied"))
        thread.start()
        thread.join()

        assert parents(timing) == {"async": None, "to_thread": "async", "sync": None, "copied": "sync"}

    def test_bound_coroutine_function_carries_the_span(self):
        """Into another loop in another thread."""
        timing = Timing()

        @timing.timed
        async def work():
            await asyncio.sleep(0)

        with timing.span("main"):
            bound = timing.bind(work)
        thread = threading.Thread(target=lambda: asyncio.run(bound()))
        thread.start()
        thread.join()

        assert parents(timing) == {"main": None, "work": "main"}

    def test_threads_lose_no_span(self, make_store, scaled):
        """8 threads, dispatching and opening blocks at the same time while another asks."""
        timing = Timing(keep=1_000_000)
        store = make_store(timing)
        count = scaled(1_000, 20_000)

        def work(n):
            for _ in range(count):
                with timing.span(f"block {n}"):
                    store.dispatch(added())

        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(work, n) for n in range(8)]
            for _ in range(20):
                timing.stats("counter/added")
        for job in jobs:
            job.result()

        spans = timing.spans
        names = {span.id: span.name for span in spans}
        dispatches = [span for span in spans if span.kind == "dispatch"]
        assert sorted(span.seq for span in dispatches) == list(range(1, 8 * count + 1))
        assert len(spans) == 16 * count
        assert timing.stats("counter/added").count == 8 * count
        assert all(names[span.parent_id].startswith("block") for span in dispatches)


class TestTimedFunctions:
    """Each call of a decorated function is a span."""

    def test_all_kinds_of_function_keep_what_they_are(self, clock):
        """Names, docs and results are the function's own; `inspect` still knows its kind."""
        import inspect

        timing = Timing(clock=clock)

        @timing.timed
        def plain(a, b=2):
            """Adds."""
            return a + b

        @timing.timed(name="slept", kind="effect")
        async def coroutine():
            await asyncio.sleep(0)
            return "woken"

        assert plain(1) == 3
        assert plain.__doc__ == "Adds."
        assert plain.__name__ == "plain"
        assert inspect.iscoroutinefunction(coroutine)
        assert asyncio.run(coroutine()) == "woken"
        assert [(span.name, span.kind) for span in timing.spans][1] == ("slept", "effect")
        assert timing.stats("plain").count == 1

    def test_methods_partials_and_callable_objects_can_be_timed(self):
        """A method is named with its class."""
        timing = Timing()

        class Worker:
            @timing.timed
            def work(self):
                return self

            def __call__(self):
                return "called"

        worker = Worker()
        assert worker.work() is worker
        assert timing.timed(worker)() == "called"
        assert timing.timed(partial(int, "7"))() == 7
        assert [span.name for span in timing.spans] == ["Worker.work", "Worker", "int"]

    def test_object_whose_call_is_a_coroutine_is_timed_until_it_ends(self, clock):
        """And `bind` carries the span into it."""
        timing = Timing(clock=clock)

        class Worker:
            async def __call__(self):
                await asyncio.sleep(0)
                with timing.span("inner"):
                    clock.advance(5)

        with timing.span("main"):
            bound = timing.bind(Worker())
        asyncio.run(timing.timed(Worker())())
        asyncio.run(bound())

        assert timing.stats("Worker").total_ns == 5
        assert shape(timing.tree()) == {"main": {"inner": {}}, "Worker": {"inner": {}}}

    def test_generator_is_not_current_while_it_is_suspended(self, clock):
        """What its consumer does between two items is not inside it; what it does itself is."""
        timing = Timing(clock=clock)

        @timing.timed(name="numbers")
        def numbers():
            for n in range(2):
                with timing.span(f"made {n}"):
                    clock.advance(1)
                yield n

        for n in numbers():
            with timing.span(f"used {n}"):
                clock.advance(10)

        assert shape(timing.tree()) == {"numbers": {"made 0": {}, "made 1": {}}, "used 0": {}, "used 1": {}}
        assert timing.stats("numbers").total_ns == 22

    def test_block_that_is_open_across_a_yield_stays_around_what_follows(self):
        """Within its generator only: the consumer does not see it. Of either kind, and in turn with another."""
        timing = Timing()

        @timing.timed(name="plain")
        def plain():
            with timing.span("block"):
                yield 1
                with timing.span("after the yield"):
                    yield 2

        @timing.timed(name="async")
        async def stream():
            with timing.span("async block"):
                yield 1
                await asyncio.sleep(0)
                with timing.span("after the await"):
                    yield 2

        async def consume():
            for _ in zip(plain(), plain(), strict=True):
                with timing.span("used"):
                    pass
            async for _ in stream():
                with timing.span("used"):
                    pass

        asyncio.run(consume())

        expected = {"plain": {"block": {"after the yield": {}}}, "async": {"async block": {"after the await": {}}}}
        assert shape(timing.tree()) == {**expected, "used": {}}
        assert timing.stats("after the yield").count == 2

    @pytest.mark.parametrize("until", ["collected", "the loop ends", "closed"])
    def test_abandoned_generators_end_their_spans(self, until):
        """Left halfway, they end when they are collected, when their loop ends, or with their recorder."""
        timing = Timing()

        @timing.timed(name="plain")
        def plain():
            with timing.span("block"):
                yield

        @timing.timed(name="async")
        async def stream():
            with timing.span("async block"):
                yield

        async def main():
            kept = [plain(), stream()]
            next(kept[0])
            await anext(kept[1])
            if until == "closed":
                timing.close()
                assert {span.status for span in timing.spans} == {"left_open"}
            if until == "collected":
                kept.clear()
                gc.collect()
                for _ in range(10):  # the loop closes the async one in a task of its own
                    await asyncio.sleep(0)
                assert len(timing.spans) == 4
            with timing.span("later"):
                pass

        asyncio.run(main())
        gc.collect()

        tree = shape(timing.tree())
        assert tree == {"plain": {"block": {}}, "async": {"async block": {}}, "later": {}}
        assert get_current() is None

    def test_generator_protocol_is_kept(self):
        """Values and errors sent in, the returned value, an early close: as without the decorator."""
        timing = Timing()
        seen = []

        @timing.timed(name="echo")
        def echo():
            try:
                got = yield "ready"
                try:
                    yield got
                except ValueError:
                    yield "caught"
                return "returned"
            finally:
                seen.append("closed")

        def outer():
            seen.append((yield from echo()))

        generator = outer()
        assert [next(generator), generator.send("hello"), generator.throw(ValueError())] == ["ready", "hello", "caught"]
        assert list(generator) == []
        assert seen == ["closed", "returned"]
        early = echo()
        next(early)
        early.close()
        failing = echo()
        next(failing)
        with pytest.raises(KeyError):
            failing.throw(KeyError())

        assert [span.status for span in timing.spans] == ["ok", "ok", "KeyError"]
        assert len(seen) == 4

    def test_two_generators_in_turn_keep_their_own_children(self):
        """Interleaved generators are siblings, not inside each other."""
        timing = Timing()

        def make(name):
            @timing.timed(name=name)
            def generator():
                for n in range(2):
                    with timing.span(f"{name}{n}"):
                        yield n

            return generator()

        assert list(zip(make("a"), make("b"), strict=True)) == [(0, 0), (1, 1)]
        # A block that is open across a `yield` cannot be told from one that was left: it ends where it ends.
        assert {"a", "b"} <= {span.name for span in timing.spans}
        assert parents(timing)["a0"] == "a"
        assert parents(timing)["b0"] == "b"

    def test_async_generator_is_one_span(self, clock):
        """Sent values, early close and suspension as with the plain kind."""
        timing = Timing(clock=clock)

        @timing.timed(name="stream")
        async def stream():
            for n in range(3):
                with timing.span(f"made {n}"):
                    await asyncio.sleep(0)
                yield n

        async def main():
            async for n in stream():
                with timing.span(f"used {n}"):
                    await asyncio.sleep(0)
                if n == 1:
                    break
            items = stream()
            assert await items.asend(None) == 0
            await items.aclose()

        asyncio.run(main())

        first, *rest = timing.tree()
        assert shape([first]) == {"stream": {"made 0": {}, "made 1": {}}}
        assert [node.name for node in rest] == ["used 0", "used 1", "stream"]


@given(st.lists(st.integers(0, 9), max_size=40))
def test_ending_out_of_order_cannot_corrupt_the_tree(steps):
    """In any order, each block ends once, its parent is the one that was around it, and nothing stays current."""
    timing, opened, parent_of = Timing(clock=FakeClock()), [], {}
    for step in steps:
        if step < 5 or not opened:
            block = timing.span(f"block {len(parent_of)}").__enter__()
            parent_of[block.id] = opened[-1].id if opened else None
            opened.append(block)
        else:
            opened.pop(step % len(opened)).__exit__(None, None, None)
    while opened:
        opened.pop().__exit__(None, None, None)
    with timing.span("last") as last:
        pass

    assert {span.id: span.parent_id for span in timing.spans} == {**parent_of, last.id: None}
    assert sum(1 for root in timing.tree() for _ in root.walk()) == len(parent_of) + 1


def test_two_recorders_do_not_disturb_each_other(make_store):
    """A dispatch to a second store, inside one to the first, is in the second's record with a commit of its own."""
    first, second = Timing(), Timing()
    one, two = make_store(first), make_store(second)
    one.subscribe(lambda store: two.dispatch(added()))
    one.dispatch(added())

    assert [span.seq for span in first.spans] == [1]
    assert [span.seq for span in second.spans] == [1]
    assert len(second.tree()) == 1
