"""The dispatch functions that Timing puts into a store's chain."""

from collections.abc import Mapping
from typing import Any

import msgspec

from statestore.ports import Dispatch
from statestore.recording.frames import (
    BATCH,
    DispatchFrame,
    failure,
    get_current,
    id_of,
    name_of_task,
    reset_current,
    set_current,
)
from statestore.recording.instrument import Inside, name_of, until_done
from statestore.recording.spanlog import span_of


def record_dispatches(timing: Any, next: Dispatch) -> Dispatch:
    """A dispatch that is a span, written out for speed: calls would cost a third more.

    See the benchmark `Timing on a dispatch`.
    """
    clock_ns, dispatched = timing.clock_ns, timing.log.dispatched
    append = dispatched.append

    def dispatch(action: Any) -> Any:
        try:
            name = action.type
        except AttributeError:
            name = None
        if name is None:
            return _dispatch_other(timing, next, action)
        frame = DispatchFrame()
        token = set_current(frame)
        began_ns = clock_ns()
        try:
            result = next(action)
        except BaseException as error:
            finished_ns = clock_ns()
            reset_current(token)
            _record_failure(timing, name, frame, began_ns, finished_ns, error)
            raise
        finished_ns = clock_ns()
        reset_current(token)
        if frame.parent is not None:
            frame.parent = frame.parent.id
        if frame.task is not None:
            frame.task = name_of_task()
        record = (frame, name, began_ns, finished_ns)
        append(record)
        if timing.publisher is not None:
            timing.publisher.publish(span_of(record, timing.origin_ns))
        if len(dispatched) >= BATCH:
            timing.log.file_if_free()
        return result

    return dispatch


def sample_dispatches(timing: Any, next: Dispatch) -> Dispatch:
    """A dispatch of which only some are spans, and those that fail."""
    record, sieve = record_dispatches(timing, next), timing.sieve

    def dispatch(action: Any) -> Any:
        name = getattr(action, "type", None)
        if not isinstance(name, str) or sieve.takes(name):  # what is no action is refused further inside
            return record(action)
        outer, began_ns = get_current(), timing.clock_ns()
        noted = (outer.seq, outer.reducer_ns) if outer is not None else None
        try:
            result = next(action)
        except BaseException as error:
            _record_failure(timing, name, DispatchFrame(), began_ns, timing.clock_ns(), error)
            raise
        finally:
            if outer is not None and noted is not None:
                outer.seq, outer.reducer_ns = noted  # what was noted meanwhile was this dispatch's
        sieve.leave_out(name)
        return result

    return dispatch


def note_reduced(seq: int, started_ns: int, elapsed_ns: int) -> None:
    """The store's word that the dispatch which runs here has made a commit."""
    frame = get_current()
    if frame is not None:
        frame.seq, frame.reducer_ns = seq, elapsed_ns


def _record_failure(
    timing: Any, name: Any, frame: DispatchFrame, began_ns: int, finished_ns: int, error: BaseException
) -> None:
    frame.parent = id_of(frame.parent)
    frame.task = name_of_task()
    status, metadata = failure(error, **{**(frame.metadata or {}), "action": str(name)})
    span = span_of((frame, str(name), began_ns, finished_ns), timing.origin_ns)
    timing.add(msgspec.structs.replace(span, status=status, metadata=metadata))


def _dispatch_other(timing: Any, next: Dispatch, dispatched: Any) -> Any:
    """Times what is no `Action`: a thunk until its awaitable ends, or a mapping, of which the store makes one."""
    frame = timing.block(*_name_and_kind(dispatched))
    frame.begin()
    try:
        with Inside(frame):
            result = next(dispatched)
    except BaseException as error:
        frame.finish(error)
        raise
    if frame.kind == "thunk" and hasattr(result, "__await__"):
        return until_done(frame, result)
    frame.finish()
    return result


def _name_and_kind(dispatched: Any) -> tuple[str, str]:
    if isinstance(dispatched, Mapping):
        return str(dispatched.get("type")), "dispatch"
    # An action creator, which has `match`, was forgotten to be called: the store will say so.
    if callable(dispatched) and not hasattr(dispatched, "match"):
        return name_of(dispatched), "thunk"
    return type(dispatched).__name__, "dispatch"
