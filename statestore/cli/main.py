"""The `statestore` command: its verbs, loaded when they are called, and what errors become."""

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from statestore import __version__
from statestore.errors import JournalError, StateStoreError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VERBS: Final = {
    "log": "What happened, action by action.",
    "show": "One commit, what it changed, and the state after it.",
    "diff": "What differs between two states, of one file or of two.",
    "blame": "Who set this value last, and when.",
    "where": "Every commit that had to do with a value.",
    "find": "The commits that meet conditions.",
    "bisect": "The first commit whose state is bad.",
    "stats": "How long things took, by name.",
    "spans": "What ran inside what, and for how long.",
    "timeline": "The course of the run: milestones, snapshots, moves, alerts.",
    "memory": "How much memory it held, and whether it kept climbing.",
    "diagnose": "What to look at first, in sentences.",
    "compare": "Two runs side by side: actions, times, memory.",
    "trend": "Many runs, one row each, and what got slower when.",
    "replay": "The recorded actions again, on the reducer as it is now.",
    "export": "The run in the form that another tool reads.",
    "import": "A history of what Redux DevTools exported.",
    "verify": "Whether a file is what was written.",
    "repair": "A sound file of what is left of a damaged or torn one.",
    "cut": "A piece of a run as a file of its own.",
    "compact": "The same run in fewer bytes.",
    "tail": "A run while it is written.",
    "record": "Runs a program with every store that it makes on record.",
}
"""In the order in which a person needs them; each is a module of this package with a command of its name."""

_MODULES: Final = {"import": "importing"}
"""Where the name of a verb cannot be that of a module."""

WRONG_USAGE, DAMAGED, INTERRUPTED = 2, 3, 130


class Verbs(click.Group):
    """Imports a verb only when it is called, so that the start is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        name = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = getattr(import_module(f"statestore.cli.{name}"), name)
        # Docstrings with a backslash are raw; click's mark of lines that are to stay as they are is the character.
        command.help = (command.help or "").replace("\\b\n", "\b\n")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        # click would import every verb to ask it for its help.
        verbs = [CompletionItem(verb, help=about) for verb, about in VERBS.items() if verb.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def group() -> None:
    """Asks questions of a history file, the one that a run leaves behind.

    Exit status: 0 fine, 1 a difference was found, 2 wrong usage, 3 the file is damaged, 4 a replay diverged.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; every error is one line on stderr, and never a traceback."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        return _dispatch(arguments)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough, as `| head` does: no error of ours.
        _discard_output()
        return 0
    except click.ClickException as error:
        return _say(error.format_message(), WRONG_USAGE)
    except JournalError as error:
        # What the system refused, such as to write there, is no damage of the file.
        return _say(str(error), WRONG_USAGE if isinstance(error.__cause__, OSError) else DAMAGED)
    except (StateStoreError, OSError) as error:
        return _say(str(error), WRONG_USAGE)


def _dispatch(arguments: list[str] | None) -> int:
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = io.TextIOWrapper(io.BytesIO())
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file may hold texts that the encoding of the output does not know.
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    # NO_COLOR is for what click itself colours, too.
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        status: Any = group.main(arguments, prog_name="statestore", standalone_mode=False, color=colour)
        sys.stdout.flush()
    except SystemExit:
        # Completion ends like this, and click itself where a pipe is broken.
        _discard_output()
        return 0
    return status if isinstance(status, int) else 0


def _discard_output() -> None:
    """Lets what is left in the buffer go nowhere, so that the interpreter does not complain of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _say(message: str, status: int) -> int:
    from statestore.cli.text import clean

    click.echo(f"statestore: {clean(' '.join(message.split()))}", err=True)
    return status
