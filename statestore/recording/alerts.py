"""Alerts: the recorder that says at once when a limit is crossed, or when a name takes longer than it used to."""

import warnings
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import exp, log, sqrt
from statistics import median
from threading import Lock
from typing import Any

import msgspec

from statestore.errors import ActionError, DispatchError
from statestore.ports import Dispatch, StoreLike, Unsubscribe
from statestore.recording.spantree import format_ns
from statestore.values import Alert, Span

# How sure a deviation must be, in standard errors: at 6, pure chance would take a thousand million looks, and readings
# are not quite as independent of each other as that reckoning assumes.
_SURE = 6.0
# A baseline of fewer spans is no baseline; one that looks back further than the newest 2,000 would not follow a program
# whose work changes slowly, which is no alarm.
_LEAST_BASELINE = 100
_MEMORY = 2_000
# The standard error of a median is that of a mean times √(π/2).
_MEDIAN_ERROR = 1.2533
# Names are made by programs; the first so many are followed, in about 500 bytes each.
_MAX_NAMES = 10_000


class Above(msgspec.Struct, frozen=True):
    """A limit: `field` of recorded values of a type goes above it. Says so when it is crossed, not as long as it lasts.

    `name` picks values by their name, such as spans of one action.
    """

    value_type: type
    field: str
    limit: float
    name: str | None = None


class Deviates(msgspec.Struct, frozen=True):
    """Spans take `factor` times as long as they used to: the middle one of `times` in a row, so that one is no alarm.

    Each name is compared with its own past, and only if the difference stands out from how much that name varies
    anyway. What it has come to is then the new normal. `name` picks one; None follows all.
    """

    name: str | None = None
    factor: float = 2.0
    times: int = 20


class Baseline:
    """How long the spans of one name take, in logarithms: durations spread by factors, not by sums."""

    __slots__ = ("_count", "_mean", "_spread", "block")

    def __init__(self) -> None:
        self._start()
        self.block: list[int] = []

    def _start(self) -> None:
        self._count, self._mean, self._spread = 0, 0.0, 0.0

    def take(self, block: list[int], factor: float) -> dict[str, Any] | None:
        """Compares the next durations with those before, and adds them; gives the evidence if they deviate."""
        evidence = self._compare(block, factor) if self._count >= _LEAST_BASELINE else None
        if evidence is not None:
            self._start()
        for elapsed_ns in block:
            self._add(log(max(elapsed_ns, 1)))
        return evidence

    def _compare(self, block: list[int], factor: float) -> dict[str, Any] | None:
        middle = log(max(median(block), 1))
        error = _MEDIAN_ERROR * sqrt(self._spread) * sqrt(1 / len(block) + 1 / self._count)
        difference = middle - self._mean
        if difference < log(factor) or difference < _SURE * error:
            return None
        return {
            "median_ns": round(median(block)),
            "usual_ns": round(exp(self._mean)),
            "factor": exp(difference),
            "standard_errors": difference / error if error else None,
            "spans": len(block),
            "baseline_spans": self._count,
        }

    def _add(self, value: float) -> None:
        # Welford's mean and variance; from `_MEMORY` on the oldest fade.
        self._count = min(self._count + 1, _MEMORY)
        step = (value - self._mean) / self._count
        self._spread += (step * (value - self._mean - step) * self._count - self._spread) / self._count
        self._mean += step


