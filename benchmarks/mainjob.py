"""The main job with recording on and off: `python -m benchmarks.mainjob on|off [FOLDER]` prints how long it took."""

import json
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))


def measure(recording: bool, root: Path) -> dict[str, Any]:
    """Plans and works through the backlog of a folder, in this thread."""
    from orchestrator import RULES, RecordedOrchestrator, TaskOrchestrator
    from survey.backlog import backlog

    from statestore import Milestones, Run, Store

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="statestore-bench-") as folder:
        if recording:
            run = Run(backlog, Path(folder) / "run.history", milestones=Milestones(RULES))
            orchestrator: TaskOrchestrator = RecordedOrchestrator(run, root)
        else:
            orchestrator = TaskOrchestrator(Store(backlog), root)
        began = perf_counter_ns()
        orchestrator.plan()
        orchestrator.work()
        elapsed = perf_counter_ns() - began
        orchestrator.store.close()
        return {"action_ns": elapsed}


if __name__ == "__main__":
    from survey import modules

    root = Path(sys.argv[2]) if len(sys.argv) > 2 else modules.STANDARD_LIBRARY
    print(json.dumps(measure(sys.argv[1] == "on", root)))
