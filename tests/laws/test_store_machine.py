"""The store with listeners, against a plain model: any sequence of what a program can do, listeners included."""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from statestore import Action, Commit, Store, apply_patches


class RefusedError(Exception):
    """What a reducer, a listener or a block of the user's raises."""


def adding(state, action):
    """Adds the payload; `fail` raises, and anything else does nothing."""
    if action.type == "fail":
        raise RefusedError("reducer")
    return {"value": state["value"] + action.payload, "steps": 1 + state["steps"]} if action.type == "add" else state


def doubling(state, action):
    """The reducer to replace it with: adds twice as much."""
    return adding(state, Action(action.type, action.payload * 2) if action.type == "add" else action)


class Model:
    """What the store should do, in plain Python: one value, a list of listeners, and a log of their calls."""

    def __init__(self):
        self.state = {"value": 0, "steps": 0}
        self.factor = 1
        self.listeners = []
        self.selected = {}
        self.scripts = {}
        self.calls = []

    def dispatch(self, step):
        """Applies one step; gives whether it raised."""
        present, before = list(self.listeners), dict(self.state)
        if step == "fail":
            return True
        self.apply(step)
        return self.notify(present) if self.state != before else False

    def apply(self, step):
        if step != "nothing":
            self.state = {"value": self.state["value"] + self.factor * step, "steps": self.state["steps"] + 1}

    def notify(self, present):
        raised = False
        for number, selecting in present:
            if not selecting:
                self.calls.append((number, self.state["value"]))
                raised |= self.play(number)
            elif self.state["value"] % 3 != self.selected[number]:
                old, self.selected[number] = self.selected[number], self.state["value"] % 3
                self.calls.append((number, self.selected[number], old))
                raised |= self.play(number)
        return raised

    def play(self, number):
        """What the listener does when it is called: its script, the first time only."""
        for deed, argument in self.scripts.pop(number, ()):
            if deed == "raise":
                return True
            if deed == "dispatch" and self.dispatch(argument):
                return True
            if deed == "subscribe":
                self.subscribe(argument, selecting=False, script=())
            if deed == "unsubscribe":
                self.unsubscribe(argument)
        return False

    def subscribe(self, number, selecting, script):
        self.listeners.append((number, selecting))
        self.selected[number] = self.state["value"] % 3
        self.scripts[number] = script

    def unsubscribe(self, number):
        self.listeners = [listener for listener in self.listeners if listener[0] != number]

    def transaction(self, steps, fails):
        """Runs nested steps; on failure goes back to where it began."""
        before, factor = dict(self.state), self.factor
        for step in steps:
            if isinstance(step, tuple):
                self.transaction(*step)
            elif step != "fail":
                self.apply(step)
        if fails:
            self.state, self.factor = before, factor


steps = st.one_of(st.integers(-3, 3), st.sampled_from(["nothing", "fail"]))
programs = st.recursive(
    st.tuples(st.lists(steps, max_size=3), st.booleans()),
    lambda inner: st.tuples(st.lists(st.one_of(steps, inner), max_size=3), st.booleans()),
    max_leaves=4,
)


class StoreMachine(RuleBasedStateMachine):
    """Does everything to the store and to the model, and compares states, calls and errors."""

    listeners = Bundle("listeners")

    def __init__(self):
        super().__init__()
        self.store = Store(adding, initial={"value": 0, "steps": 0})
        self.model = Model()
        self.calls, self.stops, self.scripts, self.commits = [], {}, {}, []
        self.numbers = iter(range(10_000))
        self.root = self.store.state
        self.store.observe(self.commits.append, Commit)

    def teardown(self):
        self.store.close()

    def send(self, step):
        """Dispatches one step to the store."""
        self.store.dispatch(Action(step) if isinstance(step, str) else Action("add", step))

    def raised(self, act):
        """Whether doing it raised what a user's code raises."""
        try:
            act()
        except RefusedError:
            return True
        return False

    def listen(self, number, selecting, script):
        """Subscribes a listener that notes its calls and plays its script at the first."""
        self.scripts[number] = script

        def on_change(store):
            assert store is self.store
            self.calls.append((number, store.state["value"]))
            self.play(number)

        def on_value(new, old):
            self.calls.append((number, new, old))
            self.play(number)

        if selecting:
            self.stops[number] = self.store.subscribe(on_value, select=lambda state: state["value"] % 3)
        else:
            self.stops[number] = self.store.subscribe(on_change)

    def play(self, number):
        for deed, argument in self.scripts.pop(number, ()):
            if deed == "raise":
                raise RefusedError("listener")
            if deed == "dispatch":
                self.send(argument)
            if deed == "subscribe":
                self.listen(argument, selecting=False, script=())
            if deed == "unsubscribe":
                self.stops[argument]()

    @rule(target=listeners, selecting=st.booleans(), data=st.data())
    def subscribe(self, selecting, data):
        number = next(self.numbers)
        guest = next(self.numbers)
        known = sorted([*self.stops, number])
        deeds = st.one_of(
            st.tuples(st.just("raise"), st.none()),
            st.tuples(st.just("dispatch"), steps),
            st.tuples(st.just("subscribe"), st.just(guest)),
            st.tuples(st.just("unsubscribe"), st.sampled_from(known)),
        )
        script = tuple(data.draw(st.lists(deeds, max_size=3, unique_by=lambda deed: deed[0])))
        self.listen(number, selecting, script)
        self.model.subscribe(number, selecting, script)
        return multiple(number)

    @rule(number=consumes(listeners))
    def unsubscribe(self, number):
        self.stops[number]()
        self.stops[number]()
        self.model.unsubscribe(number)

    @rule(step=steps)
    def dispatch(self, step):
        assert self.raised(lambda: self.send(step)) == self.model.dispatch(step)

    @rule(program=programs)
    def transaction(self, program):
        present, before = list(self.model.listeners), dict(self.model.state)

        def run(steps, fails):
            with self.store.transaction():
                for step in steps:
                    if isinstance(step, tuple):
                        with suppress(RefusedError):
                            run(*step)
                    else:
                        with suppress(RefusedError):
                            self.send(step)
                if fails:
                    raise RefusedError("block")

        raised = self.raised(lambda: run(*program))
        self.model.transaction(*program)
        notified = self.model.notify(present) if self.model.state != before else False
        assert raised == (notified or program[1])

    @rule(twice=st.booleans())
    def replace_reducer(self, twice):
        self.store.replace_reducer(doubling if twice else adding)
        self.model.factor = 2 if twice else 1

    @invariant()
    def states_are_equal(self):
        assert dict(self.store.state) == self.model.state

    @invariant()
    def the_same_listeners_were_called_with_the_same(self):
        assert self.calls == self.model.calls

    @invariant()
    def commits_lead_from_the_root_to_the_state(self):
        value = self.root
        for number, commit in enumerate(self.commits, start=1):
            assert (commit.seq, commit.parent) == (number, number - 1)
            value = apply_patches(value, commit.patches)
        assert value == self.store.state


TestStoreMachine = StoreMachine.TestCase
