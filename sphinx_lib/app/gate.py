"""The gate: what is given to a public method is read in its exact types before anything happens.

The annotations of the method say what it takes (``kernel/inputs.py``); what is wrong is raised as one InputError, with the
argument, the row and the field of each problem. The same annotations give the JSON Schema of the command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from inspect import Parameter, signature
from types import SimpleNamespace
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.validation import findings_of

P = ParamSpec("P")
R = TypeVar("R")
_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Gate(Generic[P, R]):
    """What a method takes; ``model`` is made when it is first called."""

    def __init__(self, function: Callable[P, R], more: type[BaseModel] | None) -> None:
        self.function, self.more = function, more
        parameters = list(signature(function).parameters.values())[1:]
        self.parameters = [one for one in parameters if one.kind is not Parameter.VAR_KEYWORD]
        self.takes_more = len(self.parameters) < len(parameters)
        self.positional = tuple(one.name for one in self.parameters if one.kind in _BY_POSITION)
        self.names = frozenset(one.name for one in self.parameters)

    @cached_property
    def model(self) -> type[BaseModel]:
        """The arguments, those that a method passes on as ``**`` aside."""
        wanted = SimpleNamespace(__annotations__={one.name: one.annotation for one in self.parameters})
        hints = get_type_hints(wanted, vars(sys.modules[self.function.__module__]), include_extras=True)
        fields: dict[str, Any] = {
            one.name: (hints[one.name], ... if one.default is Parameter.empty else one.default) for one in self.parameters
        }
        return create_model(self.function.__name__, __base__=_Arguments, **fields)

    @cached_property
    def _validate(self) -> Callable[[Any], BaseModel]:
        return self.model.__pydantic_validator__.validate_python

    def read(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name in their exact types, those alone that were given. Raises InputError."""
        given = dict(zip(self.positional, args, strict=False))
        if len(args) > len(self.positional) or not given.keys().isdisjoint(named):
            signature(self.function).bind(None, *args, **named)  # says in Python's words what is wrong with the call
        if self.takes_more:
            more = {name: value for name, value in named.items() if name not in self.names}
            given |= {name: value for name, value in named.items() if name in self.names}
        else:
            more = {}
            given |= named
        try:
            read = self._validate(given)
        except ValidationError as error:
            raise InputError(problems_of(error, self.model)) from None
        values = read.__dict__
        return {name: values[name] for name in read.model_fields_set} | more


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """A public method whose arguments pass the gate."""
    return checked_with(None)(function)


def checked_with(more: type[BaseModel] | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The same, for a method whose ``**`` arguments are fields of the model ``more``, which it reads itself."""

    def wrapped(function: Callable[P, R]) -> Callable[P, R]:
        gate = Gate(function, more)

        @wraps(function)
        def passed(*args: P.args, **named: P.kwargs) -> R:
            return function(args[0], **gate.read(args[1:], named))  # type: ignore[arg-type]

        passed.__gate__ = gate  # type: ignore[attr-defined]
        return passed

    return wrapped


def problems_of(error: ValidationError, model: type[BaseModel], where: str = "", *, first: int = 1) -> list[str]:
    """What pydantic found, in our words: the place, what is wrong, what to write.

    Lists are counted from ``first``: from 1 by people, from 0 as the configuration counts its own.
    """
    problems = []
    for finding in findings_of(error, model):
        place = ".".join(str(int(part) + first) if part.isdecimal() else part for part in finding.path)
        hint = f"; {finding.hint}" if finding.hint else ""
        problems.append(f"{where}{place + ': ' if place else ''}{finding.message}{hint}")
    return problems


def read_fields(model: type[BaseModel], given: Mapping[str, Any], problems: list[str], where: str = "") -> dict[str, Any]:
    """Fields of ``model`` in their types, those that say something; what is wrong is added to ``problems``."""
    try:
        read = model.__pydantic_validator__.validate_python(dict(given))
    except ValidationError as error:
        problems += problems_of(error, model, where)
        return {}
    values = read.__dict__
    return {name: values[name] for name in read.model_fields_set if values[name] is not None}
