"""`statestore show FILE REF`: one commit, what it changed, and the state after it."""

import click

from statestore.cli.arguments import Place, RefType, file_argument, json_option
from statestore.cli.describing import describe
from statestore.cli.output import print_json, print_lines, to_json
from statestore.cli.records import as_record
from statestore.cli.source import asked_ref, opened


@click.command()
@file_argument()
@click.argument("ref", type=RefType(), metavar="[REF]", required=False)
@click.option("--state", is_flag=True, help="The whole state after the commit, as JSON.")
@json_option
def show(file: Place, ref: str | None, state: bool, as_json: bool) -> None:
    r"""Shows one commit. REF is a seq, head (the default), head~2, root, or a snapshot's name.

    \b
    Examples:
      statestore show run.history 17
      statestore show run.history@release
      statestore show run.history head~2 --state
    """
    with opened(file.path) as source:
        wanted = asked_ref(file, ref)
        if state:
            print_lines([to_json(source.state_at(wanted))])
            return
        commit = source.commit(wanted)
        if as_json:
            print_json([as_record(commit)])
        else:
            print_lines(describe(commit, source.header.started_wall_ns))
