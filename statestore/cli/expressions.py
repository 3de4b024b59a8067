"""Python expressions of the person who types them, over a state or a commit; they run as that person's code."""

from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

import click

from statestore.errors import ActionError


class Expression:
    """A compiled expression: call it with the names that it may use.

    Where a key, index or attribute that it asks for is not there it is false: early states do not have all of them yet.
    `missed` holds the last such error, None when it last came to an end.

    Raises:
        ActionError: the text is no Python expression, or evaluating it raised something else.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.missed: Exception | None = None
        try:
            self._code = compile(text.strip(), "<expression>", "eval")
        except (SyntaxError, ValueError) as error:
            raise ActionError(f"{text!r} is no Python expression: {error}") from None
        self._names = frozenset(_names_in(self._code))

    def __call__(self, names: Mapping[str, Any]) -> bool:
        """Whether it holds."""
        self.missed = None
        try:
            return bool(eval(self._code, dict(names)))  # noqa: S307  # it is what the person at the keyboard asked for
        except (LookupError, AttributeError) as error:
            self.missed = error
            return False
        except Exception as error:  # noqa: BLE001  # whatever the expression of a person raises
            raise ActionError(f"{self.text!r} raised {type(error).__name__}: {error}") from None

    def uses(self, name: str) -> bool:
        """Whether the name is in it, so that what nobody asks for need not be made."""
        return name in self._names


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


class ExpressionType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """Reads an expression."""

    name = "expression"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Expression:
        if isinstance(value, Expression):
            return value
        try:
            return Expression(value)
        except ActionError as error:
            self.fail(str(error), param, ctx)
