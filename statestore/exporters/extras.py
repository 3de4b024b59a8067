"""Libraries that only some formats need: without one, the error names the extra to install."""

from types import TracebackType

from statestore.errors import StateStoreError


class extra:  # noqa: N801  # it reads as a statement: `with extra("otel"): import ...`
    """A block of imports whose libraries come with an extra of this package.

    Raises:
        StateStoreError: one of them is not installed.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ImportError):
            raise StateStoreError(
                f"{error.name or error} is not installed; it comes with: pip install 'statestore[{self._name}]'"
            ) from error
