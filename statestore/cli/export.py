"""`statestore export FILE`: the run in the form that another tool reads."""

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from statestore.cli.arguments import Place, PlaceType
from statestore.cli.output import is_terminal, note, print_rows
from statestore.cli.progress import waiting
from statestore.cli.source import opened
from statestore.cli.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from statestore.exporters.formats import Format
    from statestore.history.file import HistoryFile


class FormatType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Takes the name of a format."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Format":
        from statestore.errors import ActionError
        from statestore.exporters.formats import Format, find_format

        if isinstance(value, Format):
            return value
        try:
            return find_format(value)
        except ActionError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        from click.shell_completion import CompletionItem

        from statestore.exporters.formats import FORMATS

        return [CompletionItem(name, help=form.about) for name, form in FORMATS.items() if name.startswith(incomplete)]


class SettingType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Reads NAME=VALUE; the value is JSON, or else a text."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        import json

        name, equals, text = value.partition("=")
        if not name or not equals:
            self.fail(f"a setting is NAME=VALUE, not {value!r}", param, ctx)
        try:
            return name, json.loads(text)
        except ValueError:
            return name, text


def _list_formats(ctx: click.Context, param: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from statestore.exporters.formats import FORMATS

        print_rows(("format", "suffix", "|for"), [(name, form.suffix, form.about) for name, form in FORMATS.items()])
        ctx.exit()


@click.command()
@click.argument("file", type=PlaceType(takes_ref=False), metavar="FILE")
@click.option("--to", "form", type=FormatType(), metavar="FORMAT", help="Which form; by default as the suffix says.")
@click.option("-o", "--output", metavar="OUT", help="Where to; - is standard output. By default beside FILE.")
@click.option("--set", "settings", type=SettingType(), multiple=True, metavar="NAME=VALUE", help="What the form takes.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_formats, help="The formats.")
def export(file: Place, form: "Format | None", output: str | None, settings: tuple[tuple[str, Any], ...]) -> None:
    r"""Writes the run in the form that another tool reads: trace viewers, flame graphs, DuckDB, SQLite and more.

    What is at OUT already is replaced once the new file is whole. However long the run is, it takes little memory.
    --set gives a form what it has settings for, as JSON or as text; a wrong name is answered with those there are.

    \b
    Examples:
      statestore export --list
      statestore export run.history -o run.pftrace
      statestore export run.history --to jsonl -o - | head
      statestore export run.history --to devtools --set states=1000
    """
    from pathlib import Path

    form = form or _guess(output)
    options = _options(form, dict(settings))
    with opened(file.path) as source:
        if output == "-":
            _write_out(source, form, options)
            return
        target = Path(output) if output is not None else _beside(Path(file.path), form.suffix)
        _check(target, Path(file.path))
        from statestore.exporters.formats import export as write

        with waiting(f"writing {target.name}"):
            write(source, form.name, target, **options)
        note(f"written to {target}")


def _guess(output: str | None) -> "Format":
    """The format whose suffix the name ends in; of several the longest one."""
    from statestore.exporters.formats import FORMATS

    if output is None or output == "-":
        raise click.UsageError("say which form with --to, or name the file with -o; --list shows the formats")
    fitting = [form for form in FORMATS.values() if output.endswith(form.suffix)]
    if not fitting:
        known = ", ".join(form.suffix for form in FORMATS.values())
        raise click.UsageError(f"{output} does not say which form it is of: give --to, or one of the suffixes {known}")
    return max(fitting, key=lambda form: len(form.suffix))


def _options(form: "Format", given: dict[str, Any]) -> dict[str, Any]:
    """What the form is called with: the settings, and how to tell a person what it leaves out, if it wants to."""
    from inspect import signature

    takes = {
        name
        for name, parameter in signature(form.function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    if unknown := sorted(given.keys() - (takes - {"tell"})):
        known = ", ".join(sorted(takes - {"tell"})) or "none"
        raise click.UsageError(f"{form.name} has no setting {unknown[0]!r}; those that it has: {known}")
    return {**given, "tell": _tell} if "tell" in takes else given


def _tell(sentence: str) -> None:
    click.echo(f"statestore: {clean(sentence)}", err=True)


def _beside(path: "Path", suffix: str) -> "Path":
    return path.with_name(path.name.removesuffix(".history") + suffix)


def _check(target: "Path", source: "Path") -> None:
    if not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {target.parent} to write {target.name} to")
    if target.exists() and target.samefile(source):
        raise click.UsageError(f"{target} is the file that is read: give another name")


def _write_out(source: "HistoryFile", form: "Format", options: dict[str, Any]) -> None:
    if not form.is_stream:
        raise click.UsageError(f"{form.name} is {form.about}, and cannot go to standard output: name it with -o")
    chunks = form.function(source, **options)
    first = next(chunks, b"")
    if is_terminal() and b"\0" in first:
        raise click.UsageError(f"{form.name} is no text, and this is a terminal: name a file with -o")
    sys.stdout.buffer.writelines(chain([first], chunks))
    sys.stdout.buffer.flush()
