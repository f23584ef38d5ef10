"""pydantic's findings in our words: what is wrong, and the nearest known key."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Finding

_MESSAGES = {
    "missing": "this key is missing",
    "extra_forbidden": "unknown key {key!r}",
    "string_type": "a text is expected here",
    "dict_type": "a mapping is expected here",
    "model_type": "a mapping is expected here",
    "tuple_type": "a list is expected here",
    "list_type": "a list is expected here",
}


def findings_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Finding]:
    """One finding for each of pydantic's, with its path in the YAML."""
    for item in error.errors(include_url=False, include_input=True):
        path, owner = _walk(item["loc"], model)
        key = str(path[-1]) if path else ""
        kind = item["type"]
        known_as = _MESSAGES.get(kind)
        message = known_as.format(key=key) if known_as else item["msg"].removeprefix("Value error, ")
        hint, of_key = "", kind == "extra_forbidden"
        if kind == "extra_forbidden" and owner is not None:
            names = [info.alias or name for name, info in owner.model_fields.items()]
            known = "known: " + ", ".join(sorted(names)) if names else ""
            hint = did_you_mean(key, names).removeprefix("; ") or known
        elif kind == "missing":
            path = path[:-1]
            message = f"the key {key!r} is missing"
        elif kind == "literal_error":
            hint = did_you_mean(str(item["input"]), _choices(item)).removeprefix("; ")
            message = f"{item['input']!r} is not one of {item['ctx']['expected']}"
        yield Finding(tuple(str(part) for part in path), message, hint, of_key=of_key)


def _choices(item: Any) -> list[str]:
    return [part.strip(" '") for part in str(item["ctx"]["expected"]).replace(" or ", ",").split(",")]


def _walk(loc: tuple[Any, ...], model: type[BaseModel]) -> tuple[tuple[str | int, ...], type[BaseModel] | None]:
    """The YAML path of a pydantic location (without its own marks such as ``[key]``), and the model at its end."""
    path: list[str | int] = []
    current: Any = model
    owner: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, str) and (part.startswith("function-") or part == "[key]" or "[" in part):
            continue
        path.append(part)
        models = _models(current)
        owner = models[0] if models else None
        if owner is not None:
            field = next((info for name, info in owner.model_fields.items() if part in (name, info.alias)), None)
            current = field.annotation if field else None
        else:
            current = _inner(current)
    return tuple(path), owner


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType) or annotation.__class__.__name__ == "_AnnotatedAlias":
        return [found for option in get_args(annotation) for found in _models(option)]
    return []


def _inner(annotation: Any) -> Any:
    """What a mapping or list holds."""
    if annotation.__class__.__name__ == "_AnnotatedAlias":
        return _inner(get_args(annotation)[0])
    arguments = get_args(annotation)
    return arguments[-1] if arguments and arguments[-1] is not Ellipsis else (arguments[0] if arguments else None)
