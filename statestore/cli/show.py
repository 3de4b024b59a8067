"""`statestore show FILE REF`: one commit, what it changed, and the state after it."""

import click

from statestore.cli.log import as_record
from statestore.cli.output import clock_time, print_json, short, to_json
from statestore.cli.source import opened
from statestore.recording.spantree import format_ns
from statestore.tree.diff import format_change


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("ref", default="head")
@click.option("--state", is_flag=True, help="The whole state after the commit, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(file: str, ref: str, state: bool, as_json: bool) -> None:
    r"""Shows one commit. REF is a seq, head (the default), head~2, root, or a snapshot's name.

    \b
    Examples:
      statestore show run.history 17
      statestore show run.history head~2 --state
    """
    with opened(file) as source:
        if state:
            click.echo(to_json(source.state_at(ref)))
            return
        commit = source.commit(ref)
        if as_json:
            print_json([as_record(commit)])
            return
        click.echo(f"commit {commit.seq} (parent {commit.parent})")
        click.echo(
            f"at     {clock_time(source.header.started_wall_ns + commit.started_ns)}, {format_ns(commit.elapsed_ns)}"
        )
        click.echo(f"action {commit.action.type} {short(commit.action.payload, 1_000)}")
        if commit.label:
            click.echo(f"in     {commit.label}")
        for change in commit.changes:
            click.echo(f"  {format_change(change)}")
        if not commit.changes:
            click.echo("  nothing changed")
