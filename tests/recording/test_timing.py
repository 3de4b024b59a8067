"""Timing: what becomes a span, and what is in it."""

import gc
import weakref

import pytest

from statestore import ActionError, DispatchError, Span, Timing, thunk
from statestore.recording.spanlog import MAX_NAMES, OTHER_NAMES
from statestore.testing import FakeClock, ListSink
from tests.recording.conftest import added, broken, fail_after


def by_name(timing, name):
    """The only span of that name."""
    (found,) = [span for span in timing.spans if span.name == name]
    return found


def test_dispatch_is_a_span_with_its_commit_and_the_time_of_its_reducer(make_store, clock):
    """A dispatch's span covers middleware and listeners; `reducer_ns` is the reducer's part, `seq` the commit's."""
    timing = Timing()

    def slow(store, next):
        def dispatch(action):
            clock.advance(5)
            return next(action)

        return dispatch

    store = make_store(timing, slow)
    store.subscribe(lambda store: clock.advance(7))
    store.reducer.on(added)(lambda draft, action: clock.advance(3))
    store.dispatch(added())

    (span,) = timing.spans
    assert (span.name, span.kind, span.status, span.seq) == ("counter/added", "dispatch", "ok", 1)
    assert (span.started_ns, span.elapsed_ns, span.reducer_ns) == (0, 15, 3)
    assert span.parent_id is None
    assert span.metadata == {}


def test_dispatch_gives_what_the_chain_gives(make_store):
    """Timing changes neither the result nor the action on its way."""
    timing = Timing()
    store = make_store(timing, lambda store, inner: lambda action: (inner(action), "more"))
    action = added()

    assert store.dispatch(action) == (action, "more")


def test_block_knows_its_times_while_it_runs_and_after(clock):
    """What `with` gives has the fields of a span: running, then ended."""
    timing = Timing(clock=clock)
    clock.advance(10)
    with timing.span("step", worker="w0") as span:
        clock.advance(4)
        assert (span.started_ns, span.elapsed_ns, span.ended_ns) == (10, 4, None)
        span.metadata["found"] = 3
        clock.advance(1)

    assert (span.ended_ns, span.elapsed_ns, span.status, span.kind) == (15, 5, "ok", "block")
    assert timing.spans[0].metadata == {"worker": "w0", "found": 3}
    assert timing.spans[0] == by_name(timing, "step")


def test_error_ends_the_block_as_failed_and_goes_on_unchanged(clock):
    """The very exception is raised on, without context of ours; its type is the status."""
    timing = Timing(clock=clock)
    error = KeyError("gone")
    with pytest.raises(KeyError) as caught, timing.span("step", item=1):
        raise error

    assert caught.value is error
    assert error.__context__ is None
    span = by_name(timing, "step")
    assert span.status == "KeyError"
    assert span.metadata == {"item": 1, "error": "'gone'"}


def test_failed_dispatch_is_a_failed_span(make_store):
    """Its status is the error's type; the metadata name the action and carry the text; there is no commit."""
    timing = Timing()
    store = make_store(timing)
    with pytest.raises(ValueError, match="broken") as caught:
        store.dispatch(broken())

    (span,) = timing.spans
    assert (span.status, span.seq, span.name) == ("ValueError", None, "counter/broken")
    assert span.metadata == {"action": "counter/broken", "error": "this reducer is broken"}
    assert caught.value.__context__ is None


