"""The time axis of a recorder: its clock, and when the run began by it."""

from statestore.ports import Clock, StoreLike, SystemClock


class Axis:
    """Gives times since the run began; since it was made, while its recorder is in no store.

    Args:
        clock: a clock of the recorder's own, whatever the store's is; None follows the store.
    """

    def __init__(self, clock: Clock | None) -> None:
        self._is_own = clock is not None
        self._store: StoreLike | None = None
        self.clock: Clock = clock or SystemClock()
        self._origin_ns = self.clock.now_ns()

    def follow(self, store: StoreLike) -> None:
        """Takes the store's clock and the beginning of its run, unless the clock is the recorder's own."""
        if not self._is_own:
            self._store, self.clock = store, store.clock

    @property
    def is_system(self) -> bool:
        """Whether its times are this machine's, which other processes share."""
        return isinstance(self.clock, SystemClock)

    @property
    def origin_ns(self) -> int:
        """When the run began, by the clock. Asked for each time: resuming a file moves it back."""
        return self._store.origin_ns if self._store is not None else self._origin_ns

    def now_ns(self) -> int:
        """The time since the run began."""
        return self.clock.now_ns() - self.origin_ns
