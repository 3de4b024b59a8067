"""Alerts: limits that are crossed and names that take longer than they used to; no alarm without a cause."""

import random

import pytest

from statestore import ActionError, DispatchError, Memory, MemorySample, Span, Timing
from statestore.recording.alerts import Above, Alerts, Deviates
from statestore.testing import ListSink
from statestore.values import Alert
from tests.recording.conftest import added

MS = 1_000_000


@pytest.fixture
def spend(clock, make_store):
    """Makes a function that records spans of given durations under the given alerts."""

    def make(alerts):
        timing = Timing()
        make_store(timing, alerts)

        def spend(*durations, name="work"):
            for elapsed in durations:
                with timing.span(name):
                    clock.advance(int(elapsed))

        return spend

    return make


def test_limit_is_reported_when_it_is_crossed(spend):
    """Not while it stays above; again after it has been below."""
    alerts = Alerts([Above(Span, "elapsed_ns", 10 * MS, name="work")])
    work = spend(alerts)
    work(5 * MS, 20 * MS, 30 * MS, 5 * MS, 11 * MS)
    work(50 * MS, name="other")

    assert [alert.evidence["elapsed_ns"] for alert in alerts.alerts] == [20 * MS, 11 * MS]
    first = alerts.alerts[0]
    assert (first.rule, first.subject, first.at_ns) == ("above", "work", 25 * MS)
    assert first.sentence == "work: elapsed_ns is 20 ms, above 10 ms"


def test_limits_hold_for_readings_too(make_store):
    """Any recorded value with a number in it."""
    alerts = Alerts([Above(MemorySample, "rss_bytes", 1), Above(MemorySample, "traced_bytes", 1)])
    with make_store(alerts, Memory(interval=None)):
        pass

    (alert,) = alerts.alerts
    assert alert.subject == "MemorySample.rss_bytes"
    assert "MB, above 0.0 MB" in alert.sentence


def test_alerts_are_published_and_called_back(make_store, clock):
    """As values on the stream, and to a callback, in the thread that recorded."""
    called, sink, timing = [], ListSink(), Timing()
    alerts = Alerts([Above(Span, "elapsed_ns", 5)], callback=called.append)
    store = make_store(timing, alerts)
    store.observe(sink, Alert)
    store.subscribe(lambda store: clock.advance(6))
    store.dispatch(added())

    assert called == sink.values == alerts.alerts
    assert len(called) == 1


def test_callback_that_raises_is_dropped_with_a_warning(spend):
    """What it was to be told of goes on."""
    alerts = Alerts([Above(Span, "elapsed_ns", 5)], callback=lambda alert: 1 / 0)
    work = spend(alerts)
    with pytest.warns(UserWarning, match="ZeroDivisionError"):
        work(10)
    work(1, 10)

    assert len(alerts.alerts) == 2


class TestDeviation:
    """A name is compared with its own past."""

    def test_lasting_slowdown_is_reported_once_with_its_size(self, spend):
        """Then it is the new normal; a further one is reported again."""
        alerts, noise = Alerts([Deviates()]), random.Random(1)
        work = spend(alerts)
        for usual in (10, 30, 90):
            work(*[usual * MS * noise.uniform(0.8, 1.2) for _ in range(400)])

        assert [alert.subject for alert in alerts.alerts] == ["work", "work"]
        first = alerts.alerts[0]
        assert first.evidence["factor"] == pytest.approx(3, rel=0.1)
        assert first.evidence["usual_ns"] == pytest.approx(10 * MS, rel=0.1)
        assert first.sentence.startswith("work takes 3.")

    def test_outliers_are_no_slowdown(self, spend):
        """Not one in ten, however far out."""
        alerts, noise = Alerts([Deviates()]), random.Random(2)
        spend(alerts)(*[(1_000 if noise.random() < 0.1 else 1) * MS for _ in range(3_000)])

        assert alerts.alerts == []

    def test_small_and_noisy_differences_are_no_slowdown(self, spend):
        """Below the factor, or within what the name varies anyway."""
        alerts, noise = Alerts([Deviates()]), random.Random(3)
        work = spend(alerts)
        work(*[10 * MS] * 500, *[15 * MS] * 500)
        work(*[noise.lognormvariate(16, 2) for _ in range(5_000)], name="noisy")

        assert alerts.alerts == []

    def test_slow_drift_is_followed(self, spend):
        """Work that grows little by little is no alarm."""
        alerts = Alerts([Deviates()])
        spend(alerts)(*[MS + 50 * n for n in range(20_000)])

        assert alerts.alerts == []

    def test_names_do_not_disturb_each_other(self, spend):
        """Only the one that the rule names is followed, and each by itself."""
        alerts = Alerts([Deviates(name="a")])
        work = spend(alerts)
        for elapsed in (1, 50):
            for _ in range(200):
                work(elapsed * MS, name="a")
                work(elapsed * MS, name="b")

        assert [alert.subject for alert in alerts.alerts] == ["a"]

    def test_healthy_runs_raise_no_alarm(self, spend):
        """In 100 seeded runs of names that vary by different amounts."""
        for seed in range(100):
            noise, alerts = random.Random(seed), Alerts([Deviates()])
            work = spend(alerts)
            for sigma in (0.05, 0.5, 1.0):
                work(*[noise.lognormvariate(14, sigma) for _ in range(300)], name=f"sigma {sigma}")
            assert alerts.alerts == [], seed


def test_nothing_is_watched_after_closing(make_store):
    """Nobody observes spans any more."""
    timing, alerts = Timing(), Alerts([Deviates()])
    store = make_store(timing, alerts)
    assert timing.publisher is not None
    alerts.close()
    store.dispatch(added())

    assert timing.publisher is None


def test_wrong_arguments_are_refused_with_a_reason(make_store):
    """Each message says what was found."""
    with pytest.raises(ActionError, match="'slow'"):
        Alerts(["slow"])
    with pytest.raises(ActionError, match="no field 'speed'"):
        Alerts([Above(Span, "speed", 1)])
    with pytest.raises(ActionError, match=r"factor=1\.0"):
        Alerts([Deviates(factor=1.0)])
    alerts = Alerts([])
    make_store(alerts, name="first")
    with pytest.raises(DispatchError, match="first"):
        make_store(alerts)
