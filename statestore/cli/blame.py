"""`statestore blame FILE PATH`: who set this value, and when."""

import click

from statestore.cli.arguments import Place, file_argument, json_option
from statestore.cli.describing import describe
from statestore.cli.output import note, print_json, print_lines
from statestore.cli.progress import progress
from statestore.cli.records import as_record
from statestore.cli.source import check_known, opened, read_path


@click.command()
@file_argument()
@click.argument("path")
@json_option
def blame(file: Place, path: str, as_json: bool) -> None:
    r"""Shows the last commit that set PATH or anything above it, up to the head or the REF.

    PATH is written tasks.T1.status, tasks['a.b'].status or /tasks/T1/status. Of something that was removed it is the
    commit that removed it.

    \b
    Examples:
      statestore blame run.history tasks.T1.status
      statestore blame run.history@release "tasks['parse.py'].needs[0]"
    """
    from statestore.history.questions import blame as blame_of

    with opened(file.path) as source:
        ref = file.ref or "head"
        keys = read_path(source, path, ref)
        commit = blame_of(source, keys, ref, lambda commits: progress(commits, None, "reading back"))
        if commit is None:
            check_known(source, keys, ref)
            note(f"no commit set {path}: it is as it was at the root")
        elif as_json:
            print_json([as_record(commit)])
        else:
            print_lines(describe(commit, source.header.started_wall_ns))