def test_dispatch_that_fails_in_a_listener_keeps_its_commit(make_store):
    """The state stays changed then, so the failed span still says which commit it made."""
    timing = Timing()
    store = make_store(timing)
    store.subscribe(lambda store: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.dispatch(added())

    assert (timing.spans[0].status, timing.spans[0].seq) == ("ZeroDivisionError", 1)


def test_error_with_a_broken_text_does_not_hide_itself(make_store):
    """An exception whose `__str__` raises is still the one that reaches the caller."""

    class UnspeakableError(Exception):
        def __str__(self):
            raise RuntimeError

    timing = Timing()
    with pytest.raises(UnspeakableError), timing.span("step"):
        raise UnspeakableError

    assert timing.spans[0].status == "UnspeakableError"


def test_mapping_is_timed_under_its_type(make_store):
    """A mapping dispatched as an action counts under the same name as the action."""
    timing = Timing()
    store = make_store(timing)
    store.dispatch({"type": "counter/added", "payload": {"by": 2}})

    assert by_name(timing, "counter/added").seq == 1


def test_what_is_no_action_fails_as_without_timing(make_store):
    """The store's own error comes through for nonsense and for creators that were not called."""
    timing = Timing()
    store = make_store(timing, thunk)
    for nonsense in (42, added, None):
        with pytest.raises(ActionError):
            store.dispatch(nonsense)

    assert [span.status for span in timing.spans] == ["ActionError"] * 3


def test_dispatches_of_a_listener_are_inside_the_dispatch_that_it_listens_to(make_store):
    """Each has its own commit, and the inner one is a child."""
    timing = Timing()
    store = make_store(timing)
    store.subscribe(lambda store: store.state["n"] == 1 and store.dispatch(added()))
    store.dispatch(added())

    outer, inner = timing.spans
    assert (inner.parent_id, outer.seq, inner.seq) == (outer.id, 1, 2)


def test_commit_belongs_to_the_dispatch_also_when_middleware_opens_a_block(make_store):
    """A span that an inner middleware opens around the rest of the chain hands the commit on."""
    timing = Timing()

    def traced(store, next):
        def dispatch(action):
            with timing.span("validation"), timing.span("deeper"):
                return next(action)

        return dispatch

    store = make_store(timing, traced)
    store.dispatch(added())

    assert by_name(timing, "counter/added").seq == 1
    (root,) = timing.tree()
    assert [node.name for node in root.walk()] == ["counter/added", "validation", "deeper"]


class TestThunks:
    """A dispatched function is one span."""

    def test_sync_thunk_covers_what_it_dispatches(self, make_store, clock):
        """Its dispatches are its children."""
        timing = Timing()
        store = make_store(timing, thunk)

        def work(store):
            clock.advance(5)
            store.dispatch(added())
            return "done"

        assert store.dispatch(work) == "done"
        (root,) = timing.tree()
        assert (root.kind, root.elapsed_ns, root.seq) == ("thunk", 5, None)
        assert root.name.endswith("work")
        assert "<locals>" not in root.name
        assert [child.name for child in root.children] == ["counter/added"]

    def test_failing_thunk_is_a_failed_span(self, make_store):
        """An error before there is an awaitable ends it, too."""
        timing = Timing()
        store = make_store(timing, thunk)
        with pytest.raises(ZeroDivisionError):
            store.dispatch(lambda store: 1 / 0)

        assert timing.spans[0].status == "ZeroDivisionError"


class TestRollback:
    """A transaction that fails leaves failed spans only."""

    def test_dispatches_of_a_failed_transaction_are_failed_spans(self, make_store):
        """They are no longer said to have made a commit; what came before and after them stands."""
        timing = Timing()
        store = make_store(timing)
        store.dispatch(added())
        with pytest.raises(RuntimeError):
            fail_after(store, 2, "all or nothing")
        store.dispatch(added())

        assert [(span.status, span.seq) for span in timing.spans] == [
            ("ok", 1), ("RuntimeError", None), ("RuntimeError", None), ("ok", 2),
        ]  # fmt: skip
        assert "all or nothing" in timing.spans[1].metadata["error"]

    def test_only_the_savepoint_that_failed_is_undone(self, make_store):
        """Dispatches of the outer transaction stand."""
        timing = Timing()
        store = make_store(timing)
        with store.transaction():
            store.dispatch(added())
            with pytest.raises(RuntimeError):
                fail_after(store, 1)
            store.dispatch(added())

        assert [(span.status, span.seq) for span in timing.spans] == [("ok", 1), ("RuntimeError", None), ("ok", 2)]

    def test_observers_hear_of_a_dispatch_when_its_transaction_has_ended(self, make_store):
        """Once, as what it turned out to be, after its commit."""
        timing = Timing()
        store = make_store(timing)
        sink = ListSink(Span)
        store.observe(sink, Span)
        with store.transaction():
            store.dispatch(added())
            assert sink.values == []
        with pytest.raises(RuntimeError):
            fail_after(store, 1)
        store.dispatch(added())

        assert [(span.status, span.seq) for span in sink.values] == [("ok", 1), ("RuntimeError", None), ("ok", 2)]

    def test_rollback_reaches_back_over_filed_batches(self, make_store):
        """However many dispatches a failed transaction held."""
        timing = Timing()
        store = make_store(timing)
        store.dispatch(added())
        with pytest.raises(RuntimeError):
            fail_after(store, 2_500)

        statuses = [span.status for span in timing.spans]
        assert statuses == ["ok"] + ["RuntimeError"] * 2_500


class TestObserving:
    """Spans are published as they end."""

    def test_observer_gets_the_same_spans_as_are_kept(self, make_store, clock):
        """Blocks, dispatches, failures and measures, each once and when it ended."""
        timing = Timing()
        store = make_store(timing)
        sink = ListSink(Span)
        store.observe(sink, Span)
        timing.mark("a")
        with timing.span("outer"):
            store.dispatch(added())
            clock.advance(2)
        with pytest.raises(ValueError, match="broken"):
            store.dispatch(broken())
        timing.measure("measured", "a")

        assert [span.name for span in sink.values] == ["counter/added", "outer", "counter/broken", "measured"]
        assert sorted(sink.values, key=lambda span: span.id) == timing.spans

    def test_nobody_observing_means_nothing_published(self, make_store):
        """Once the observer has gone, no span is made for it."""
        timing = Timing()
        store = make_store(timing)
        sink = ListSink(Span)
        stop = store.observe(sink, Span)
        store.dispatch(added())
        stop()
        store.dispatch(added())

        assert len(sink.values) == 1
        assert timing.publisher is None


class TestMarks:
    """Marks and measures complete the family of performance entries."""

    def test_measure_covers_the_time_between_two_marks(self, clock):
        """Up to the second mark, or until now."""
        timing = Timing(clock=clock)
        timing.mark("a")
        clock.advance(4)
        timing.mark("b")
        clock.advance(4)

        assert timing.measure("ab", "a", "b").elapsed_ns == 4
        assert timing.measure("a till now", "a").elapsed_ns == 8
        assert [span.kind for span in timing.spans] == ["measure", "measure"]

    def test_measure_refuses_unknown_and_swapped_marks(self, clock):
        """The message names the marks that there are."""
        timing = Timing(clock=clock)
        timing.mark("a")
        clock.advance(1)
        timing.mark("b")
        with pytest.raises(LookupError, match="'a', 'b'"):
            timing.measure("x", "a", "c")
        with pytest.raises(ValueError, match="came before"):
            timing.measure("x", "b", "a")


class TestSampling:
    """Some of many, and it says so."""

    def test_every_nth_of_a_name_is_recorded_and_all_are_counted(self, make_store):
        """The first of every ten, per name."""
        timing = Timing(sample=0.1)
        store = make_store(timing)
        for _ in range(25):
            store.dispatch(added())
        with timing.span("rare"):
            pass

        stats = timing.stats("counter/added")
        assert (stats.count, stats.measured) == (25, 3)
        assert [span.seq for span in timing.spans if span.kind == "dispatch"] == [1, 11, 21]
        assert timing.stats("rare").measured == 1

    def test_failures_are_always_recorded(self, make_store):
        """Of dispatches and of blocks."""
        timing = Timing(sample=0.01)
        store = make_store(timing)
        for _ in range(5):
            with pytest.raises(ValueError, match="broken"):
                store.dispatch(broken())
            with pytest.raises(KeyError), timing.span("block"):
                raise KeyError

        assert [span.status for span in timing.spans] == ["ValueError", "KeyError"] * 5

    def test_what_is_inside_an_unrecorded_block_belongs_to_what_is_around_it(self, clock):
        """And the unrecorded block still measures itself."""
        timing = Timing(sample=0.5, clock=clock)
        with timing.span("outer"):
            for item in range(2):
                with timing.span("sampled") as block, timing.span(f"inner {item}"):
                    clock.advance(3)

        (root,) = timing.tree()
        assert [node.name for node in root.walk()] == ["outer", "sampled", "inner 0", "inner 1"]
        assert block.elapsed_ns == 3

    def test_unrecorded_dispatch_leaves_the_commit_of_the_one_around_it_alone(self, make_store):
        """A listener's dispatch that is left out does not lend its commit to the outer one."""
        timing = Timing(sample=0.5)
        store = make_store(timing)
        store.subscribe(lambda store: store.state["n"] < 3 and store.dispatch(added()))
        store.dispatch(added())

        assert [span.seq for span in timing.spans] == [1, 3]


class TestBounds:
    """Memory is bounded whatever the program does."""

    def test_at_most_keep_spans_are_kept_and_all_are_counted(self, make_store):
        """The newest; statistics are over all."""
        timing = Timing(keep=100)
        store = make_store(timing)
        for _ in range(2_345):
            store.dispatch(added())

        assert [span.seq for span in timing.spans] == list(range(2_246, 2_346))
        assert timing.stats("counter/added").count == 2_345

    def test_names_beyond_the_limit_are_counted_together(self, clock):
        """A name for each item does not grow the statistics without end."""
        timing = Timing(keep=100, clock=clock)
        for item in range(MAX_NAMES + 5):
            with timing.span(f"item {item}"):
                pass

        assert len(timing.all_stats()) == MAX_NAMES + 1
        assert timing.stats(OTHER_NAMES).count == 5

    def test_forgotten_blocks_do_not_pile_up(self, clock):
        """Blocks that are entered and never left are limited like spans."""
        timing = Timing(keep=10, clock=clock)
        for _ in range(2_500):
            timing.span("forgotten").__enter__()
        timing.close()

        assert len(timing.spans) <= 10

    def test_recorder_is_freed_with_its_spans(self):
        """Nothing but its owner keeps a recorder alive, closed or not."""
        timing = Timing()
        with timing.span("outer"), timing.span("inner"):
            pass
        gone = weakref.ref(timing)
        del timing
        gc.collect()

        assert gone() is None


class TestClosing:
    """What happens to spans that still run."""

    def test_open_spans_are_ended_and_marked(self, make_store, clock):
        """Their later end changes nothing any more, and they are not left as the current span."""
        timing = Timing()
        store = make_store(timing)
        block = timing.span("open").__enter__()
        inner = timing.span("inner").__enter__()
        clock.advance(5)
        store.close()
        clock.advance(5)
        inner.__exit__(None, None, None)
        block.__exit__(None, None, None)
        with Timing(clock=clock).span("later") as later:
            pass

        assert [(span.status, span.elapsed_ns) for span in timing.spans] == [("left_open", 5)] * 2
        assert later.parent_id is None

    def test_recorder_belongs_to_one_store(self, make_store):
        """A second store refuses it and says why."""
        timing = Timing()
        make_store(timing, name="first")
        with pytest.raises(DispatchError, match="'first'"):
            make_store(timing)


def test_wrong_arguments_are_refused_with_a_reason(clock):
    """Each message says what was found."""
    for arguments in ({"keep": 0}, {"keep": "many"}, {"sample": 0}, {"sample": 1.5}, {"sample": "half"}):
        with pytest.raises(ActionError, match=repr(next(iter(arguments.values())))):
            Timing(**arguments)
    timing = Timing(clock=clock)
    with pytest.raises(ActionError, match="not by 5"):
        timing.span(5)
    with pytest.raises(ActionError, match="not 'work'"):
        timing.timed("work")
    with pytest.raises(ActionError, match="not None"):
        timing.bind(None)


def test_own_clock_beats_the_stores(make_store):
    """`Timing(clock=)` keeps its own time, from when it was made."""
    own = FakeClock(start_ns=500)
    timing = Timing(clock=own)
    store = make_store(timing)
    own.advance(7)
    store.dispatch(added())

    assert timing.spans[0].started_ns == 7


def test_unusual_names_are_recorded(make_store):
    """Empty, long, and with half a surrogate pair."""
    timing = Timing()
    store = make_store(timing)
    names = ["", "x" * 10_000, "\ud800"]
    for name in names:
        store.dispatch({"type": name})

    assert [span.name for span in timing.spans] == names
    assert set(timing.all_stats()) == set(names)
