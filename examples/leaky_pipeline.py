"""A pipeline that leaks on purpose, and what the diagnosis says of it.

    python examples/leaky_pipeline.py

Every item leaves a buffer behind in a list that nobody empties, as a cache without a bound does.
"""

import time

from statestore import Memory, Run, Slice

ITEMS = 60
ITEM_SECONDS = 0.05
LEFT_BEHIND_BYTES = 1_000_000

pipeline = Slice("pipeline", initial={"done": 0})
cache: list[bytes] = []


@pipeline.action
def item_done(draft: dict[str, int]) -> None:
    """One more item is through."""
    draft["done"] += 1


def work() -> None:
    """Handles one item, and forgets to let go of what it read."""
    cache.append(b"x" * LEFT_BEHIND_BYTES)
    time.sleep(ITEM_SECONDS)


def main() -> None:
    """Runs the pipeline with memory read twenty times a second, and prints what stands out."""
    with Run(pipeline, memory=Memory(interval=ITEM_SECONDS)) as run:
        for _ in range(ITEMS):
            with run.span("item"):
                work()
            run.dispatch(item_done())
        for finding in run.diagnose():
            print(f"{finding.level}: {finding.sentence}")


if __name__ == "__main__":
    main()
