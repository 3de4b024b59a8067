"""`statestore where FILE PATH`: every commit that had to do with a value."""

import click

from statestore.cli.arguments import Place, file_argument, json_option
from statestore.cli.log import COLUMNS, rows
from statestore.cli.output import note, print_json, print_rows
from statestore.cli.progress import progress
from statestore.cli.records import as_record
from statestore.cli.source import check_known, opened, read_path


@click.command()
@file_argument()
@click.argument("path")
@json_option
def where(file: Place, path: str, as_json: bool) -> None:
    r"""Lists the commits that touched PATH, something above it or something in it, up to the head or the REF.

    PATH is written tasks.T1.status, tasks['a.b'].status or /tasks/T1/status.

    \b
    Examples:
      statestore where run.history tasks.T1
      statestore where run.history@release /tasks/T1/status --json
    """
    from statestore.history.questions import where as where_of

    with opened(file.path) as source:
        ref = file.ref or "head"
        keys = read_path(source, path, ref)
        commits = where_of(source, keys, ref, lambda commits: progress(commits, None, "reading back"))
        if not commits:
            check_known(source, keys, ref)
            note(f"no commit touched {path}: it is as it was at the root")
        if as_json:
            print_json(map(as_record, commits))
        else:
            print_rows(COLUMNS, rows(commits, source.header.started_wall_ns, source.position))
