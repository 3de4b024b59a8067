"""Action creators: functions with the parameters of a slice's function that give the action instead of doing it."""

import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol

from statestore.errors import ActionError
from statestore.values import Action

P = ParamSpec("P")


class ActionCreator(Protocol[P]):
    """Makes actions of one type; the payload holds the arguments by name, defaults included."""

    type: str
    match: Callable[[Any], bool]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Action:
        """Raises TypeError for arguments that the slice's function would not take."""
        ...


def make_creator(type: str, fn: Callable[..., Any]) -> ActionCreator[Any]:
    """Compiles the creator of `fn`, whose first parameter is the draft and whose others are the payload.

    Compiled rather than bound at every call, as namedtuple does it: an action then costs a fifth of
    `inspect.Signature.bind`, and Python itself words the TypeError for wrong arguments.

    Raises:
        ActionError: `fn` is no function of a draft, is async, or takes arguments that have no name.
    """
    parameters = _payload_parameters(fn)
    namespace: dict[str, Any] = {"_Action": Action, "_type": type}
    declared, keyword_only = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            declared.append("*")
            keyword_only = True
        declared.append(_declare(parameter, namespace))
    entries = [f"**{p.name}" if p.kind is p.VAR_KEYWORD else f"{p.name!r}: {p.name}" for p in parameters]
    source = f"def {fn.__name__}({', '.join(declared)}):\n    return _Action(_type, {{{', '.join(entries)}}})"
    exec(compile(source, f"<creator of {type}>", "exec"), namespace)  # noqa: S102  made of names that Python has parsed
    creator = namespace[fn.__name__]
    creator.__doc__, creator.__module__, creator.__qualname__ = fn.__doc__, fn.__module__, fn.__qualname__
    creator.type = type
    creator.match = lambda action: getattr(action, "type", None) == type
    return creator  # type: ignore[no-any-return]


def _payload_parameters(fn: Callable[..., Any]) -> list[inspect.Parameter]:
    if not inspect.isfunction(fn) or fn.__name__ == "<lambda>":
        raise ActionError(f"@slice.action takes a named function of (draft, ...), not {fn!r}")
    if inspect.iscoroutinefunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise ActionError(f"{fn.__qualname__} must be a plain function: it computes the next state at once")
    parameters = list(inspect.signature(fn).parameters.values())
    if not parameters or parameters[0].kind not in (parameters[0].POSITIONAL_ONLY, parameters[0].POSITIONAL_OR_KEYWORD):
        raise ActionError(f"{fn.__qualname__} needs the draft as its first parameter, then what the payload holds")
    for parameter in parameters[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise ActionError(
                f"{fn.__qualname__} takes {parameter} without a name; a payload is stored by name, "
                "so give each of its parameters one"
            )
    return parameters[1:]


def _declare(parameter: inspect.Parameter, namespace: dict[str, Any]) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    default = f"_default_{parameter.name}"
    namespace[default] = parameter.default
    return f"{parameter.name}={default}"
