"""Stacks: a sampling profile of one span, through pyinstrument, attached to it so that a flame graph can be drawn."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from statestore.errors import ActionError, StateStoreError
from statestore.ports import Dispatch, StoreLike
from statestore.recording.frames import Frame
from statestore.recording.timing import Timing

# Of the metadata of a profiled span: nanoseconds by stack, `outermost;...;innermost`, the folded form that flame graph
# tools read.
STACKS = "stacks"
# A profile of a long span has thousands of stacks that were seen once; what they add up to is not lost.
_MAX_STACKS = 2_000
_OTHER_STACKS = "(other stacks)"


class StackProfiler:
    """Profiles blocks, and dispatches that match, into the spans of a Timing. Needs the extra `profile`.

        stacks = StackProfiler(timing)
        with stacks.span("import"): ...                                    # one block
        Store(slice, middleware=[timing, stacks.of(task_parsed)])          # every dispatch of one kind

    Args:
        timing: where the spans go.
        interval: seconds between two looks at the stack. At a thousandth, a profiled block takes 5 to 10 % longer.

    A block inside another profiled one of the same thread is an ordinary span: its stacks are part of the outer ones.
    """

    def __init__(self, timing: Timing, interval: float = 0.001) -> None:
        if not isinstance(timing, Timing):
            raise ActionError(f"StackProfiler takes the Timing whose spans it profiles, not {timing!r}")
        if not isinstance(interval, int | float) or not 0 < interval < 60:
            raise ActionError(f"interval= takes a number of seconds above 0 and below 60, not {interval!r}")
        self._timing = timing
        self._interval = interval
        _import_profiler()  # now rather than in the middle of a run

    @contextmanager
    def span(self, name: str, /, **metadata: Any) -> Iterator[Frame]:
        """A span like `timing.span` whose metadata get the stacks that were seen in it."""
        profiler = _import_profiler()(interval=self._interval, async_mode="enabled")
        with self._timing.span(name, **metadata) as frame:
            try:
                profiler.start()
            except RuntimeError:  # one is running in this thread
                yield frame
                return
            try:
                yield frame
            finally:
                frame.metadata[STACKS] = fold(profiler.stop())

    def of(self, match: Any) -> Callable[[StoreLike, Dispatch], Dispatch]:
        """Middleware that profiles the dispatches of an action creator, a type, or those for which a predicate holds.

        The profile is attached to a span inside that of the dispatch; put it after the Timing.
        """
        if isinstance(match, str):
            matches: Callable[[Any], Any] = lambda action: getattr(action, "type", None) == match  # noqa: E731
        else:
            matches = getattr(match, "match", match)
        if not callable(matches):
            raise ActionError(f"of() takes an action creator, a type or a predicate over actions, not {match!r}")

        def middleware(store: StoreLike, next: Dispatch) -> Dispatch:
            def dispatch(action: Any) -> Any:
                if not matches(action):
                    return next(action)
                with self.span(f"profile of {getattr(action, 'type', action)}"):
                    return next(action)

            return dispatch

        return middleware


def _import_profiler() -> Any:
    try:
        from pyinstrument import Profiler
    except ImportError as error:
        raise StateStoreError("profiling needs pyinstrument: pip install 'statestore[profile]'") from error
    return Profiler


def fold(session: Any) -> dict[str, int]:
    """The folded stacks of a pyinstrument session: nanoseconds in which a stack was seen, the most first."""
    seen: Counter[str] = Counter()
    root = session.root_frame(trim_stem=True)
    stack: list[tuple[Any, str]] = [(root, "")] if root is not None else []
    while stack:
        frame, above = stack.pop()
        # pyinstrument makes frames of its own, such as [self], whose time is their parent's.
        path = above if frame.is_synthetic else f"{above};{_name(frame)}" if above else _name(frame)
        own_ns = round((frame.time - sum(child.time for child in frame.children)) * 1e9)
        if own_ns > 0 and path:
            seen[path] += own_ns
        stack.extend((child, path) for child in frame.children)
    folded = dict(seen.most_common(_MAX_STACKS))
    if rest := seen.total() - sum(folded.values()):
        folded[_OTHER_STACKS] = rest
    return folded


def _name(frame: Any) -> str:
    # A semicolon would divide the name in two.
    return f"{frame.function} ({frame.file_path_short or ''}:{frame.line_no or 0})".replace(";", ",")
