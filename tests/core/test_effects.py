"""Effects react to actions, after the state has changed."""

import asyncio
import threading

import pytest

from statestore import Action, ActionError, DispatchError, Effects, Slice, Store, thunk


class Bench:
    """A counter with effects, and a log of what happened."""

    def __init__(self, effects=None, middleware=()):
        self.log = []
        self.effects = effects or Effects()
        self.slice = Slice("search", initial=0)

        @self.slice.action
        def typed(value, text="x"):
            return value + 1

        @self.slice.action
        def found(value):
            return value + 100

        self.typed, self.found = typed, found
        self.store = Store(self.slice, middleware=[self.effects, *middleware])

    def slow(self, **options):
        """Registers an effect that notes its start, waits to be let on, and notes its end."""
        self.gate = asyncio.Event()

        @self.effects.on(self.typed, **options)
        async def search(store, action):
            text = action.payload["text"]
            self.log.append(f"start {text}")
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.log.append(f"cancel {text}")
                raise
            self.log.append(f"end {text}")

        return search


async def turns(count=8):
    for _ in range(count):
        await asyncio.sleep(0)


class WarpLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until every ready callback has run, and then jumps to the next timer."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def time(self):
        return self.now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def run_warped(coroutine):
    """Runs a coroutine in a loop where sleeping takes no time."""
    with asyncio.Runner(loop_factory=WarpLoop) as runner:
        return runner.run(coroutine)


def test_a_sync_effect_runs_after_the_change():
    """It is called with store and action, sees the new state, and may dispatch; then `dispatch` returns the action."""
    bench = Bench()

    @bench.effects.on(bench.typed)
    def react(store, action):
        bench.log.append((store.state, action.payload["text"]))
        store.dispatch(bench.found())

    action = bench.typed("ab")
    assert bench.store.dispatch(action) is action
    assert bench.log == [(1, "ab")]
    assert bench.store.state == 101


@pytest.mark.parametrize("trigger", ["search/typed", lambda action: action.type.endswith("typed")])
def test_effects_react_to_types_and_predicates(trigger):
    """A type string or a predicate over actions works as a creator does."""
    bench = Bench()
    bench.effects.on(trigger)(lambda store, action: bench.log.append(action.type))
    bench.store.dispatch(bench.typed())
    bench.store.dispatch(bench.found())
    assert bench.log == ["search/typed"]


def test_predicates_are_asked_about_actions_only():
    """A function that is dispatched inside the effects is no action, and no predicate sees it."""
    bench = Bench(middleware=[thunk])
    bench.effects.on(lambda action: action.type == "search/typed")(lambda store, action: bench.log.append("ran"))
    bench.store.dispatch(lambda store: store.dispatch(bench.typed()))
    assert bench.log == ["ran"]


def test_an_action_that_failed_has_no_effect():
    """If the reducer raises, nothing reacts."""
    effects, log = Effects(), []

    def reducer(state, action):
        raise ValueError("mine")

    effects.on("go")(lambda store, action: log.append(action))
    with pytest.raises(ValueError, match="mine"):
        Store(reducer, initial=0, middleware=[effects]).dispatch(Action("go"))
    assert log == []


def test_an_error_of_a_sync_effect_is_raised_by_dispatch():
    """The state stays changed."""
    bench = Bench()

    @bench.effects.on(bench.typed)
    def react(store, action):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        bench.store.dispatch(bench.typed())
    assert bench.store.state == 1


def test_every_async_effect_runs_as_a_task():
    """By default each action starts one, and they run side by side; `dispatch` does not wait."""

    async def scenario():
        bench = Bench()
        bench.slow()
        bench.store.dispatch(bench.typed("a"))
        bench.store.dispatch(bench.typed("b"))
        assert bench.log == []
        await turns()
        assert bench.log == ["start a", "start b"]
        bench.gate.set()
        await turns()
        assert bench.log == ["start a", "start b", "end a", "end b"]

    asyncio.run(scenario())


def test_take_latest_cancels_the_one_before():
    """A new action cancels the effect that still runs for the last one."""

    async def scenario():
        bench = Bench()
        bench.slow(take="latest")
        bench.store.dispatch(bench.typed("a"))
        await turns()
        bench.store.dispatch(bench.typed("b"))
        await turns()
        bench.gate.set()
        await turns()
        assert bench.log == ["start a", "cancel a", "start b", "end b"] or bench.log == [
            "start a", "start b", "cancel a", "end b",
        ]  # fmt: skip

    asyncio.run(scenario())


def test_take_leading_skips_while_one_runs():
    """Actions that come while an effect runs start none; the next one after it does."""

    async def scenario():
        bench = Bench()
        bench.slow(take="leading")
        for text in "abc":
            bench.store.dispatch(bench.typed(text))
        await turns()
        bench.gate.set()
        await turns()
        bench.store.dispatch(bench.typed("d"))
        await turns()
        assert bench.log == ["start a", "end a", "start d", "end d"]

    asyncio.run(scenario())


