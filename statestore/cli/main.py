"""The `statestore` command: its verbs, loaded when they are called, and what errors become."""

import sys
from importlib import import_module
from typing import Any, Final

import click

from statestore import __version__
from statestore.errors import JournalError, StateStoreError

VERBS: Final = {
    "log": "What happened, action by action.",
    "show": "One commit, what it changed, and the state after it.",
}
"""In the order in which a person needs them; each is a module of this package with a command of its name."""

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
        command: click.Command = getattr(import_module(f"statestore.cli.{cmd_name}"), cmd_name)
        return command


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
        status: Any = group.main(arguments, prog_name="statestore", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        return _say(error.format_message(), WRONG_USAGE)
    except click.Abort:
        return INTERRUPTED
    except SystemExit:
        # How click ends when whoever read the output has seen enough, as `| head` does: no error of ours.
        return 0
    except JournalError as error:
        return _say(str(error), DAMAGED)
    except (StateStoreError, OSError) as error:
        return _say(str(error), WRONG_USAGE)


def _say(message: str, status: int) -> int:
    click.echo(f"statestore: {' '.join(message.split())}", err=True)
    return status
