"""What there is to export, and the browser to open it in."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from statestore import History, HistoryFile, Run, Slice, open_history
from statestore.values import Alert
from tests.conftest import THOROUGH
from tests.consumers.viewers.browser import Browser, Speedscope, TraceProcessor
from tests.exporters.traced import record_everything

ORCHESTRATOR = Path(__file__).parents[2] / "examples" / "orchestrator.py"
backlog = Slice("backlog", initial={"tasks": {}, "seen": frozenset()})


@backlog.action
def added(draft, id: str, points: int = 1) -> None:
    draft["tasks"][id] = {"points": points, "status": "planned"}


@backlog.action
def moved(draft, id: str, status: str) -> None:
    draft["tasks"][id]["status"] = status


@backlog.action
def dropped(draft, id: str) -> None:
    del draft["tasks"][id]


@pytest.fixture
def run(tmp_path):
    """Twelve commits, two undone, one failed dispatch; spans, a milestone, samples, a gauge, a snapshot, an alert."""
    with Run(backlog, tmp_path / "run.history", name="everything") as run:
        with run.span("planning", worker="w0"):
            for number in range(10):
                run.dispatch(added(f"T{number}", points=number))
        run.milestone("planned", {"tasks": 10}, by="me")
        run.snapshot("before", reason="test")
        with pytest.raises(KeyError):
            run.dispatch(dropped("nobody"))
        with run.store.transaction("both"):
            run.dispatch(moved("T1", "done"))
            run.dispatch(dropped("T2"))
        run.undo()
        run.memory.capture()
        run.gauges.capture()
        run.store.publish(Alert("slow", "backlog/added", 5, "backlog/added is slow", {"p99_ns": 7}))
        yield run


@pytest.fixture(params=["live", "file"])
def source(request, run) -> "History | HistoryFile":
    """The run, as its history and as its file."""
    if request.param == "live":
        yield run.history
        return
    run.close()
    with open_history(run.journal.path) as file:
        yield file


@pytest.fixture(scope="session")
def main_job(tmp_path_factory):
    """The file of the main job, in four threads: over a part of the standard library, thoroughly over all of it."""
    place = tmp_path_factory.mktemp("main")
    library = Path(sysconfig.get_path("stdlib"))
    folder = library if THOROUGH else library / "xml"
    command = [sys.executable, ORCHESTRATOR, folder, "--workers", "4", "--history", "main.history"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    with open_history(place / "main.history") as history:
        yield history


@pytest.fixture(scope="session")
def everything(tmp_path_factory):
    """A live run with something of everything in it, that has ended."""
    return record_everything(tmp_path_factory.mktemp("everything") / "everything.history")


@pytest.fixture(scope="session")
def everything_file(everything):
    """The file of that run."""
    with open_history(everything.journal.path) as history:
        yield history


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One browser for all tests, as it takes seconds to start."""
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def trace_processor(browser):
    """Perfetto's trace processor, in a tab of its own."""
    return TraceProcessor(browser)


@pytest.fixture(scope="session")
def speedscope_app(browser):
    """The speedscope page, in a tab of its own."""
    return Speedscope(browser)
