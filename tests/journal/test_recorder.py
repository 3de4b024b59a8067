"""The recorder: what a program sees of its journal while it runs."""

import contextlib
import dataclasses
import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from statestore import (
    Action,
    Commit,
    DispatchError,
    History,
    JournalError,
    Milestone,
    Move,
    Slice,
    Span,
    Store,
    open_history,
)
from statestore.journal import Journal, JournalFile, Unstored
from statestore.journal.disk import is_written
from statestore.journal.packing import UnstorableError
from statestore.journal.verifying import verify
from statestore.testing import FakeClock
from tests.journal.disks import FailingDisk
from tests.journal.runs import backlog, check_prefix, record, status_set, step
from tests.laws.test_interrupts import Interrupted


def add(state: int, action: Action) -> int:
    """A reducer that counts."""
    return state + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file goes."""
    return tmp_path / "run.history"


def test_everything_that_is_recorded_is_in_the_file(path: Path) -> None:
    """Commits, moves and what else was published, in their order, with a header that says whose run it was."""
    with Store(backlog, middleware=[Journal(path)], name="main job") as store:
        for number in range(5):
            store.dispatch(step(number))
        store.publish(Span(1, None, "s", "block", 1, 2, metadata={"number": 1}))
        store.publish(Milestone("m", 3))
        before = store.state
        store.travel(before, Move("goto", 5, 5, 9))
        started, pid = store.started_wall_ns, os.getpid()

    with JournalFile(path) as file:
        assert check_prefix(file, [backlog.initial] * 5 + [before]) == 5
        assert file.moves[:] == [Move("goto", 5, 5, 9)]
        assert (file.spans[0].name, file.milestones[0].name) == ("s", "m")
        assert (file.header.store, file.header.started_wall_ns, file.header.process_id) == ("main job", started, pid)
        assert file.closed
        assert not file.torn


def test_nothing_is_lost_of_concurrent_dispatchers(path: Path) -> None:
    """Eight threads, one order, no seq missing or doubled."""
    store = Store(add, 0, middleware=[Journal(path)])
    threads = [threading.Thread(target=lambda: [store.dispatch(Action("a")) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()

    with JournalFile(path) as file:
        assert [commit.seq for commit in file.commits] == list(range(1, 4_001))
        assert file.head_seq == 4_000


def test_flush_is_the_acknowledgement(path: Path) -> None:
    """What was recorded before is readable by another when it returns, while the store is open."""
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    store.dispatch(step(0))
    journal.flush()

    with JournalFile(path) as file:
        assert (len(file.commits), file.closed, file.torn) == (1, False, False)
    store.close()
    journal.flush()


def test_without_flush_the_interval_writes(path: Path) -> None:
    """Nothing has to be called: the clock is enough."""
    clock = FakeClock()
    store = Store(backlog, middleware=[Journal(path, interval=1.0)], clock=clock)
    store.dispatch(step(0))
    clock.advance(1_000_000_000)

    with JournalFile(path) as file:
        assert len(file.commits) == 1
    store.close()


def test_each_dispatch_is_on_disk_when_it_returns(path: Path) -> None:
    """With durability `each`; so is what a transaction commits, and every move."""
    store = Store(backlog, middleware=[Journal(path, durability="each", interval=3_600)])

    def count() -> int:
        with JournalFile(path) as file:
            return len(file.commits) + 10 * len(file.moves)

    store.dispatch(step(0))
    assert count() == 1
    with store.transaction():
        store.dispatch(step(1))
        store.dispatch(step(2))
        assert count() == 1
    assert count() == 3
    store.travel(store.state, Move("goto", 3, 3, 1))
    assert count() == 13
    store.close()


def test_a_dispatch_that_is_not_on_disk_does_not_return_as_if_it_were(path: Path) -> None:
    """With durability `each` it raises once the disk has failed, every time, and is applied all the same."""

    def failing(path: Path) -> FailingDisk:
        return FailingDisk(path, "sync", 2)  # behind those for the header and the first dispatch

    store = Store(add, 0, middleware=[Journal(path, durability="each", open_disk=failing)])
    store.dispatch(Action("a"))
    with (
        pytest.warns(RuntimeWarning, match="has stopped") as warned,
        pytest.raises(JournalError, match="has stopped"),
    ):
        store.dispatch(Action("a"))
    for _ in range(2):
        with pytest.raises(JournalError, match="has stopped"):
            store.dispatch(Action("a"))
    assert (store.state, len(warned)) == (4, 1)
    with pytest.raises(JournalError):
        store.close()
    with JournalFile(path) as file:
        assert len(file.commits) >= 1


def test_a_file_with_content_is_refused_and_left_alone(path: Path) -> None:
    """Whatever the content is; an empty file is as good as none."""
    path.write_text("precious")
    with pytest.raises(JournalError, match=r"has content: resume it"):
        Journal(path)
    assert path.read_text() == "precious"

    path.write_bytes(b"")
    Store(add, 0, middleware=[Journal(path)]).close()


def test_a_second_writer_is_refused_with_the_first_ones_process(path: Path) -> None:
    """In the same process and in another one; readers are welcome."""
    store = Store(add, 0, middleware=[Journal(path)])
    with pytest.raises(JournalError, match=f"is being written by process {os.getpid()}"):
        Journal.appending(path)
    script = f"from statestore.journal import Journal; Journal.appending({str(path)!r})"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert f"is being written by process {os.getpid()}" in other.stderr
    with JournalFile(path), JournalFile(path) as file:
        assert len(file.commits) == 0
    store.close()
    with contextlib.closing(Journal.appending(path)), pytest.raises(JournalError, match="only just opened"):
        Journal.appending(path)  # the process that the file names has ended


def test_a_journal_belongs_to_one_store(path: Path) -> None:
    """A second store would number its commits anew."""
    journal = Journal(path)
    store = Store(add, 0, middleware=[journal])
    with pytest.raises(JournalError, match="one store"):
        Store(add, 0, middleware=[journal])
    store.dispatch(Action("a"))
    store.close()
    with pytest.raises(JournalError, match="one store"):
        Store(add, 0, middleware=[journal])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"durability": "always"}, 'durability is "interval" or "each"'),
        ({"on_unknown": "ignore"}, 'on_unknown is "error" or "repr"'),
        ({"interval": 0}, "positive number of seconds"),
        ({"interval": "1s"}, "positive number of seconds"),
        ({"redact": [3]}, "redact takes names"),
        ({"redact": ["--"]}, "redact takes names"),
    ],
)
def test_wrong_settings_are_refused(path: Path, options: dict[str, Any], message: str) -> None:
    """By name, before a file is made."""
    with pytest.raises(JournalError, match=message):
        Journal(path, **options)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error has path and reason."""
    with pytest.raises(JournalError, match=r"none/run\.history.*No such file"):
        Journal(tmp_path / "none" / "run.history")


