"""CPU profiles: the stack at every moment, as V8 writes it."""

import json
from collections import Counter
from itertools import accumulate

import pytest
from hypothesis import given

from statestore import History, Store, Timing
from statestore.exporters import export
from statestore.exporters.cpuprofile import cpuprofile
from statestore.recording.spantree import build_tree, walk
from tests.exporters.test_speedscope import milliseconds
from tests.exporters.traced import board, history_of, span, spans


def parsed(source, **options):
    return json.loads(b"".join(cpuprofile(source, **options)))


def times_of(profile):
    """Microseconds by path: what each sample saw, until the next."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node["children"]}

    def path(node):
        names = []
        while node in parents:
            names.append(nodes[node]["callFrame"]["functionName"])
            node = parents[node]
        return tuple(reversed(names))

    found = Counter()
    for sample, elapsed in zip(profile["samples"], profile["timeDeltas"][1:], strict=False):
        found[path(sample)] += elapsed
    return found


@given(spans(max_time=10**6, max_size=30))
def test_a_profile_is_as_readers_need_it(given_spans):
    """As many deltas as samples, none negative, all known; nodes are a tree, and the deltas end at the end."""
    profile = parsed(history_of(*given_spans))
    ids = [node["id"] for node in profile["nodes"]]
    children = [child for node in profile["nodes"] for child in node["children"]]
    assert ids == list(range(1, len(ids) + 1))
    assert sorted(children) == ids[1:]
    assert len(profile["samples"]) == len(profile["timeDeltas"])
    assert min(profile["timeDeltas"], default=0) >= 0
    assert set(profile["samples"]) <= set(ids)
    assert [node["hitCount"] for node in profile["nodes"]] == [profile["samples"].count(node) for node in ids]
    assert (list(accumulate(profile["timeDeltas"])) or [0])[-1] == profile["endTime"]


def test_time_is_that_of_the_innermost_span():
    """Between spans nothing runs; what is shorter than a microsecond is left out, and nothing drifts for it."""
    source = history_of(
        span(1, 1_000, 101_000, name="work"),
        span(2, 11_400, 31_600, name="part"),
        span(3, 40_100, 40_300, name="blink"),
        span(4, 150_000, 160_000, name="late"),
    )
    profile = parsed(source)
    assert times_of(profile) == {
        ("thread 1 (7)", "work"): 80,
        ("thread 1 (7)", "work", "part"): 20,
        ("(idle)",): 49,
        ("thread 1 (7)", "late"): 10,
    }
    assert (profile["startTime"], profile["endTime"]) == (0, 160)


def test_threads_follow_each_other():
    """The format knows one: the second begins where the first has ended."""
    profile = parsed(history_of(span(1, 0, 20_000, name="a"), span(2, 5_000, 15_000, name="b", thread_id=8)))
    assert times_of(profile) == {("thread 1 (7)", "a"): 20, ("thread 2 (8)", "b"): 10}
    assert profile["endTime"] == 30


def test_attached_profiles_give_functions():
    """With their files and lines, each stack as long as it was seen."""
    stacks = {"main (a.py:1);read (lib/a (old).py:5)": 40_000, "main (a.py:1)": 2_000, "odd": 5_000}
    profile = parsed(history_of(span(1, 0, 9, name="parse", metadata={"stacks": stacks})), stacks=True)
    assert times_of(profile) == {("parse", "main", "read"): 40, ("parse", "main"): 2, ("parse", "odd"): 5}
    [read] = [node["callFrame"] for node in profile["nodes"] if node["callFrame"]["functionName"] == "read"]
    assert (read["url"], read["lineNumber"]) == ("lib/a (old).py", 4)  # lines count from 0


def test_the_page_opens_the_main_job(tmp_path, speedscope_app, main_job):
    """The page shows each step of all threads with its time."""
    speedscope_app.open(export(main_job, "cpuprofile", tmp_path / "main.cpuprofile"))
    frames = {name: milliseconds(total) for total, _, name in speedscope_app.frames}
    steps = {s.name for s in main_job.spans}
    assert set(frames) == steps | {name for name in frames if name.startswith("thread ")}
    [plan] = [node for node in walk(build_tree(main_job.spans)) if node.name == "plan"]
    assert frames["plan"] == pytest.approx(plan.elapsed_ns / 1e6, rel=0.01)
    assert speedscope_app.complaints() == []


def test_the_page_opens_an_attached_profile(tmp_path, speedscope_app):
    """Taken by the real profiler, functions are there with their files."""
    pytest.importorskip("pyinstrument")
    from statestore.recording.profile import StackProfiler

    timing, history = Timing(), History()
    Store(board, middleware=[timing, history])
    with StackProfiler(timing).span("grinding"):
        sum(json.loads(json.dumps(list(range(1_000))))[-1] for _ in range(500))

    speedscope_app.open(export(history, "cpuprofile", tmp_path / "stacks.cpuprofile", stacks=True))

    names = {name for _, _, name in speedscope_app.frames}
    assert "grinding" in names
    assert any("test_the_page_opens_an_attached_profile" in name for name in names)
    assert speedscope_app.complaints() == []
