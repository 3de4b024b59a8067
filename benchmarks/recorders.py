"""Recording alone: what one block costs that other tools time, log or count, against a span of ours.

`python -m benchmarks.recorders NAME` measures one in its own process and prints a JSON object.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from benchmarks.runner import resident_bytes

Blocks = Callable[[int], None]
"""Records so many blocks, each with a name and one attribute."""


@contextmanager
def _two_clock_readings(folder: Path) -> Iterator[Blocks]:
    kept: list[tuple[int, int, int]] = []

    def run(count: int) -> None:
        for i in range(count):
            started = perf_counter_ns()
            kept.append((i, started, perf_counter_ns()))

    yield run


@contextmanager
def _timing(folder: Path) -> Iterator[Blocks]:
    from statestore import Timing

    timing = Timing()

    def run(count: int) -> None:
        for i in range(count):
            with timing.span("block", number=i):
                pass

    yield run


@contextmanager
def _timing_in_file(folder: Path) -> Iterator[Blocks]:
    from statestore import Journal, Store, Timing

    timing = Timing()

    def run(count: int) -> None:
        for i in range(count):
            with timing.span("block", number=i):
                pass

    with Store(lambda state, action: state, 0, middleware=[timing, Journal(folder / "run.history")]):
        yield run


@contextmanager
def _opentelemetry(folder: Path) -> Iterator[Blocks]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    tracer = provider.get_tracer("benchmarks")

    def run(count: int) -> None:
        for i in range(count):
            with tracer.start_as_current_span("block", attributes={"number": i}):
                pass

    yield run


@contextmanager
def _prometheus(folder: Path) -> Iterator[Blocks]:
    from prometheus_client import CollectorRegistry, Histogram

    seconds = Histogram("block_seconds", "how long a block takes", ["name"], registry=CollectorRegistry())

    def run(count: int) -> None:
        for _ in range(count):
            with seconds.labels("block").time():
                pass

    yield run


@contextmanager
def _structlog(folder: Path) -> Iterator[Blocks]:
    import structlog

    with (folder / "log.jsonl").open("w") as file:
        logger = structlog.wrap_logger(
            structlog.PrintLogger(file),
            processors=[structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()],
        )

        def run(count: int) -> None:
            for i in range(count):
                logger.info("block began", number=i)
                logger.info("block ended", number=i)

        yield run


@contextmanager
def _viztracer(folder: Path) -> Iterator[Blocks]:
    from viztracer import VizTracer

    tracer = VizTracer(verbose=0, tracer_entries=2_000_000, max_stack_depth=0)
    tracer.start()

    def run(count: int) -> None:
        for _ in range(count):
            with tracer.log_event("block"):
                pass

    yield run
    tracer.stop()


FLOOR = "two clock readings and an append"
RECORDERS: dict[str, tuple[Any, tuple[str, ...]]] = {
    FLOOR: (_two_clock_readings, ()),
    "OpenTelemetry SDK, in memory": (_opentelemetry, ("opentelemetry-sdk",)),
    "prometheus_client histogram": (_prometheus, ("prometheus_client",)),
    "structlog, two lines": (_structlog, ("structlog",)),
    "viztracer event": (_viztracer, ("viztracer",)),
    "statestore Timing": (_timing, ("statestore",)),
    "statestore Timing, in a file": (_timing_in_file, ("statestore",)),
}


def measure(name: str, count: int) -> dict[str, Any]:
    """Nanoseconds and bytes kept for each block."""
    recorder, needs = RECORDERS[name]
    try:
        versions = {needed: version(needed) for needed in needs}
    except PackageNotFoundError as missing:
        return {"skipped": f"{missing.name} is not installed"}
    with tempfile.TemporaryDirectory(prefix="statestore-bench-") as folder, recorder(Path(folder)) as run:
        run(count // 10)
        before, began = resident_bytes(), perf_counter_ns()
        run(count)
        elapsed = perf_counter_ns() - began
        return {
            "action_ns": elapsed / count,
            "kept_bytes": (resident_bytes() - before) / count,
            "versions": versions,
        }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