# What cannot be stored


def test_what_cannot_be_stored_raises_from_its_dispatch(path: Path) -> None:
    """By path; the action was applied, its value is stored as text, and later dispatches are fine."""
    store = Store(add, 0, middleware=[Journal(path)])
    with pytest.raises(UnstorableError, match="the module at job/handle"):
        store.dispatch(Action("a", {"job": {"handle": os}}))
    store.dispatch(Action("b"))
    assert store.state == 2
    store.close()

    with JournalFile(path) as file:
        assert isinstance(file.commits[0].action.payload["job"]["handle"], Unstored)
        assert len(file.commits) == 2


def test_what_cannot_be_stored_raises_although_a_listener_does(path: Path) -> None:
    """And does not wait for the next dispatch, which has nothing to do with it."""
    store = Store(add, 0, middleware=[Journal(path)])

    def listener(store: Store) -> None:
        raise KeyError("listener")

    unsubscribe = store.subscribe(listener)
    with pytest.raises(UnstorableError, match="the module"):
        store.dispatch(Action("a", os))
    unsubscribe()
    store.dispatch(Action("b"))
    store.close()


def test_what_cannot_be_stored_of_a_transaction_is_warned_of(path: Path) -> None:
    """Its commits are made when it ends: no dispatch is left that could raise, and no later one does instead."""
    store = Store(add, 0, middleware=[Journal(path)])
    with pytest.warns(RuntimeWarning, match="the module at handle.*Its repr was stored"), store.transaction():
        store.dispatch(Action("a", {"handle": os}))
    store.dispatch(Action("b"))
    store.close()

    with JournalFile(path) as file:
        assert isinstance(file.commits[0].action.payload["handle"], Unstored)
        assert len(file.commits) == 2


