"""`python -m benchmarks --budgets`: every budget with what was measured; exit status 1 if one does not hold."""

import argparse
import json
import platform
import sys
from importlib.metadata import version

from benchmarks.budgets import BUDGETS

LIBRARIES = ("statestore", "pyrsistent", "immutables", "msgspec", "msgpack", "zstandard", "deepdiff")


def main() -> int:
    """Prints the table, or JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--budgets", action="store_true", help="the budgets (all there is so far)")
    parser.add_argument("--quick", action="store_true", help="fewer commits, for a first look")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--only", default="", help="those whose name has this in it")
    options = parser.parse_args()
    if not options.json:
        versions = ", ".join([f"{name} {version(name)}" for name in LIBRARIES])
        print(f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}; {versions}\n")
    failed = 0
    for budget in BUDGETS:
        if options.only not in budget.name:
            continue
        measured = budget.measure(options.quick)
        holds = budget.holds(measured)
        failed += not holds
        if options.json:
            print(
                json.dumps({"name": budget.name, "limit": budget.limit, "measured": measured, "ok": holds}), flush=True
            )
        else:
            allowed = f"{'≥' if budget.at_least else '≤'} {budget.limit:,g} {budget.unit}"
            print(f"{budget.name:55} {allowed:>30} {measured:>12,.2f}  {'ok' if holds else 'OVER'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
