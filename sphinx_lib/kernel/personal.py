"""What is said of persons: fields marked ``Personal`` on the models, and taking them out of what is kept for ever.

Marked are the names, addresses, mail addresses and telephone numbers of parties, their sites and their contacts. A
configuration marks facts and fields of its own with ``personal: true``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel


class Personal:
    """Marks a field that says something of a person: ``Annotated[str, Personal()]``."""


Path = tuple[str | int, ...]
FACTS = "facts."
"""How paths of facts begin that an event asked for."""


class Split(NamedTuple):
    """Values without what they say of persons, and that by its path: ``contacts.0.name``."""

    public: dict[str, Any]
    personal: dict[str, Any]


def split(values: Mapping[str, Any], model: type[BaseModel], custom: Collection[str] = ()) -> Split:
    """``values`` of a record of ``model``; ``custom`` names the personal ones among its custom fields.

    Empty values stay where they are: there is nothing in them to take out.
    """
    more = [("custom", name) for name in sorted(custom)]
    return split_at(values, [*_paths(values, model), *more])


def split_at(values: Mapping[str, Any], paths: Collection[Path]) -> Split:
    """``values`` without what stands at ``paths``, as far as it is there; what is given stays as it is."""
    found: dict[str, Any] = {}
    public = dict(values)
    for path in paths:
        value = _at(values, path)
        if value:
            found[".".join(map(str, path))] = value
            public = _without(public, path)
    return Split(public, found)


def joined(payload: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of an audit entry with the facts about persons that were kept apart from it, by their paths."""
    facts = {path.removeprefix(FACTS): value for path, value in kept.items() if path.startswith(FACTS)}
    return {**payload, "facts": {**payload.get("facts", {}), **facts}} if facts else dict(payload)


@cache
def personal_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of ``model`` itself that are marked."""
    marked = (name for name, field in model.model_fields.items() if any(isinstance(m, Personal) for m in field.metadata))
    return frozenset(marked)


@cache
def _below(model: type[BaseModel]) -> Mapping[str, type[BaseModel]]:
    """The fields of ``model`` that hold models, one or several, with marked fields below them."""
    found = {}
    for name, field in model.model_fields.items():
        named = (field.annotation, *get_args(field.annotation))
        for one in named:
            if isinstance(one, type) and issubclass(one, BaseModel) and (personal_fields(one) or _below(one)):
                found[name] = one
    return found


def _paths(values: Mapping[str, Any], model: type[BaseModel]) -> Iterator[Path]:
    for name in sorted(personal_fields(model)):
        yield (name,)
    for name, inner in sorted(_below(model).items()):
        under = values.get(name)
        if isinstance(under, Mapping):
            yield from ((name, *path) for path in _paths(under, inner))
        elif isinstance(under, list | tuple):
            for place, one in enumerate(under):
                yield from ((name, place, *path) for path in _paths(one, inner))


def _at(values: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int) or (isinstance(values, Mapping) and step in values):
            values = values[step]
        else:
            return None
    return values


def _without(values: Any, path: Path) -> Any:
    """A copy of ``values``, along ``path`` only, in which the last step is missing."""
    step, *rest = path
    if isinstance(step, int):
        return [_without(one, tuple(rest)) if place == step else one for place, one in enumerate(values)]
    if not rest:
        return {name: one for name, one in values.items() if name != step}
    return {**values, step: _without(values[step], tuple(rest))}