def test_what_cannot_be_stored_is_text_where_that_was_asked_for(path: Path) -> None:
    """Without a word, in payloads, states, spans and milestones."""
    handle = object()
    store = Store(lambda state, action: {**state, "handle": handle}, {}, middleware=[Journal(path, on_unknown="repr")])
    store.dispatch(Action("a", handle))
    store.publish(Milestone("m", 1, handle))
    store.publish(Span(1, None, "s", "block", 1, 2, metadata={"handle": handle}))
    store.close()

    with JournalFile(path) as file:
        commit = file.commits[0]
        found = [commit.action.payload, commit.changes[0][2], file.milestones[0].data, file.spans[0].metadata["handle"]]
    assert [value.type for value in found] == ["object"] * 4


def test_a_payload_that_is_changed_later_is_stored_as_it_was(path: Path) -> None:
    """Encoding happens when the commit is made, not when it is written."""
    store = Store(add, 0, middleware=[Journal(path, interval=3_600)])
    payload = {"tags": ["a"]}
    store.dispatch(Action("a", payload))
    payload["tags"].append("b")
    store.close()

    with JournalFile(path) as file:
        assert file.commits[0].action.payload == {"tags": ["a"]}


# Keyframes


def test_keyframes_come_by_weight(path: Path) -> None:
    """So that any state is a bounded run of patches away, and the file at most about twice its patches."""
    states = record(path, 3_000, flush_every=100)
    with JournalFile(path) as file:
        gaps = [after - before for before, after in zip(file.keyframes, [*file.keyframes[1:], 3_000], strict=True)]
        assert max(gaps) < 1_000
        assert len(gaps) < 12
        for seq in file.keyframes:
            keyframe = file.nearest_keyframe(seq)
            assert (keyframe.seq, keyframe.state) == (seq, states[seq])
            assert file.nearest_keyframe(seq + 1).seq == seq
        assert file.keyframes[0] == 0


def test_a_keyframe_is_never_taken_inside_a_transaction(path: Path) -> None:
    """There the state is further on than the commits that are being published."""
    store = Store(backlog, middleware=[Journal(path)])
    states = [store.state]
    with store.transaction():
        for number in range(2_000):
            store.dispatch(step(number))
            states.append(store.state)
    store.close()

    with JournalFile(path) as file:
        assert len(file.keyframes) > 1
        for seq in file.keyframes:
            assert file.nearest_keyframe(seq).state == states[seq]


# Threads, processes, ends


def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    """No thread and no open file, over many rounds, with and without a use of the journal."""

    def descriptors() -> int:
        folder = Path("/proc/self/fd")
        return len(list(folder.iterdir())) if folder.is_dir() else 0

    threads, files = threading.active_count(), descriptors()
    for number in range(50):
        store = Store(add, 0, middleware=[Journal(tmp_path / f"{number}.history")])
        store.dispatch(Action("a"))
        store.close()
        store.close()
        Journal(tmp_path / f"{number}.unused").close()

    assert (threading.active_count(), descriptors()) == (threads, files)


def test_a_store_that_is_forgotten_leaves_its_file_whole(path: Path) -> None:
    """The garbage collector ends the thread; what was recorded is there, without the closing mark."""
    store = Store(add, 0, middleware=[Journal(path, interval=3_600)])
    store.dispatch(Action("a"))
    gone = weakref.ref(store)
    del store
    gc.collect()

    assert gone() is None
    with JournalFile(path) as file:
        assert (len(file.commits), file.closed, file.torn) == (1, False, False)
    Journal.appending(path).close()


