"""Commits as log records, and log lines as part of the spans in which they were emitted."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from statestore import ActionError, Run, Slice, Store, Timing, open_history
from statestore.recording import LogCommits, LogToSpans

counter = Slice("counter", initial=0)
LOG = logging.getLogger("tests.bridge")


@counter.action
def added(value, by: int = 1) -> int:
    LOG.info("adding %d", by)
    if by < 0:
        raise ValueError("not that way")
    return value + by


@pytest.fixture
def bridge():
    """The handler at the tests' own logger, taken off afterwards."""
    handler = LogToSpans(keep=3)
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    yield handler
    LOG.removeHandler(handler)


def messages(span) -> list[str]:
    """The texts of the lines of a span."""
    return [line["message"] for line in span.metadata.get("log", ())]


def roll_back(store: Store, action) -> None:
    """Dispatches in a transaction that fails."""
    with store.transaction("t"):
        store.dispatch(action)
        raise KeyError("no")


# Commits as records


def test_each_commit_is_a_record(caplog):
    """A record tells the commit in words and carries it, with the store's name, for formatters."""
    with (
        caplog.at_level(logging.INFO, "statestore.commits"),
        Store(counter, middleware=[LogCommits()], name="n") as store,
    ):
        store.dispatch(added(by=2))
    (record,) = caplog.records[-1:]
    assert (record.name, record.levelname) == ("statestore.commits", "INFO")
    assert record.getMessage().startswith("n: commit 1, counter/added in ")
    assert record.getMessage().endswith(" µs, 1 changes")
    assert (record.statestore_store, record.statestore_commit.action) == ("n", added(by=2))


def test_only_what_stands_is_logged(caplog):
    """A transaction that is rolled back, and what is done after closing, are no commits."""
    caplog.set_level(logging.DEBUG, "audit")
    with Store(counter, middleware=[LogCommits("audit", logging.DEBUG)]) as store:
        with pytest.raises(KeyError):
            roll_back(store, added())
        with store.transaction("u"):
            store.dispatch(added())
            assert caplog.records == []
    assert [record.statestore_commit.seq for record in caplog.records] == [1]


def test_nobody_listens(caplog):
    """Below the logger's level no record is made."""
    caplog.set_level(logging.WARNING, "statestore.commits")
    with Store(counter, middleware=[LogCommits()]) as store:
        store.dispatch(added())
    assert caplog.records == []


def test_one_store_each():
    """A LogCommits belongs to one store."""
    layer = LogCommits()
    with Store(counter, middleware=[layer]), pytest.raises(ActionError, match="one for each"):
        Store(counter, middleware=[layer])


# Lines in spans


def test_lines_belong_to_the_innermost_span(bridge):
    """A line in a reducer belongs to its dispatch, one in a block to the block, one outside to nothing."""
    timing = Timing()
    with Store(counter, middleware=[timing]) as store:
        LOG.info("outside")
        with timing.span("outer", worker="w0"):
            LOG.info("before %s", "it")
            store.dispatch(added(by=2))
            with timing.span("inner"):
                LOG.warning("within")
        store.dispatch(added(by=3))
    found = {(span.name, span.seq): span for span in timing.spans}
    assert messages(found["outer", None]) == ["before it"]
    assert messages(found["inner", None]) == ["within"]
    assert messages(found["counter/added", 1]) == ["adding 2"]
    assert messages(found["counter/added", 2]) == ["adding 3"]
    assert found["outer", None].metadata["worker"] == "w0"
    (line,) = found["inner", None].metadata["log"]
    assert (line["level"], line["logger"]) == ("WARNING", "tests.bridge")
    assert line["wall_ns"] > 1_600_000_000 * 10**9


def test_lines_of_what_failed(bridge):
    """A failed dispatch and one that was rolled back keep their lines beside the error."""
    timing = Timing()
    with Store(counter, middleware=[timing]) as store:
        with pytest.raises(ValueError, match="not that way"):
            store.dispatch(added(by=-1))
        with pytest.raises(KeyError):
            roll_back(store, added(by=5))
    failed, undone = timing.spans
    assert (failed.status, failed.metadata["error"], messages(failed)) == ("ValueError", "not that way", ["adding -1"])
    assert (undone.status, messages(undone)) == ("KeyError", ["adding 5"])


def test_bounded(bridge):
    """The newest lines are kept, a long one is cut, and how many were left out is told."""
    timing = Timing()
    with Store(counter, middleware=[timing]), timing.span("busy"):
        for number in range(10):
            LOG.info("%d %s", number, "x" * 5_000)
    (span,) = timing.spans
    assert [message.split()[0] for message in messages(span)] == ["7", "8", "9"]
    assert span.metadata["log_left_out"] == 7
    assert all(len(message) == 1_000 for message in messages(span))


def test_threads_and_tasks_have_their_own(bridge):
    """A line goes to the span of the thread or task that emits it."""
    timing = Timing()

    def work(name: str) -> None:
        with timing.span(name):
            LOG.info("by %s", name)

    async def work_async(name: str) -> None:
        async with timing.span(name):
            await asyncio.sleep(0)
            LOG.info("by %s", name)

    async def main() -> None:
        await asyncio.gather(work_async("t1"), work_async("t2"))

    with Store(counter, middleware=[timing]):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, ["a", "b"]))
        asyncio.run(main())
    assert {span.name: messages(span) for span in timing.spans} == {
        name: [f"by {name}"] for name in ("a", "b", "t1", "t2")
    }


def test_lines_are_in_the_file(bridge, tmp_path):
    """What was attached to dispatches and blocks is read back from the history file."""
    with Run(counter, tmp_path / "run.history") as run, run.span("phase"):
        LOG.info("hello")
        run.dispatch(added(by=4))
    with open_history(tmp_path / "run.history") as file:
        assert {span.name: messages(span) for span in file.spans} == {"phase": ["hello"], "counter/added": ["adding 4"]}


def test_commits_do_not_fill_the_spans(bridge, caplog):
    """The records of LogCommits are not attached, whatever logger they go to."""
    timing = Timing()
    with Store(counter, middleware=[timing, LogCommits(LOG)]) as store:
        store.dispatch(added(by=1))
    (span,) = timing.spans
    assert messages(span) == ["adding 1"]


def test_a_message_that_does_not_fit(bridge, capsys):
    """A wrong call of the logger is reported by logging as ever, and harms nothing."""
    timing = Timing()
    with Store(counter, middleware=[timing]), timing.span("s"):
        bridge.handle(logging.LogRecord("x", logging.INFO, "f", 1, "%d", ("no number",), None))
    assert "Logging error" in capsys.readouterr().err
    assert messages(timing.spans[0]) == []


@pytest.mark.parametrize("keep", [0, -1, 1.5, True])
def test_a_wrong_bound(keep):
    """The number of lines is checked."""
    with pytest.raises(ActionError, match="number of lines"):
        LogToSpans(keep=keep)
