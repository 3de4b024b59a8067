"""speedscope's own form: valid by its schema, and opened in its page."""

import json
from collections import Counter

import pytest
from hypothesis import given

from statestore.exporters import export
from statestore.exporters import speedscope as module
from statestore.exporters.speedscope import speedscope
from statestore.recording.spantree import build_tree, walk
from tests.consumers.viewers.browser import schema_of_speedscope
from tests.exporters.traced import history_of, span, spans


def parsed(source):
    return json.loads(b"".join(speedscope(source)))


@given(spans())
def test_profiles_open_and_close_every_span(given_spans):
    """In order of time, what was opened last is closed first: the schema cannot see that."""
    file = parsed(history_of(*given_spans))
    opened = Counter()
    for profile in file["profiles"]:
        running, now = [], profile["startValue"]
        for event in profile["events"]:
            assert now <= event["at"] <= profile["endValue"]
            now = event["at"]
            if event["type"] == "O":
                running.append(event["frame"])
                opened[file["shared"]["frames"][event["frame"]]["name"]] += 1
            else:
                assert running.pop() == event["frame"]
        assert running == []
    assert opened == Counter(one.name for one in given_spans)


def test_a_track_is_a_profile():
    """Named for its thread, and for the task or the overlap; the process too if there are several."""
    source = history_of(span(1, 0, 9), span(2, 5, 12), span(3, 2, 3, thread_id=8, task="upload"))
    assert [profile["name"] for profile in parsed(source)["profiles"]] == [
        "thread 1 (7)",
        "thread 1 (7), overlapping 1",
        "thread 2 (8), upload",
    ]
    source = history_of(span(1, 0, 9), span(2, 5, 12, process_id=6))
    assert [profile["name"] for profile in parsed(source)["profiles"]] == [
        "process 5, thread 1 (7)",
        "process 6, thread 2 (7)",
    ]


def test_a_million_names_take_bounded_memory(monkeypatch):
    """The table of names begins anew; every event still finds its own."""
    monkeypatch.setattr(module, "_NAMES", 3)
    file = parsed(history_of(*[span(n, n, n + 1, name=f"name {n % 5}") for n in range(1, 40)]))
    [profile] = file["profiles"]
    names = [file["shared"]["frames"][event["frame"]]["name"] for event in profile["events"] if event["type"] == "O"]
    assert names == [f"name {n % 5}" for n in range(1, 40)]
    assert len(file["shared"]["frames"]) > 5


@pytest.mark.parametrize("make", [lambda everything: everything.history, lambda _: history_of()], ids=["all", "empty"])
def test_the_published_schema_accepts_it(everything, make):
    """With something of everything in it, and with nothing at all."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema: tests/consumers/viewers/install")
    schema = schema_of_speedscope()
    file = parsed(make(everything))
    jsonschema.Draft7Validator(schema).validate(file)
    file["profiles"][0]["type"] = "drawn"
    assert not jsonschema.Draft7Validator(schema).is_valid(file)


def test_the_page_opens_the_main_job(tmp_path, speedscope_app, main_job):
    """A profile for each thread, the frames of the first with their times, and no warning."""
    speedscope_app.open(export(main_job, "speedscope", tmp_path / "main.speedscope.json"))
    assert speedscope_app.complaints() == []
    profiles = [name for _, name, _ in speedscope_app.tables[0][1:]]
    threads = sorted(
        {s.thread_id for s in main_job.spans},
        key=lambda t: min(s.started_ns for s in main_job.spans if s.thread_id == t),
    )
    assert profiles == [f"thread {number} ({thread})" for number, thread in enumerate(threads, 1)]
    of_first = [s for s in main_job.spans if s.thread_id == threads[0]]
    assert {name for _, _, name in speedscope_app.frames} == {s.name for s in of_first}
    [plan] = [node for node in walk(build_tree(of_first)) if node.name == "plan"]
    [(total, own)] = [(total, own) for total, own, name in speedscope_app.frames if name == "plan"]
    assert milliseconds(total) == pytest.approx(plan.elapsed_ns / 1e6, rel=0.01)
    assert milliseconds(own) == pytest.approx(plan.own_ns / 1e6, rel=0.01)


def milliseconds(text):
    """A duration as the page writes it, with three digits: `1.25ms (3%)`, or minutes and seconds as `3:12`."""
    number = text.split(" ")[0]
    if ":" in number:
        minutes, seconds = number.split(":")
        return (60 * int(minutes) + int(seconds)) * 1e3
    for unit, size in (("ms", 1), ("µs", 1e-3), ("ns", 1e-6), ("s", 1e3)):
        if number.endswith(unit):
            return float(number.removesuffix(unit)) * size
    raise ValueError(text)