def run_python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2]
    )


BEGIN = """
import os, sys
from statestore import Action, Store
from statestore.journal import Journal
journal = Journal(sys.argv[1], interval=3600)
store = Store(lambda state, action: state + 1, 0, middleware=[journal])
store.dispatch(Action("a"))
"""


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise KeyError('x')", "import threading; del store, journal"])
def test_a_program_that_forgets_to_close_loses_nothing(path: Path, end: str) -> None:
    """However the interpreter exits, save by being killed."""
    result = run_python(BEGIN + end, path)

    assert "statestore" not in result.stderr.replace("statestore/", "") or "KeyError" in result.stderr
    with JournalFile(path) as file:
        assert (len(file.commits), file.closed, file.torn) == (1, False, False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_the_file_to_its_parent(path: Path) -> None:
    """It may use and close its copy of the store: nothing of that reaches the file, and the parent goes on."""
    result = run_python(
        BEGIN
        + """
child = os.fork()
if child == 0:
    store.dispatch(Action("child's"))
    try:
        journal.flush()
        os._exit(1)
    except Exception as error:
        if "parent process" not in str(error):
            os._exit(2)
    store.close()
    os._exit(0)
status = os.waitpid(child, 0)[1]
store.dispatch(Action("b"))
store.close()
sys.exit(os.waitstatus_to_exitcode(status))
""",
        path,
    )

    assert (result.returncode, result.stderr) == (0, "")
    with JournalFile(path) as file:
        assert [commit.action.type for commit in file.commits] == ["a", "b"]
        assert file.closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_that_outlives_its_parent_does_not_hold_the_lock(path: Path) -> None:
    """The file can be gone on with while children of the one that wrote it are still there."""
    result = run_python(
        BEGIN
        + """
journal.flush()
reader, writer = os.pipe()
began, begin = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.write(begin, b"x")
    os.read(reader, 1)
    os._exit(0)
os.read(began, 1)
journal._disk.close()
try:
    Journal.appending(sys.argv[1]).close()
except Exception as error:
    print(error, file=sys.stderr)
os._exit(0)
""",
        path,
    )

    assert result.stderr == ""


def test_ctrl_c_while_the_journal_closes_can_be_followed_by_another_close(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is cut short, the second waits for the same thread and finds all done."""
    store = Store(add, 0, middleware=[journal := Journal(path)])
    store.dispatch(Action("a"))
    join = threading.Thread.join

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        monkeypatch.setattr(threading.Thread, "join", join)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.close()
    journal.close()

    with JournalFile(path) as file:
        assert (len(file.commits), file.closed) == (1, True)


def test_a_commit_that_comes_twice_is_written_once(path: Path) -> None:
    """A store gives an observer that Ctrl-C cut short the value again."""
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    commits: list[Commit] = []
    store.observe(commits.append, Commit)
    take = next(sink for sink in store._stream.sinks(Commit) if sink is not commits.append)
    move, span = Move("goto", 3, 3, 1), Span(1, None, "s", "block", 1, 2)
    for number in range(3):
        store.dispatch(step(number))
        take(commits[-1])
    for value in (move, span):
        store.publish(value)
        store.publish(value)
    journal.flush()
    take(commits[-1])
    store.publish(span)
    store.dispatch(step(3))
    store.close()

    with JournalFile(path) as file:
        assert [commit.seq for commit in file.commits] == [1, 2, 3, 4]
        assert (file.moves[:], file.spans[:]) == ([move], [span])


# Python swallows an interrupt that lands where a generator is thrown away, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("durability", ["interval", "each"])
def test_ctrl_c_at_any_moment_of_a_dispatch_leaves_the_journal_whole(path: Path, durability: Any) -> None:
    """Wherever it lands: all dispatches that were made are in the file, each once, the one that was cut short too."""
    moment = 0
    while True:
        moment += 1
        path.unlink(missing_ok=True)
        store = Store(add, 0, middleware=[journal := Journal(path, durability=durability, interval=3_600)])
        store.dispatch(Action("before"))
        with contextlib.suppress(KeyboardInterrupt), Interrupted(moment) as interrupted:
            store.dispatch(Action("during", {"handle": [moment], "password": "x"}))
        if interrupted.left > 0:
            break
        store.dispatch(Action("after"))
        made = store.state
        store.close()
        with JournalFile(path) as file:
            types = [commit.action.type for commit in file.commits]
            assert types == ["before", "during", "after"][:1] + ["during"] * (made - 2) + ["after"], interrupted.where
        assert journal._pump.error is None  # type: ignore[union-attr]
    store.close()
    assert moment > 50


def test_a_milestone_that_is_changed_later_is_stored_as_it_was(path: Path) -> None:
    """Its data is a dict of the program's, and other threads may be changing it."""
    store = Store(add, 0, middleware=[Journal(path, interval=3_600)])
    data = {"files": 1}
    store.publish(Milestone("m", 1, data))
    data["files"] = 2
    store.close()

    with JournalFile(path) as file:
        assert file.milestones[0].data == {"files": 1}


def test_a_class_that_raises_from_its_own_fields_is_stored_as_its_repr(path: Path) -> None:
    """Whatever goes wrong in the user's code, the journal goes on."""

    @dataclasses.dataclass(frozen=True)
    class Broken:
        value: int = 0

        def __getattribute__(self, name: str) -> Any:
            if name == "value":
                raise RuntimeError("broken")
            return super().__getattribute__(name)

    store = Store(add, 0, middleware=[Journal(path, on_unknown="repr")])
    store.dispatch(Action("a", Broken()))
    store.publish(Milestone("m", 1, Broken()))
    store.dispatch(Action("b"))
    store.close()

    with JournalFile(path) as file:
        assert file.commits[0].action.payload.type.endswith("Broken")
        assert file.milestones[0].data.type.endswith("Broken")
        assert len(file.commits) == 2


def test_a_commit_that_never_comes_stops_the_journal(path: Path) -> None:
    """A history with a hole in it is not written: the journal says so and stops, the store goes on."""
    store = Store(backlog, middleware=[journal := Journal(path, interval=3_600)])
    store.dispatch(step(0))
    store._seq += 1
    store.dispatch(step(1))
    with (
        pytest.warns(RuntimeWarning, match="commit 3 came where 2 was due"),
        pytest.raises(JournalError, match="has stopped"),
    ):
        journal.flush()
    store.dispatch(step(2))
    with pytest.raises(JournalError, match="has stopped"):
        store.close()


def test_a_closed_store_stays_readable(path: Path) -> None:
    """Closing the journal with the store changes nothing else."""
    store = Store(backlog, middleware=[Journal(path)])
    store.dispatch(status_set("T1", "complete"))
    store.close()

    assert store.state["tasks"]["T1"]["status"] == "complete"
    with pytest.raises(DispatchError):
        store.dispatch(status_set("T1", "failed"))


def test_wide_and_empty_payloads_are_stored(path: Path) -> None:
    """Megabytes in one action, and nothing at all."""
    wide = {"text": "x" * 3_000_000, "bytes": os.urandom(1_000_000), "list": list(range(100_000))}
    store = Store(add, 0, middleware=[Journal(path)])
    for payload in (wide, None, {}, [], ""):
        store.dispatch(Action("a", payload))
    store.close()

    with JournalFile(path) as file:
        assert [commit.action.payload for commit in file.commits] == [wide, None, {}, [], ""]


def test_slices_of_every_kind_of_scalar_are_stored(path: Path) -> None:
    """A state may be a number: its patches are at the root."""
    count = Slice("count", initial=0)

    @count.action
    def added(value: int, by: int) -> int:
        return value + by

    with Store(count, middleware=[Journal(path)]) as store:
        store.dispatch(added(2))
        store.dispatch(added(0))

    with JournalFile(path) as file:
        assert [commit.changes for commit in file.commits] == [(("replace", (), 2, 0),), ()]


@pytest.mark.parametrize("marks_dropped", [True, False])
def test_a_dropped_store_may_count_as_closed(tmp_path, marks_dropped):
    """Its commits are in the file either way; the closing mark is where that was asked for."""
    path = tmp_path / "run.history"
    store = Store(backlog, middleware=[Journal(path, marks_dropped=marks_dropped)])
    store.dispatch(step(0))
    del store
    gc.collect()
    with JournalFile(path) as file:
        assert len(file.commits) == 1
        assert file.closed == marks_dropped


def test_whether_a_file_is_written_can_be_asked(tmp_path):
    """Yes while a store is open, no once it is closed; asking gets in nobody's way."""
    path = tmp_path / "run.history"
    with Store(backlog, middleware=[Journal(path)]) as store:
        assert is_written(path)
        store.dispatch(step(0))
    assert not is_written(path)
    Journal.appending(path).close()


@pytest.mark.parametrize("hidden", [(), ("secret",)])
def test_what_is_nested_too_deep_is_stored_as_its_repr(path: Path, hidden: tuple[str, ...]) -> None:
    """From the level on that a file cannot hold; every commit is there, and what the file holds can be proved right."""
    slice_ = Slice("slice", initial={"value": None})

    @slice_.action
    def put(draft: Any, value: Any) -> None:
        draft["value"] = value

    deep: Any = 1
    for _ in range(60):
        deep = {"a": [deep]}
    with Store(slice_, middleware=[Journal(path, on_unknown="repr", redact=hidden)]) as store:
        for value in (deep, 2, deep, [deep], 3):
            store.dispatch(put(value))
    with JournalFile(path) as file:
        assert [commit.seq for commit in file.commits] == [1, 2, 3, 4, 5]
        assert file.closed
        value = file.commits[0].action.payload["value"]
        while not isinstance(value, Unstored):
            value = value["a"] if isinstance(value, dict) else value[0]
        assert value.type in ("dict", "list")
    assert verify(path).ok
    with open_history(path) as source:
        assert source.state_at("head")["value"] == 3


def test_a_value_nested_too_deep_is_refused_and_kept(path: Path) -> None:
    """With `error` the dispatch raises; the action was applied, and the journal goes on without a gap."""
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    with Store(add, 0, middleware=[Journal(path)]) as store:
        with pytest.raises(JournalError, match="100 levels"):
            store.dispatch(Action("a", deep))
        store.dispatch(Action("b"))
    with JournalFile(path) as file:
        assert [commit.action.type for commit in file.commits] == ["a", "b"]


def test_half_a_surrogate_pair_in_a_type_stops_nobody(path: Path) -> None:
    """The file spells it out; the history has it as it was, and both have every commit."""
    history = History()
    with Store(add, 0, middleware=[history, Journal(path, on_unknown="repr")]) as store:
        for kind in ("a", "half \ud800", "b"):
            store.dispatch(Action(kind))
    assert [commit.action.type for commit in history.commits] == ["a", "half \ud800", "b"]
    with JournalFile(path) as file:
        assert [commit.action.type for commit in file.commits] == ["a", "half \\ud800", "b"]


@pytest.mark.parametrize("on_unknown", ["error", "repr"])
def test_what_cannot_be_stored_stays_what_it_is_in_memory(path: Path, on_unknown: Any) -> None:
    """The file has its repr; undo gives the object itself, wherever the journal stands in the chain."""
    slice_ = Slice("slice", initial={"value": None})

    @slice_.action
    def put(draft: Any, value: Any) -> None:
        draft["value"] = value

    unknown, history = object(), History()
    with Store(slice_, middleware=[history, Journal(path, on_unknown=on_unknown)]) as store:
        for value in (unknown, 1, 2):
            with contextlib.suppress(JournalError):
                store.dispatch(Action(put.type, {"value": value}, {"password": "hidden in the file, too"}))
        history.goto("root")
        assert history.redo()
        assert store.state["value"] is unknown
        assert history.commits[0].action.payload["value"] is unknown
