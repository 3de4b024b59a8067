"""Recording every store that a program makes, with no change to its code: what STATESTORE_RECORD asks for.

    STATESTORE_RECORD=run.history python app.py

Each store gets a file of its own: `run.history`, then `run-2.history` and so on, whatever is there already and however
many processes ask at once, since children inherit the variable. `{name}` in the path becomes the name of the store,
`{pid}` the process; of a folder that exists, it is `run.history` in it.

Recorded is what `Run` records: spans, memory and gauges, and whatever the program's own recorders publish, such as
milestones. A store that has a `Journal` is left alone. A forked child goes on without recording the stores that it
inherits, which the parent records; the stores that it makes are recorded.
"""

import atexit
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet, finalize

from statestore.core.installing import install_in_every_store
from statestore.ports import Dispatch, Middleware, StoreLike, Unsubscribe

if TYPE_CHECKING:
    from statestore.journal.recorder import Journal
    from statestore.recording.shared import SharedReadings
    from statestore.recording.timing import Timing

VARIABLE: Final = "STATESTORE_RECORD"
TELL: Final = "STATESTORE_RECORD_TELL"
"""Names the process, by its id, that says on stderr at its end what was recorded; its children say nothing."""

_UNFIT: Final = re.compile(r"[^\w.-]+")


def begin(path: str) -> Unsubscribe:
    """Records every store that is made from now on; gives the function that ends it, for the stores to come."""
    recorder = Autorecorder(path)
    # What is registered first is called last, and journals that nobody closed are finished by finalizers at the end:
    # these come to be registered here, so that they leave time for the last readings.
    finalize(recorder, tuple)
    atexit.register(recorder.end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recorder.forget)
    return install_in_every_store(recorder)


class Autorecorder:
    """Installs what records in each store, and gives it a file.

    Args:
        path: where to, as STATESTORE_RECORD says it; a relative one is one of the folder that is current now.
    """

    def __init__(self, path: str) -> None:
        self._target = str(Path(path).absolute())  # the program may change its folder
        self._numbers: dict[Path, int] = {}
        self.paths: list[Path] = []
        self._recordings: WeakSet[Recording] = WeakSet()
        self._readings: SharedReadings | None = None

    def __call__(self, store: StoreLike, layers: tuple[Middleware, ...]) -> tuple[Middleware, ...]:
        """The layers of the store with those that record it; just its own if they cannot."""
        from statestore.journal.recorder import Journal
        from statestore.recording.timing import Timing

        if any(isinstance(layer, Journal) for layer in layers):
            return layers
        try:
            journal = Journal(self._claim(store.name), on_unknown="repr", marks_dropped=True)
        except Exception as error:  # noqa: BLE001  # a program that runs must run when it is recorded, too
            _say(f"a store cannot be recorded: {error}")
            return layers
        self.paths.append(journal.path)
        self._readings = self._readings or self._begin_readings()
        timing = () if any(isinstance(layer, Timing) for layer in layers) else (Timing(),)
        recording = Recording(journal, timing, self._readings, _wanted(layers))
        self._recordings.add(recording)
        return (*timing, *layers, recording)

    def _claim(self, name: str) -> Path:
        """Makes the first of the names that is free; whoever else looks for one at this moment gets another."""
        target = Path(self._target.replace("{name}", _UNFIT.sub("-", name)).replace("{pid}", str(os.getpid())))
        if target.is_dir():
            target /= "run.history"
        target.parent.mkdir(parents=True, exist_ok=True)
        for number in count(self._numbers.get(target, 1)):
            self._numbers[target] = number + 1
            path = target if number == 1 else target.with_stem(f"{target.stem}-{number}")
            with suppress(FileExistsError):
                path.open("xb").close()
                return path
        raise AssertionError("numbers do not end")

    def _begin_readings(self) -> "SharedReadings":
        from statestore.recording.shared import SharedReadings

        # What multiprocessing started ends without running what is registered for the end of an interpreter.
        processes = sys.modules.get("multiprocessing.process")
        if processes is not None and processes.parent_process() is not None:
            from multiprocessing.util import Finalize

            Finalize(None, self.close, exitpriority=-100)
        return SharedReadings()

    def forget(self) -> None:
        """In a forked child: what the parent records is the parent's, and its threads are not here."""
        self._recordings = WeakSet()
        self._readings = None
        self.paths = []

    def close(self) -> None:
        """Finishes the files of the stores that nobody closed."""
        for recording in list(self._recordings):
            recording.finish()
        if self._readings is not None:
            self._readings.close()

    def end(self) -> None:
        """At the end of the program: finishes the files, and names them where that was asked for."""
        self.close()
        if os.environ.get(TELL) == str(os.getpid()):
            names = [os.path.relpath(path) for path in self.paths]
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            _say(f"recorded {names[0]}{more}" if names else "the program made no store, so nothing was recorded")


class Recording:
    """The innermost layer of a store that is recorded: its journal, and the readings that come into it.

    Whatever goes wrong in it is said on stderr, and not raised into the program.
    """

    def __init__(
        self, journal: "Journal", timing: "tuple[Timing, ...]", readings: "SharedReadings", wanted: tuple[type, ...]
    ) -> None:
        self._journal, self._timing, self._readings, self._wanted = journal, timing, readings, wanted
        self._leave: Unsubscribe | None = None

    def __call__(self, store: StoreLike, next: Dispatch) -> Dispatch:
        """Begins to record; the chain stays as it is."""
        with self._telling(f"the store {store.name!r} cannot be recorded"):
            self._journal(store, next)  # it only observes: what it could wait for or refuse was not asked for
            self._leave = self._readings.join(store, *self._wanted)
            store.at_close(self.finish)  # behind the program's own recorders, whose last values belong into the file
        return next

    def finish(self) -> None:
        """Ends the spans that still run, takes a last reading, and finishes the file; a second call does nothing."""
        leave, self._leave = self._leave, None
        if leave is None:
            return
        with self._telling("the record is not whole"):
            for timing in self._timing:
                timing.close()
            leave()
            self._journal.close()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a program that runs must run when it is recorded, too
            _say(f"{what}: {error}")


def _wanted(layers: tuple[Middleware, ...]) -> tuple[type, ...]:
    """The readings that no recorder of the program itself takes."""
    from statestore.recording.gauges import Gauges
    from statestore.recording.memory import Memory
    from statestore.values import GaugeSample, MemorySample

    taken = {Memory: MemorySample, Gauges: GaugeSample}
    return tuple(
        [sample for recorder, sample in taken.items() if not any(isinstance(layer, recorder) for layer in layers)]
    )


def _say(message: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"statestore: {' '.join(message.split())}\n")
