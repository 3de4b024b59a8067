"""`statestore import FILE`: a history of what another tool exported."""

import click

from statestore.cli.loading import Loaded, LoadedType
from statestore.cli.output import print_json, print_rows
from statestore.cli.progress import waiting


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="FILE")
@click.option("-o", "--output", metavar="OUT", help="The history file to make; by default beside FILE.")
@click.option("--reducer", type=LoadedType("reducer"), metavar="MODULE:NAME", help="What to run the actions on.")
@click.option("--name", default="devtools", show_default=True, help="How the store is called.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def importing(file: str, output: str | None, reducer: Loaded | None, name: str, as_json: bool) -> None:
    r"""Makes a history of a file that Redux DevTools exported, so that all the other verbs can be asked about it.

    A file that tells the state after each action needs no reducer; one of actions alone does, and its states are then
    what the reducer makes of them. OUT is never half a file, and what is there already stays.

    \b
    Examples:
      statestore import state.json -o state.history
      statestore import actions.json --reducer app.state:backlog
    """
    from pathlib import Path

    from statestore.history.importing import import_devtools

    target = Path(output) if output is not None else Path(file).with_suffix(".history")
    if not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {target.parent} to write {target.name} to")
    with waiting(f"reading {Path(file).name}"):
        done = import_devtools(Path(file), target, reducer and reducer.value, name=name)
    if as_json:
        print_json([{"file": str(target), **done._asdict()}])
    else:
        print_rows((">actions", ">failed", ">skipped", ">current", "file"), [(*done, target)])
