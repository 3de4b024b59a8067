"""The store: one immutable state, changed by dispatched actions alone, one at a time."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock, get_ident
from types import TracebackType
from typing import Any, TypeVar

from statestore.core.installing import layers_for
from statestore.core.listeners import Listener, notify_all
from statestore.core.middleware import as_action, call_all, check_middleware, closers, compose
from statestore.core.reducing import PATCHED, as_reduce, initial_of, reduce_patched
from statestore.core.stream import Stream
from statestore.core.transactions import GROUP, Group, Transaction, group_of
from statestore.core.watching import wait_until, watch_values
from statestore.errors import ActionError, DispatchError, ReducerError
from statestore.ports import Clock, Dispatch, Middleware, Sink, SystemClock, Unsubscribe
from statestore.tree.freezing import freeze
from statestore.tree.kinds import MISSING
from statestore.values import Action, Change, Commit, Move, Patch, Rollback

T = TypeVar("T")


class Store:
    """Holds the state and applies actions to it.

    Args:
        reducer: a slice, what `combine` gives, or any function of (state, action).
        initial: the state to begin with; beats the reducer's own initial value.
        middleware: layers around `dispatch`, the first one outermost; recorders are installed the same way.
        name: how logs, files and pages call this store.
        clock: where times come from; a fake one in tests.

    Safe to use from any thread: actions are applied one at a time, in one order, and listeners run before the next
    action is applied. Reading the state never waits.
    """

    def __init__(
        self,
        reducer: Any,
        initial: Any = MISSING,
        *,
        middleware: Sequence[Middleware] = (),
        name: str = "store",
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.clock: Clock = clock or SystemClock()
        self._now = self.clock.now_ns
        self.origin_ns = self._now()
        self.started_wall_ns = self.clock.wall_ns()
        self.reducer = reducer
        self._reduce = as_reduce(reducer)
        self._state = _initial_state(reducer, initial)
        self._lock = RLock()
        self._listeners: tuple[Listener, ...] = ()
        self._stream = Stream()
        self._probes: tuple[Callable[[int, int, int], object], ...] = ()
        self._recording = False  # whether anybody wants to know of what is applied, and
        self._committing = False  # whether that takes commits
        self._suspended = False  # whether a recorder has asked for no commits for now
        self._reducing = 0  # the thread in which a reducer runs
        self._transaction: Transaction | None = None
        self._unpublished: Sequence[Commit] | None = None
        self._publishing = False
        self._groups = 0
        self._head = self._seq = 0
        self._obstacle: str | None = "middleware is still being installed; dispatch once the store has been made"
        self._closed = False
        self._closing: tuple[Callable[[], object], ...] = ()
        self.middleware = check_middleware(middleware)
        self._dispatch: Dispatch = self._apply
        self._open = check_middleware(layers_for(self, self.middleware))
        self._dispatch = compose(self, self._open, self._apply)
        self._obstacle = None

    # Reading

    @property
    def state(self) -> Any:
        """The state now. Inside a transaction its own code sees the working state, everybody else the one before.

        Raises:
            ReducerError: read by a reducer, which must compute from what it is given.
        """
        return self._state_seen_here() if self._reducing or self._transaction is not None else self._state

    @property
    def head(self) -> int:
        """The seq of the commit whose state is the state now; 0 at the root. Inside a transaction as for `state`."""
        transaction = self._transaction
        return self._head if transaction is None or transaction.is_here() else transaction.head

    @property
    def seq(self) -> int:
        """The seq of the newest commit; 0 before the first. Inside a transaction as for `state`."""
        transaction = self._transaction
        return self._seq if transaction is None or transaction.is_here() else transaction.seq

    @property
    def published(self) -> tuple[int, Any]:
        """Head and state without waiting: inside a transaction, whose commits observers get at its end, those before.

        Of a dispatch that is being recorded just now its observers may not have heard yet.
        """
        if self._reducing:
            self._check_not_reducing("read the state")
        # No call stands in this line, so no other thread runs meanwhile.
        transaction, head, state = self._transaction, self._head, self._state
        return (head if transaction is None else transaction.head), state

    @property
    def here(self) -> tuple[int, Any]:
        """Head and state as they belong together; waits while another thread changes them."""
        with self._lock:
            return self.head, self.state

    def now_ns(self) -> int:
        """Nanoseconds since the run began."""
        return self._now() - self.origin_ns

    # Changing

    def dispatch(self, action: Any) -> Any:
        """Sends an action through the middleware to the reducer; gives what the chain gives, by default the action.

        Args:
            action: an `Action`, or a mapping with the keys type, payload and meta; whatever else middleware takes.

        Raises:
            ActionError: it is no action.
            DispatchError: the store is closed or locked, or another task's transaction is open.
            ReducerError: dispatched from inside a reducer.
            Exception: a reducer's own, unchanged (state and history are as before), or the first one of a listener.
        """
        if type(action) is not Action and isinstance(action, Mapping):
            action = as_action(action)
        return self._dispatch(action)

    def apply(self, patches: Iterable[Patch], label: str = "patched") -> Any:
        """Dispatches patches from elsewhere, as an action of their own that is recorded and undone like any other."""
        listed = []
        for patch in patches:
            if not isinstance(patch, Patch):
                raise ActionError(f"apply takes patches, not {type(patch).__name__} {patch!r}")
            listed.append([patch.op, list(patch.path), patch.value])
        return self.dispatch(Action(PATCHED, {"patches": listed, "label": label}))

    def _apply(self, action: Any) -> Any:
        """The innermost dispatch: reduce, keep, record, notify."""
        # Looked at here, as looking where actions are made would double what making one costs.
        if type(action) is not Action or type(action.type) is not str or action.meta is not None:
            action = as_action(action)
        with self._lock:
            transaction, listeners = self._transaction, self._listeners
            if (
                self._reducing or self._obstacle is not None or self._unpublished is not None
                or transaction is not None
            ):  # fmt: skip
                self._check_free(f"dispatch {action.type!r}")
            old = self._state if transaction is None else transaction.state
            if self._recording:
                new = self._reduce_and_record(old, action, transaction)
            else:
                new = self._guarded(old, action, None)
                self._keep(new, transaction)
            if listeners and new is not old and transaction is None:
                notify_all(listeners, self)
        return action

    def _guarded(self, state: Any, action: Action, changes: list[Change] | None) -> Any:
        """Runs the reducer; meanwhile this thread may neither dispatch nor read the store."""
        self._reducing = get_ident()
        try:
            if action.type == PATCHED:
                return reduce_patched(state, action, (), changes)
            return self._reduce(state, action, (), changes)
        finally:
            self._reducing = 0

    def _keep(self, new: Any, transaction: Transaction | None) -> None:
        if transaction is None:
            self._state = new
        else:
            transaction.state = new

    def _reduce_and_record(self, old: Any, action: Action, transaction: Transaction | None) -> Any:
        changes: list[Change] | None = [] if self._committing else None
        started = self._now()
        new = self._guarded(old, action, changes)
        elapsed = self._now() - started
        started -= self.origin_ns
        seq = self._seq + 1
        for probe in self._probes:
            probe(seq, started, elapsed)
        if changes is None:
            self._keep(new, transaction)
            self._head = self._seq = seq
            return new
        group, label = self._group(transaction) if transaction is not None or self._groups else _NO_GROUP
        commit = Commit(seq, self._head, action, tuple(changes), started, elapsed, group, label)
        if transaction is None:
            # No call stands between these lines, so Ctrl-C cannot come between them: CPython looks for it at calls.
            self._unpublished, self._state = (commit,), new
            self._head = self._seq = seq
            self._publish_unpublished()
        else:
            transaction.add(commit, new)
            self._head = self._seq = seq
        return new

    def _publish_unpublished(self) -> None:
        """Publishes the commits that the state and the head have in them already.

        Ctrl-C can come at any call. What it cut short here is published again before anything else is done, so a commit
        may reach its sinks twice, and never not at all.
        """
        assert self._unpublished is not None
        interrupt = None
        self._publishing = True
        try:
            for commit in self._unpublished:
                interrupt = self._stream.deliver(commit) or interrupt
            self._unpublished = None
        finally:
            self._publishing = False
        if interrupt is not None:
            raise interrupt

    def _group(self, transaction: Transaction | None) -> tuple[int | None, str | None]:
        around = group_of(self) if self._groups else None
        if around is not None:
            return around.take(self._seq + 1), around.label
        return (transaction.first_seq, transaction.label) if transaction is not None else (None, None)

    def replace_reducer(self, reducer: Any) -> None:
        """Uses another reducer from the next action on; the state stays as it is."""
        reduce = as_reduce(reducer)
        with self.holding():
            self.reducer, self._reduce = reducer, reduce

    # Transactions and groups

    @contextmanager
    def transaction(self, label: str = "transaction") -> Iterator[None]:
        """Makes the actions inside one change: all or nothing, one notification, one step of undo.

        An exception restores the state before and is raised on. A transaction inside another is a savepoint. It holds
        the store: other threads wait to dispatch, so keep it short, and do not await inside.
        """
        with self._lock:
            self._check_free("begin a transaction")
            if self._transaction is None:
                with self._outermost(label):
                    yield
            else:
                with self._nested(self._transaction, label):
                    yield

    @contextmanager
    def _outermost(self, label: str) -> Iterator[None]:
        transaction = Transaction(label, self._state, self._head, self._seq, self._seq + 1)
        self._transaction = transaction
        try:
            yield
        except BaseException as error:
            self._transaction = None
            self._roll_back(transaction.head, transaction.seq, label, error)
            raise
        # No call stands between these lines either.
        before, self._state = self._state, transaction.state
        self._unpublished = transaction.pending
        self._transaction = None
        self._publish_unpublished()
        if self._state is not before:
            notify_all(self._listeners, self)

    @contextmanager
    def _nested(self, transaction: Transaction, label: str) -> Iterator[None]:
        savepoint, head, seq = transaction.savepoint(), self._head, self._seq
        try:
            yield
        except BaseException as error:
            if self._transaction is transaction:
                transaction.restore(savepoint)
                self._roll_back(head, seq, label, error)
            raise

    def _roll_back(self, head: int, seq: int, label: str, error: BaseException) -> None:
        undone, self._head, self._seq = self._seq, head, seq
        self.publish(Rollback(label, seq + 1, undone, type(error).__name__, self.now_ns()))

    @contextmanager
    def grouping(self, label: str) -> Iterator[None]:
        """Gives all commits made inside, by this thread or task and by tasks started here, one group."""
        with self._lock:
            self._groups += 1
        open_here = GROUP.get()
        token = GROUP.set(open_here if group_of(self) is not None else Group(self, label, open_here))
        try:
            yield
        finally:
            GROUP.reset(token)
            with self._lock:
                self._groups -= 1

    # Listening

    def subscribe(self, listener: Callable[..., object], *, select: Callable[[Any], Any] | None = None) -> Unsubscribe:
        """Calls `listener(store)` after every change; with `select`, `listener(new, old)` when that value changed.

        Undo, redo and every other move are changes too; an action that changed nothing is none. Each round calls the
        listeners that were subscribed when its dispatch began, all of them even if one raises. Gives the function that
        ends the subscription.
        """
        self._check_not_reducing("subscribe")
        with self._lock:
            added = Listener(listener, select, self.state if select is not None else None)
            self._listeners += (added,)

        def unsubscribe() -> None:
            self._check_not_reducing("unsubscribe")
            with self._lock:
                self._listeners = tuple([kept for kept in self._listeners if kept is not added])

        return unsubscribe

    def observe(self, sink: Sink, *value_types: type) -> Unsubscribe:
        """Hands every recorded value of these types (Commit, Span, Milestone, ...; none means all) to `sink(value)`.

        The sink runs in the thread that made the value, commits before the listeners. One that raises is detached, with
        a warning. Commits are only made while somebody observes them.
        """
        unsubscribe = self._stream.observe(sink, value_types)
        self._find_whether_recording()

        def stop() -> None:
            unsubscribe()
            self._find_whether_recording()

        return stop

    def publish(self, value: Any) -> None:
        """Hands a recorded value to whoever observes its type."""
        interrupt = self._stream.deliver(value)
        if interrupt is not None:
            raise interrupt

    def when_observed(self, value_type: type, hook: Callable[[bool], object]) -> Unsubscribe:
        """Calls `hook(True)` once values of that type are observed, maybe now, and `hook(False)` once not."""
        observed = False

        def look() -> None:
            nonlocal observed
            before, observed = observed, bool(self._stream.sinks(value_type))
            if observed is not before:
                hook(observed)

        look()
        return self._stream.on_change(look)

    def probe(self, hook: Callable[[int, int, int], object]) -> Unsubscribe:
        """Calls `hook(seq, started_ns, elapsed_ns)` of the reducer after each applied action, in its thread."""
        self._probes += (hook,)
        self._find_whether_recording()

        def stop() -> None:
            self._probes = tuple([kept for kept in self._probes if kept is not hook])
            self._find_whether_recording()

        return stop

    async def until(self, predicate: Callable[[Any], bool], timeout: float | None = None) -> Any:
        """Waits until the predicate holds, and gives the state for which it did; TimeoutError after so many seconds."""
        return await wait_until(self, predicate, timeout)

    def watch(self, selector: Callable[[Any], Any]) -> AsyncGenerator[Any, None]:
        """Yields the selected value now and after each change; values that pass quickly may be left out."""
        return watch_values(self, selector)

    # For recorders

    @contextmanager
    def holding(self, what: str = "change the store") -> Iterator[None]:
        """Keeps every other thread from changing the store meanwhile.

        Raises:
            DispatchError: inside a transaction, locked or closed; ReducerError inside a reducer. `what` names the deed.
        """
        with self._lock:
            self._check_still(what)
            yield

    def exclusively(self, what: str, deed: Callable[..., T], *arguments: Any) -> T:
        """Calls `deed(*arguments)` as inside `holding(what)`, at a third of the cost."""
        with self._lock:
            self._check_still(what)
            return deed(*arguments)

    def run(self, state: Any, action: Action, changes: list[Change] | None = None) -> Any:
        """What the reducer makes of any state, under the guard that all reducers run under; changes nothing here."""
        return self.exclusively("run the reducer", self._guarded, state, action, changes)

    def graft(
        self,
        parent: int,
        action: Action,
        changes: Sequence[Change],
        *,
        started_ns: int | None = None,
        elapsed_ns: int = 0,
        group: int | None = None,
        label: str | None = None,
    ) -> Commit:
        """Makes the next commit on any parent and publishes it; state and head stay where they are."""
        with self.holding("graft a commit"):
            started = self.now_ns() if started_ns is None else started_ns
            self._seq += 1
            commit = Commit(self._seq, parent, action, tuple(changes), started, elapsed_ns, group, label)
            self.publish(commit)
            return commit

    def travel(self, state: Any, move: Move) -> None:
        """Puts the head at `move.to_seq` with that state: what undo, redo, goto and rewrite come down to.

        Publishes the move, and notifies the listeners if the state is another object than before.
        """
        with self._lock:
            self._check_still(move.kind)
            before, listeners = self._state, self._listeners
            self._head, self._state = move.to_seq, state
            self.publish(move)
            if listeners and state is not before:
                notify_all(listeners, self)

    def rebase(self, state: Any, head: int, seq: int, elapsed_ns: int, started_wall_ns: int | None = None) -> None:
        """Begins at a recorded point instead of the root, with times that go on after `elapsed_ns`; for `resume`.

        To be called while middleware is installed, by the innermost layer, so that the others find it done.
        """
        with self._lock:
            if self._seq:
                raise DispatchError("a store that has applied actions cannot begin elsewhere")
            self._state, self._head, self._seq = state, head, seq
            self.origin_ns = self._now() - elapsed_ns
            self.started_wall_ns = self.started_wall_ns if started_wall_ns is None else started_wall_ns

    def block(self, reason: str | None) -> None:
        """Makes dispatch and every move raise `DispatchError(reason)` until called with None."""
        with self._lock:
            self._obstacle = _CLOSED if self._closed else reason

    def suspend(self, suspended: bool) -> None:
        """While suspended, actions are applied and listeners notified, but no commit is made."""
        with self._lock:
            self._suspended = suspended
        self._find_whether_recording()

    # Ending

    def at_close(self, hook: Callable[[], object]) -> Unsubscribe:
        """Calls `hook()` when the store is closed, after its recorders were; at once if it is closed already."""
        with self._lock:
            if not self._closed:
                self._closing = (*self._closing, hook)
        if self._closed:
            hook()

        def stop() -> None:
            self._closing = tuple([kept for kept in self._closing if kept is not hook])

        return stop

    def close(self) -> None:
        """Closes the recorders, innermost first, each once, even when one raises. Reading goes on, dispatch raises.

        A journal is closed after the others, so that their last values are in its file.

        Raises:
            DispatchError: inside a transaction, whose commits would reach nobody; ReducerError inside a reducer.
        """
        with self._lock:
            self._check_not_reducing("close the store")
            if self._transaction is not None:
                raise DispatchError(f"cannot close inside transaction {self._transaction.label!r}; end it first")
            closing, self._closing = (*closers(self._open), *self._closing), ()
            self._open = ()
        try:
            call_all(closing)
        finally:
            self._closed = True
            self.block(None)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self.name!r} at commit {self._head} of {self._seq}>"

    # Guards

    def _state_seen_here(self) -> Any:
        self._check_not_reducing("read the state")
        transaction = self._transaction
        return transaction.state if transaction is not None and transaction.is_here() else self._state

    def _check_free(self, what: str) -> None:
        self._check_not_reducing(what)
        if self._publishing:
            raise DispatchError(f"cannot {what} from an observer of commits, which only records: subscribe a listener")
        if self._unpublished is not None:
            self._publish_unpublished()
        if self._transaction is not None:
            self._transaction.check_owner()
        if self._obstacle is not None:
            raise DispatchError(f"cannot {what}: {self._obstacle}")

    def _check_still(self, what: str) -> None:
        self._check_free(what)
        if self._transaction is not None:
            raise DispatchError(f"cannot {what} inside transaction {self._transaction.label!r}; end it first")

    def _check_not_reducing(self, what: str) -> None:
        if self._reducing and self._reducing == get_ident():
            raise ReducerError(
                f"a reducer tried to {what}; it must compute the next state from its arguments alone. "
                "React to actions in an effect, a listener or a thunk instead"
            )

    def _find_whether_recording(self) -> None:
        self._committing = not self._suspended and bool(self._stream.sinks(Commit))
        self._recording = self._committing or (not self._suspended and bool(self._probes))


_CLOSED = "the store is closed; make a new one, or resume its history file"
_NO_GROUP: tuple[int | None, str | None] = (None, None)


def _initial_state(reducer: Any, given: Any) -> Any:
    initial = initial_of(reducer) if given is MISSING else given
    if initial is MISSING:
        raise ActionError(f"{reducer!r} has no initial value of its own; give the state to begin with as `initial=`")
    return freeze(initial)
