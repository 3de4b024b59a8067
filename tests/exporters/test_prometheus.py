"""Prometheus: scraped from its client's own server, read with its own parser, checked by its own tool."""

import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from statestore import Alert, GaugeSample, Milestone, StateStoreError, Timing
from statestore.exporters import export
from statestore.exporters.prometheus import Metrics, prometheus
from tests.exporters.watched import begin, fill, make_run, make_source, task_broken, task_set  # noqa: F401  # fixtures


def read(text):
    """Every sample by its name and its labels, but for the store's."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for key, value in sorted(sample.labels.items()) if key != "store")
            found[sample.name, *labels] = sample.value
    return found


def scrape(metrics):
    registry = CollectorRegistry()
    registry.register(metrics)
    return read(generate_latest(registry).decode())


def test_a_live_store_is_scraped():
    """Over HTTP: actions, durations, head, memory and process are those of the store at that moment."""
    metrics, registry = Metrics(), CollectorRegistry()
    registry.register(metrics)
    with begin() as run:
        metrics.watch(run.store)
        fill(run)
        server, thread = start_http_server(0, "127.0.0.1", registry)
        try:
            with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as answer:
                found = read(answer.read().decode())
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        spans = [span for span in run.history.spans if span.name == "board/task_set"]
        memory, gauges = run.memory.samples[-1], run.gauges.samples[-1]

        assert found["statestore_actions_total", "ok", "board/task_set"] == len(run.history.commits) == 8
        assert found["statestore_actions_total", "KeyError", "board/task_broken"] == 1
        durations = "statestore_span_duration_seconds"
        assert found[f"{durations}_count", "dispatch", "board/task_set"] == len(spans) == 8
        assert found[f"{durations}_sum", "block", "setup"] == pytest.approx(2e-3)
        assert found[f"{durations}_bucket", "block", "0.001", "setup"] == 0
        assert found[f"{durations}_bucket", "block", "0.0025", "setup"] == 1
        assert found["statestore_moves_total", "undo"] == 1
        assert found["statestore_milestones_total", "begun"] == 1
        assert (found["statestore_head_seq",], found["statestore_newest_seq",]) == (run.store.head, run.store.seq)
        assert found["statestore_resident_memory_bytes",] == memory.rss_bytes
        assert found["statestore_cpu_seconds_total",] == pytest.approx(gauges.cpu_ns / 1e9)
        assert found["statestore_threads",] == gauges.threads


def test_readings_of_an_event_loop():
    """Where a loop was measured its delay, hold and utilisation are there, in seconds and as a share."""
    metrics = Metrics()
    with begin() as run:
        metrics.watch(run.store)
        loop = {"loop_delay_p99_ns": 2_000_000, "loop_utilisation": 0.25, "loop_held_ns": 3_000_000_000}
        run.store.publish(GaugeSample(1, 2, 3, gc_pause_ns=500_000_000, **loop))
        run.store.publish(Alert("slow", "x", 1, "x is slow"))
        found = scrape(metrics)
    assert found["statestore_loop_delay_p99_seconds",] == pytest.approx(0.002)
    assert found["statestore_loop_held_seconds",] == pytest.approx(3)
    assert found["statestore_loop_utilisation_ratio",] == 0.25
    assert found["statestore_gc_pause_seconds_total",] == pytest.approx(0.5)
    assert found["statestore_alerts_total", "slow"] == 1
    assert ("statestore_loop_delay_p50_seconds",) not in found


def test_many_stores_in_one_registry():
    """Each has its label; one that is closed keeps its figures and is let go of."""
    metrics, registry = Metrics(), CollectorRegistry()
    registry.register(metrics)
    with begin() as one:
        metrics.watch(one.store)
        one.dispatch(task_set("T1"))
    two = begin()
    two.store.name = "two"
    stop = metrics.watch(two.store)
    two.dispatch(task_set("T1"))
    stop()
    two.dispatch(task_set("T2"))
    two.close()
    for store in ("watched", "two"):
        labels = {"store": store, "type": "board/task_set", "status": "ok"}
        assert registry.get_sample_value("statestore_actions_total", labels) == 1
        assert registry.get_sample_value("statestore_head_seq", {"store": store}) == 1


def test_labels_are_bounded():
    """Beyond the limit names go under one, failures apart from successes, and nothing is lost."""
    metrics = Metrics(labels=3)
    with begin() as run:
        metrics.watch(run.store)
        for number in range(10):
            with run.span(f"item {number}"):
                pass
            run.milestone(f"m{number}")
        with pytest.raises(KeyError):
            run.dispatch(task_broken())
        found = scrape(metrics)
    counts = {key[1:]: value for key, value in found.items() if key[0] == "statestore_span_duration_seconds_count"}
    assert counts == {("block", f"item {n}"): 1 for n in range(3)} | {("(other)", "(other)"): 8}
    assert found["statestore_milestones_total", "(other)"] == 7
    assert found["statestore_actions_total", "KeyError", "board/task_broken"] == 1


def test_no_count_is_lost_between_threads():
    """Dispatches and scrapes from many threads at once: every action is counted."""
    metrics = Metrics()
    with begin() as run:
        metrics.watch(run.store)

        def work(name):
            for _ in range(50):
                run.dispatch(task_set(name, 1))
            return scrape(metrics)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, "abcdefgh"))
        assert scrape(metrics)["statestore_actions_total", "ok", "board/task_set"] == 400


def test_sampled_timing_counts_every_action():
    """Where only a share of the spans is recorded, actions are counted all the same."""
    metrics = Metrics()
    with begin(timing=Timing(sample=0.1)) as run:
        metrics.watch(run.store)
        for _ in range(20):
            run.dispatch(task_set("T1", 1))
        found = scrape(metrics)
    assert found["statestore_actions_total", "ok", "board/task_set"] == 20
    assert found["statestore_span_duration_seconds_count", "dispatch", "board/task_set"] == 2


def test_the_final_figures_are_what_the_last_scrape_said(tmp_path):
    """The text of a file is that of its live run, but for its last readings, which come when the store is closed."""
    metrics = Metrics()
    with begin(tmp_path / "run.history") as run:
        metrics.watch(run.store)
        fill(run)
        text = read(b"".join(prometheus(run.history)).decode())
        assert text == scrape(metrics)


def test_promtool_finds_nothing_to_say(source, tmp_path):
    """Prometheus's own checker takes the text without a word."""
    path = export(source, "prometheus", tmp_path / "run.prom")
    assert read(path.read_text())["statestore_actions_total", "ok", "board/task_set"] == 8
    if shutil.which("promtool") is None:
        pytest.skip("promtool, of Debian's package prometheus, is not installed")
    done = subprocess.run(["promtool", "check", "metrics"], input=path.read_bytes(), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_odd_names():
    """Quotes, newlines and half a surrogate pair come through as labels."""
    metrics, name = Metrics(), 'a"\n\\\ud800'
    with begin() as run:
        metrics.watch(run.store)
        run.store.publish(Milestone(name, 1))
        found = scrape(metrics)
    assert found["statestore_milestones_total", 'a"\n\\?'] == 1


def test_without_the_library_the_extra_is_named(source, tmp_path, monkeypatch):
    """The error says how to get it, and no file is left."""
    for name in [name for name in sys.modules if name.split(".")[0] == "prometheus_client"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    for name in ("prometheus", "families"):
        monkeypatch.delitem(sys.modules, f"statestore.exporters.{name}")
    with pytest.raises(StateStoreError, match=r"prometheus_client is not installed.*statestore\[prometheus\]"):
        export(source, "prometheus", tmp_path / "run.prom")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".history"] == []


def test_the_main_jobs_actions_are_counted(main_job, tmp_path):
    """Of the main job's file: each type of action as often as it is in there, and a sum of durations that is theirs."""
    found = read(export(main_job, "prometheus", tmp_path / "main.prom").read_text())
    spans = [span for span in main_job.spans if span.kind == "dispatch"]
    for name, count in Counter(commit.action.type for commit in main_job.commits).items():
        assert found["statestore_actions_total", "ok", name] == count, name
        total = sum(span.elapsed_ns for span in spans if span.name == name)
        assert found["statestore_span_duration_seconds_sum", "dispatch", name] == pytest.approx(total / 1e9)
