"""What the verbs take: `FILE@REF`, refs, ranges and expressions, with their completion in the shell."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class Place(NamedTuple):
    """A history file, and the ref or range in it that was given behind an `@`."""

    path: str
    ref: str | None = None


class PlaceType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Reads `FILE` or `FILE@REF`; a file whose own name has an `@` is found first."""

    name = "file"

    def __init__(self, takes_ref: bool) -> None:
        self._takes_ref = takes_ref

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        place = split_place(value)
        from pathlib import Path  # a fifth of what help costs, and of no use to it

        if not Path(place.path).exists():
            self.fail(f"File {place.path!r} does not exist.", param, ctx)
        if not Path(place.path).is_file():  # a pipe cannot be read from its end, and would be waited for
            self.fail(f"{place.path!r} is no file.", param, ctx)
        if place.ref is not None and not self._takes_ref:
            self.fail(f"{value!r} names a commit, and this is about the whole file: give {place.path}", param, ctx)
        return place

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from pathlib import Path

        from click.shell_completion import CompletionItem

        path, at, start = incomplete.rpartition("@")
        if at and self._takes_ref and Path(path).is_file():
            return [CompletionItem(f"{path}@{name}") for name in _names(path) if name.startswith(start)]
        return [CompletionItem(incomplete, type="file")]


class RefType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Takes a ref or a range as it is: which there are, the file knows."""

    name = "ref"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        place = ctx.params.get("file")
        before, dots, start = incomplete.rpartition("..")
        names = _names(place.path) if isinstance(place, Place) else []
        return [CompletionItem(before + dots + name) for name in names if name.startswith(start)]


def split_place(text: str) -> Place:
    """The file and the ref of `FILE@REF`: the longest name that is a file, whatever is behind it a ref."""
    from pathlib import Path

    end = len(text)
    while end > 0:
        if Path(text[:end]).is_file():
            return Place(text[:end], text[end + 1 :] or None)
        end = text.rfind("@", 0, end)
    path, _, ref = text.partition("@")
    return Place(path or text, ref or None)


def _names(path: str) -> list[str]:
    """The refs that a person could begin with; none where the file cannot be read, as nobody could say so here."""
    from statestore.errors import StateStoreError
    from statestore.history.file import open_history

    try:
        with open_history(path) as source:
            return ["head", "root", *[snapshot.name for snapshot in source.snapshots]]
    except (StateStoreError, OSError):
        return []


def file_argument(takes_ref: bool = True) -> Callable[[F], F]:
    """The argument `file`, a `Place`."""
    metavar = "FILE[@REF]" if takes_ref else "FILE"
    return click.argument("file", type=PlaceType(takes_ref), metavar=metavar)


def range_option(function: F) -> F:
    """The option `span`, a ref or a range `A..B`."""
    return click.option(
        "--range",
        "span",
        type=RefType(),
        metavar="A..B",
        help="Only the commits after A up to B; A.. goes up to head, and B alone begins at the root.",
    )(function)


def json_option(function: F) -> F:
    """The flag `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(function)