def test_debounce_runs_once_after_a_pause():
    """Only the last of several quick actions has its effect, that many seconds after it."""

    async def scenario():
        bench, loop = Bench(), asyncio.get_running_loop()

        @bench.effects.on(bench.typed, debounce=2.0)
        async def search(store, action):
            bench.log.append((loop.time(), action.payload["text"]))

        for text in "abc":
            bench.store.dispatch(bench.typed(text))
            await asyncio.sleep(1.0)
        await asyncio.sleep(5.0)
        bench.store.dispatch(bench.typed("d"))
        await asyncio.sleep(5.0)
        assert bench.log == [(4.0, "c"), (10.0, "d")]

    run_warped(scenario())


def test_effects_can_be_cancelled():
    """`cancel` ends what runs, of one handler or of all, and says how much that was."""

    async def scenario():
        bench = Bench()
        first = bench.slow()
        second = bench.slow()
        bench.store.dispatch(bench.typed("a"))
        await turns()
        assert bench.effects.cancel(first) == 1
        await turns()
        assert bench.log.count("cancel a") == 1
        assert bench.effects.cancel() == 1
        await turns()
        assert bench.log.count("cancel a") == 2
        assert bench.effects.cancel(second) == 0

    asyncio.run(scenario())


def test_closing_the_store_cancels_its_effects():
    """After `close` nothing runs on."""

    async def scenario():
        bench = Bench()
        bench.slow()
        bench.store.dispatch(bench.typed("a"))
        await turns()
        bench.store.close()
        await turns()
        assert bench.log == ["start a", "cancel a"]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


def test_an_error_of_an_async_effect_goes_to_the_loop():
    """The loop's exception handler gets it, and neither the dispatch nor other effects are troubled."""

    async def scenario():
        bench, reported = Bench(), []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["exception"]))

        @bench.effects.on(bench.typed)
        async def fails(store, action):
            raise KeyError("mine")

        bench.effects.on(bench.typed)(lambda store, action: bench.log.append("other"))
        bench.store.dispatch(bench.typed())
        await turns()
        assert [type(error) for error in reported] == [KeyError]
        assert bench.log == ["other"]

    asyncio.run(scenario())


def test_a_dispatch_from_a_thread_runs_its_effect_in_the_loop():
    """With `loop=` given, an async effect runs there, whichever thread dispatched."""

    async def scenario():
        bench = Bench(Effects(loop=asyncio.get_running_loop()))
        ran = asyncio.Event()

        @bench.effects.on(bench.typed)
        async def search(store, action):
            bench.log.append(threading.current_thread() is threading.main_thread())
            ran.set()

        thread = threading.Thread(target=lambda: bench.store.dispatch(bench.typed()))
        thread.start()
        await asyncio.wait_for(ran.wait(), 5)
        thread.join(5)
        assert bench.log == [True]

    asyncio.run(scenario())


def test_an_object_with_an_async_call_is_an_async_effect():
    """It runs as a task, as an async function does."""

    async def scenario():
        bench = Bench()

        class Search:
            async def __call__(self, store, action):
                bench.log.append(action.payload["text"])

        bench.effects.on(bench.typed, take="latest")(Search())
        bench.store.dispatch(bench.typed("a"))
        assert bench.log == []
        await turns()
        assert bench.log == ["a"]

    asyncio.run(scenario())


def test_a_coroutine_that_nobody_would_await_is_refused():
    """A plain function that returns a coroutine raises, and says that the handler has to be async itself."""
    bench = Bench()

    async def search():
        """Never run."""

    bench.effects.on(bench.typed)(lambda store, action: search())
    with pytest.raises(ActionError, match="async def"):
        bench.store.dispatch(bench.typed())


def test_an_async_effect_without_a_loop_says_what_to_do():
    """Dispatching from plain code, with no loop known, raises and points to `loop=`; the state stays changed."""
    bench = Bench()
    bench.slow()
    with pytest.raises(DispatchError, match="loop"):
        bench.store.dispatch(bench.typed())
    assert bench.store.state == 1


@pytest.mark.parametrize(
    "register",
    [
        lambda effects: effects.on(3),
        lambda effects: effects.on("go", take="some"),
        lambda effects: effects.on("go")(3),
        lambda effects: effects.on("go", take="latest")(lambda store, action: None),
        lambda effects: effects.on("go", debounce=1.0)(lambda store, action: None),
        lambda effects: effects.on("go", debounce=-1),
        lambda effects: effects.on("go", debounce="1"),
    ],
    ids=["trigger", "take", "handler", "latest needs async", "debounce needs async", "negative", "no number"],
)
def test_what_cannot_be_an_effect_is_refused(register):
    """Wrong triggers, options and handlers raise when they are registered."""
    with pytest.raises(ActionError):
        register(Effects())
