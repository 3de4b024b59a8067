"""`statestore replay FILE --reducer module:name`: the recorded actions again, on the reducer as it is now."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from statestore.cli.arguments import Place, RefType, file_argument, json_option
from statestore.cli.describing import describe_changes
from statestore.cli.loading import Loaded, LoadedType
from statestore.cli.output import print_json, print_lines, to_json
from statestore.cli.progress import progress
from statestore.cli.source import asked_ref, opened
from statestore.cli.text import clean
from statestore.errors import HistoryError

if TYPE_CHECKING:
    from statestore.history.file import HistoryFile
    from statestore.history.replaying import Divergence, ReplayReport

DIVERGED: Final = 4
_INTERRUPTED: Final = 130


@click.command()
@file_argument()
@click.option(
    "--reducer", type=LoadedType("reducer"), required=True, metavar="MODULE:NAME", help="What to run them on."
)
@click.option("--verify", is_flag=True, help="Compare after every commit, and stop at the first difference.")
@click.option("--until", type=RefType(), metavar="REF|TYPE", help="Stop at a commit, or at the first action of a type.")
@click.option("--break-on", metavar="TYPE", help="Enter the debugger where the reducer is about to get such an action.")
@click.option("--state", "as_state", is_flag=True, help="Print the state that it leads to, as JSON.")
@json_option
def replay(
    file: Place,
    reducer: Loaded,
    verify: bool,
    until: str | None,
    break_on: str | None,
    as_state: bool,
    as_json: bool,
) -> int:
    r"""Runs the recorded actions on a reducer and compares the state that they lead to with the recorded one.

    The module is found as python -m finds it, from the current folder on. --verify compares after every commit and
    names the first that comes out differently. Exit status 4 says that the replay diverged.

    Records in the state are read as the classes in the reducer's initial value, and those that its module registers.

    \b
    Examples:
      statestore replay run.history --reducer app.state:backlog --verify
      statestore replay run.history --reducer app.state:backlog --until head~10 --state
      statestore replay run.history --reducer app.state:backlog --break-on backlog/failed
    """
    from statestore.history.resuming import register_classes

    register_classes(getattr(reducer.value, "initial", None))
    with opened(file.path) as source:
        stop = _stop(source, asked_ref(file, until))
        run = reducer.value if break_on is None else _Breaking(reducer.value, break_on)
        try:
            if verify:
                return _verify(source, run, stop, as_json)
            return _replay(source, run, stop, as_state, as_json)
        except Exception as error:
            if _is_quit(error):
                return _INTERRUPTED
            raise


def _stop(source: "HistoryFile", text: str) -> Any:
    """The ref to stop at: what is no ref is the type of an action, and stands for the first such one."""
    try:
        source.state_at(text) if text == "root" else source.commit(text)
    except HistoryError as error:
        for commit in source.lineage():
            if commit.action.type == text:
                return commit.seq
        if source.head is None and text == "head":
            return "root"
        raise HistoryError(f"{error}; and no action that led to the head is of that type") from None
    return text


def _verify(source: "HistoryFile", reducer: Any, stop: Any, as_json: bool) -> int:
    from statestore.history.replaying import verify_replay

    report = verify_replay(_Watched(source), reducer, stop=stop)  # type: ignore[arg-type]  # all that it asks for
    if report.divergence is not None and _is_quit(report.divergence.error):
        return _INTERRUPTED
    if as_json:
        print_json([_as_record(report)])
    else:
        print_lines(map(clean, str(report).splitlines()))
    return 0 if report.ok else DIVERGED


def _replay(source: "HistoryFile", reducer: Any, stop: Any, as_state: bool, as_json: bool) -> int:
    from statestore.history.replaying import replay as run
    from statestore.tree.diff import diff

    last = [0]
    try:
        state = run(_Watched(source), reducer, stop=stop, on_step=lambda commit, _: last.append(commit.seq))  # type: ignore[arg-type]
    except Exception as error:
        if _is_quit(error):
            raise
        click.echo(f"statestore: after commit {last[-1]} the reducer raised {_spell(error)}", err=True)
        return DIVERGED
    found = diff(source.state_at(stop), state)
    if as_state:
        print_lines([to_json(state)])
    elif as_json:
        print_json([{"ok": not found, "commits": len(last) - 1, "state": state}])
    elif found:
        print_lines([f"{len(last) - 1} commits led to another state than the recorded one:"])
        print_lines(describe_changes(found.changes))
    else:
        print_lines([f"{len(last) - 1} commits led to the recorded state"])
    return DIVERGED if found else 0


class _Watched:
    """As much of a source as a replay reads, with a progress bar."""

    def __init__(self, source: "HistoryFile") -> None:
        self._source = source
        self.state_at = source.state_at

    def lineage(self, ref: Any) -> "_WatchedCommits":
        return _WatchedCommits(self._source.lineage(ref))


class _WatchedCommits(Sequence[Any]):
    def __init__(self, commits: Sequence[Any]) -> None:
        self._commits = commits

    def __len__(self) -> int:
        return len(self._commits)

    def __getitem__(self, place: Any) -> Any:
        return self._commits[place]

    def __iter__(self) -> Iterator[Any]:
        return progress(self._commits, len(self._commits), "replaying")


class _Breaking:
    """A reducer that stops in the debugger before it gets an action of the type."""

    def __init__(self, reducer: Any, type: str) -> None:
        self._reducer = reducer
        self._type = type

    def __call__(self, state: Any, action: Any) -> Any:
        if action.type == self._type:
            breakpoint()  # `s` steps into the reducer; `state` and `action` are what it gets
        return self._reducer(state, action)


def _is_quit(error: BaseException | None) -> bool:
    """Whether somebody left the debugger."""
    from bdb import BdbQuit

    return isinstance(error, BdbQuit)


def _as_record(report: "ReplayReport") -> dict[str, Any]:
    found = report.divergence
    return {"ok": report.ok, "checked": report.checked, "divergence": found and _divergence(found)}


def _divergence(found: "Divergence") -> dict[str, Any]:
    return {
        "seq": found.seq,
        "type": found.action.type,
        "payload": found.action.payload,
        "expected": [[patch.op, list(patch.path), patch.value] for patch in found.expected],
        "actual": [[patch.op, list(patch.path), patch.value] for patch in found.actual],
        "error": found.error and _spell(found.error),
        "impure": found.impure,
    }


def _spell(error: BaseException) -> str:
    return clean(f"{type(error).__name__}: {error}")