class Alerts:
    """Publishes an `Alert` on the store's stream, and calls `callback(alert)`, when a rule is broken.

        Alerts([Above(Span, "elapsed_ns", 2e9, name="parse"), Above(MemorySample, "rss_bytes", 4e9), Deviates()])

    Args:
        rules: instances of `Above` and `Deviates`.
        callback: called in the thread that recorded the value. One that raises is dropped with a warning.
        keep: how many alerts are kept, the newest.

    Observing spans costs about 1 µs a span; limits on readings cost nothing between them.
    """

    def __init__(
        self, rules: Sequence[Above | Deviates], callback: Callable[[Alert], object] | None = None, keep: int = 1_000
    ) -> None:
        for rule in rules:
            if not isinstance(rule, Above | Deviates):
                raise ActionError(f"a rule of Alerts is an Above or a Deviates, not {rule!r}")
        self._watchers = [_Limit(rule) if isinstance(rule, Above) else _Deviations(rule) for rule in rules]
        self._callback = callback
        self._store: StoreLike | None = None
        self._release: list[Unsubscribe] = []
        self._kept: deque[Alert] = deque(maxlen=keep)

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Takes its place beside the chain of a store.

        Raises:
            DispatchError: it is in a store already.
        """
        if self._store is not None:
            raise DispatchError(f"these Alerts watch the store {self._store.name!r} already: make some for each store")
        self._store = store
        for watcher in self._watchers:
            self._release.append(store.observe(partial(self._watch, watcher), watcher.value_type))
        return next

    def _watch(self, watcher: "_Limit | _Deviations", value: Any) -> None:
        alert = watcher.look(value)
        if alert is None or self._store is None:
            return
        self._kept.append(alert)
        self._store.publish(alert)
        if self._callback is not None:
            try:
                self._callback(alert)
            except Exception as error:  # noqa: BLE001  # somebody else's code; what it was to be told of goes on
                self._callback = None
                warnings.warn(f"the callback of Alerts raised and was dropped: {error!r}", stacklevel=2)

    @property
    def alerts(self) -> list[Alert]:
        """What was found, oldest first."""
        return list(self._kept)

    def close(self) -> None:
        """Watches no more; what was found stays readable."""
        while self._release:
            self._release.pop()()


class _Limit:
    """Looks at values of one type, and remembers which side of the limit the last one was on."""

    def __init__(self, rule: Above) -> None:
        if not hasattr(rule.value_type, rule.field):
            raise ActionError(f"{rule.value_type.__name__} has no field {rule.field!r} for a limit")
        self.value_type = rule.value_type
        self._rule = rule
        self._was_above = False

    def look(self, value: Any) -> Alert | None:
        rule = self._rule
        if rule.name is not None and getattr(value, "name", None) != rule.name:
            return None
        reading = getattr(value, rule.field)
        if reading is None:
            return None
        was_above, self._was_above = self._was_above, reading > rule.limit
        if was_above or not self._was_above:
            return None
        subject = rule.name or f"{rule.value_type.__name__}.{rule.field}"
        at_ns = value.ended_ns if isinstance(value, Span) else getattr(value, "at_ns", 0)
        sentence = f"{subject}: {rule.field} is {_shown(rule.field, reading)}, above {_shown(rule.field, rule.limit)}"
        return Alert("above", subject, at_ns, sentence, {rule.field: reading, "limit": rule.limit})


class _Deviations:
    """Keeps a baseline for each name."""

    value_type = Span

    def __init__(self, rule: Deviates) -> None:
        if rule.factor <= 1 or rule.times < 2:
            raise ActionError(f"Deviates needs a factor above 1 and 2 or more times, not {rule!r}")
        self._rule = rule
        self._baselines: dict[str, Baseline] = {}
        self._lock = Lock()

    def look(self, span: Span) -> Alert | None:
        rule = self._rule
        if rule.name is not None and span.name != rule.name:
            return None
        with self._lock:
            baseline = self._baselines.get(span.name)
            if baseline is None:
                if len(self._baselines) >= _MAX_NAMES:
                    return None
                baseline = self._baselines[span.name] = Baseline()
            baseline.block.append(span.elapsed_ns)
            if len(baseline.block) < rule.times:
                return None
            block, baseline.block = baseline.block, []
            evidence = baseline.take(block, rule.factor)
        if evidence is None:
            return None
        sentence = (
            f"{span.name} takes {evidence['factor']:.1f} times as long as it did: "
            f"{format_ns(evidence['median_ns'])} instead of {format_ns(evidence['usual_ns'])}"
        )
        return Alert("deviates", span.name, span.ended_ns, sentence, evidence)


def _shown(field: str, value: float) -> str:
    if field.endswith("_ns"):
        return format_ns(value)
    return f"{value / 1e6:,.1f} MB" if field.endswith("_bytes") else f"{value:,g}"
