"""What it costs to have every action recorded, measured side by side with what people use today.

`python -m benchmarks` prints the tables, `--budgets` the budgets (exit status 1 if one does not hold).
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.budgets import BUDGETS
from benchmarks.contest import NODE_FOLDER, ROOT
from benchmarks.contestants import CONTESTANTS
from benchmarks.report import Effort, tables
from benchmarks.tables import Table

LIBRARIES = ("statestore", "pyrsistent", "immutables", "msgspec", "msgpack", "zstandard", "deepdiff")
# What stands between these lines of the README is made by `--readme`.
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


def main() -> int:
    """Prints tables or budgets, as text or as JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--budgets", action="store_true", help="the budgets instead of the tables")
    parser.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--readme", action="store_true", help="put the tables into the README")
    parser.add_argument("--only", action="append", help="those whose name has this in it; may be repeated")
    options = parser.parse_args()
    if not options.json:
        print(f"{machine()}\n")
    return _budgets(options) if options.budgets else _tables(options)


def machine() -> str:
    """Where and with what all this was measured."""
    names = [*LIBRARIES, *[needed for kind in CONTESTANTS.values() for needed in kind.needs]]
    versions = [f"{name} {found}" for name in dict.fromkeys(names) if (found := _version(name))]
    node = json.loads((NODE_FOLDER / "package.json").read_text())["dependencies"]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.platform()}, {_processor()}; {', '.join(versions)}; "
        f"for Node {', '.join([f'{name} {number}' for name, number in node.items()])}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _tables(options: argparse.Namespace) -> int:
    effort = Effort(rounds=1, seconds=0.2, quick=True) if options.quick else Effort()
    made: list[Table] = []
    for table in tables(effort, options.only, _tell):
        made.append(table)
        print(json.dumps(asdict(table)) if options.json else table.as_text(), flush=True)
    if options.readme:
        _put_into_readme(
            made, "python -m benchmarks --quick --readme" if options.quick else "python -m benchmarks --readme"
        )
    return 0


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\r", file=sys.stderr, flush=True)


def _put_into_readme(made: list[Table], command: str) -> None:
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    shown = "\n".join([table.as_markdown() for table in made])
    readme.write_text(f"{before}{BEGIN}\n\nMade by `{command}`: {machine()}.\n\n{shown}\n{END}{after}")


def _budgets(options: argparse.Namespace) -> int:
    failed = 0
    for budget in BUDGETS:
        if options.only and not any(part in budget.name for part in options.only):
            continue
        measured = budget.measure(options.quick)
        holds = budget.holds(measured)
        failed += not holds
        if options.json:
            found = {"name": budget.name, "limit": budget.limit, "measured": measured, "ok": holds}
            print(json.dumps(found), flush=True)
        else:
            allowed = f"{'≥' if budget.at_least else '≤'} {budget.limit:,g} {budget.unit}"
            share = f"{measured / budget.limit:.2f}"
            print(
                f"{budget.name:55} {allowed:>30} {measured:>12,.2f} {share:>7}  {'ok' if holds else 'OVER'}", flush=True
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
