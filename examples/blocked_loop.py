"""An asyncio job that blocks its event loop on purpose, and what the diagnosis says of it.

    python examples/blocked_loop.py

One step stretches a password's key where it stands instead of in a thread, so every other task waits for it.
"""

import asyncio
import hashlib
from time import thread_time

from statestore import Gauges, Run, Slice

STEPS = 4
# Keys are stretched for a given time rather than a given number of rounds, as `cryptsetup --iter-time` does it: so the
# stop is as long on any machine, and one that nobody takes for an accident. It is processor time, which a busy machine
# gives less of.
STRETCH_SECONDS = 0.3

job = Slice("job", initial={"fetched": 0, "hashed": 0})


@job.action
def fetched(draft: dict[str, int]) -> None:
    """Something came in, without holding anybody up."""
    draft["fetched"] += 1


@job.action
def hashed(draft: dict[str, int]) -> None:
    """A password was hashed, while everybody waited."""
    draft["hashed"] += 1


def stretch(key: bytes) -> bytes:
    """Hashes again and again until the time is up, so that guessing takes as long."""
    until = thread_time() + STRETCH_SECONDS
    while thread_time() < until:
        key = hashlib.pbkdf2_hmac("sha256", key, b"salt", 1_000)
    return key


async def fetch(run: Run) -> None:
    """Waits as one should."""
    for _ in range(STEPS * 10):
        with run.span("fetch"):
            await asyncio.sleep(0.02)
        run.dispatch(fetched())


async def hash_passwords(run: Run) -> None:
    """Computes in the event loop, as one should not: `await asyncio.to_thread(...)` would do it beside the loop."""
    for step in range(STEPS):
        with run.span("hash"):
            stretch(b"password %d" % step)
        run.dispatch(hashed())
        await asyncio.sleep(0.05)


async def main() -> None:
    """Runs both, and prints what stands out."""
    with Run(job, gauges=Gauges(interval=0.2)) as run:
        await asyncio.gather(fetch(run), hash_passwords(run))
        for finding in run.diagnose():
            print(f"{finding.level}: {finding.sentence}")


if __name__ == "__main__":
    asyncio.run(main())
