"""The pytest plugin: of a failed test, what happened in its stores stands in the report.

Installed with this package. Each store that a test or its fixtures make gets a `History`, unless it has one; the report
of a test that fails has a section for each store that did something in it: its last commits, the action that raised,
and what the last commit changed. `--statestore-dir DIR` writes the histories to files as well. A test that makes no
store pays for nothing; `-p no:statestore` leaves all of it away.
"""

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

import pytest

if TYPE_CHECKING:
    from statestore.history.history import History
    from statestore.ports import Dispatch, Middleware, StoreLike, Unsubscribe

SHOWN_COMMITS: Final = 20
SHOWN_CHANGES: Final = 20
# Of a longer run the oldest commits are let go.
KEPT_COMMITS: Final = 10_000
_WIDTH: Final = 160
_UNFIT: Final = re.compile(r"[^\w.-]+")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    group = parser.getgroup("statestore", "statestore: the history of the stores of failed tests")
    group.addoption("--statestore-dir", metavar="DIR", help="write the histories of failed tests to files in DIR")


def pytest_configure(config: pytest.Config) -> None:
    """Begins to watch."""
    config.pluginmanager.register(StoreWatch(config.getoption("--statestore-dir")), "statestore-watch")


class StoreWatch:
    """Knows the stores that were made, and shows them when a test fails."""

    def __init__(self, folder: str | None) -> None:
        self._folder = Path(folder) if folder else None
        self._watched: list[Watched] = []
        self._stop: Unsubscribe | None = None

    def pytest_sessionstart(self) -> None:
        """From now on every store is seen."""
        from statestore.core.installing import install_in_every_store

        self._stop = install_in_every_store(self._install)

    def pytest_sessionfinish(self) -> None:
        """Stores made from now on are left alone."""
        if self._stop is not None:
            self._stop()

    def _install(self, store: "StoreLike", layers: "tuple[Middleware, ...]") -> "tuple[Middleware, ...]":
        from statestore.history.history import History

        histories: list[Any] = [layer for layer in layers if isinstance(layer, History)]
        watched = Watched(store, histories[0] if histories else History(limit=KEPT_COMMITS))
        self._watched.append(watched)
        return (watched, *layers) if histories else (watched, *layers, watched.history)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """A test begins: of older stores only those that still live can do something in it."""
        if self._watched:
            self._watched = [watched for watched in self._watched if watched.begin_test()]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Adds the sections to the report of a failure."""
        report = yield
        if report.failed and self._watched:
            for number, watched in enumerate([w for w in self._watched if w.has_acted], 1):
                try:
                    text = watched.told()
                    if self._folder is not None:
                        text += f"\nwritten to {self._write(watched, item.nodeid, number)}"
                except Exception as error:  # noqa: BLE001  # the failure of the test is what matters
                    text = f"cannot be shown: {type(error).__name__}: {error}"
                report.sections.append((f"statestore: {watched.name}", text))
        return report

    def _write(self, watched: "Watched", test: str, number: int) -> Path:
        assert self._folder is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{_UNFIT.sub('-', test)[-150:]}-{number}-{_UNFIT.sub('-', watched.name)[:40]}.history"
        watched.history.export(path)
        return path


class Watched:
    """One store: its history, and the last action that raised. The outermost layer of the store."""

    def __init__(self, store: "StoreLike", history: "History") -> None:
        self.name = store.name
        self.history = history
        self._store = ref(store)
        self._seen = 0
        self._raised: str | None = None
        self._is_new = True

    def __call__(self, store: "StoreLike", next: "Dispatch") -> "Dispatch":
        """Notes what raises."""

        def dispatch(action: Any) -> Any:
            try:
                return next(action)
            except Exception as error:
                self._raised = f"{_line(action)} raised {type(error).__name__}: {error}"
                raise

        return dispatch

    def begin_test(self) -> bool:
        """Forgets what was done before; False if the store is gone."""
        self._seen, self._raised, self._is_new = self.history.newest, None, False
        return self._store() is not None

    @property
    def has_acted(self) -> bool:
        """Whether the store was made in this test, or did something in it."""
        return self._is_new or self._raised is not None or self.history.newest > self._seen

    def told(self) -> str:
        """Its last commits, what raised, and what the last commit changed."""
        history = self.history
        commits = history.commits
        more = len(commits) - SHOWN_COMMITS
        lines = [f"({more:,} earlier commits)"] if more > 0 else []
        head = history.head
        for commit in commits[-SHOWN_COMMITS:]:
            mark = "*" if head is not None and commit.seq == head.seq else " "
            lines.append(_cut(f"{commit.seq:>5} {mark} {_line(commit.action)}  {len(commit.changes)} changes"))
        if not commits:
            lines.append("no commits")
        if self._raised is not None:
            lines.append(_cut(f"      ! {self._raised}"))
        if head is not None:
            lines += ["", f"What commit {head.seq}, {head.action.type}, changed:", *_changes(head)]
        return "\n".join(lines)


def _changes(commit: Any) -> list[str]:
    from statestore.tree.diff import format_change

    shown = [_cut(f"  {format_change(change)}") for change in commit.changes[:SHOWN_CHANGES]]
    more = len(commit.changes) - len(shown)
    return [*shown, f"  and {more:,} more"] if more > 0 else shown or ["  nothing"]


def _line(action: Any) -> str:
    if not hasattr(action, "payload"):
        return repr(action)
    return f"{action.type} {action.payload!r}" if action.payload is not None else str(action.type)


def _cut(line: str) -> str:
    line = line.replace("\n", "\\n")
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
