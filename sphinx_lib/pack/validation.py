"""pydantic's findings in our words: what is wrong, and the nearest known key."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sphinx_lib.kernel.names import seen
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.base import Finding

_DATE = ("{value} is not a date", "write it as 2026-03-31")
_NUMBER = ("{value} is not a number", "write digits and one point, as 1250.50")
_WHOLE = ("{value} is not a whole number", "write it without a point, as 30")
_YES_NO = ("{value} is neither true nor false", "write true or false")
_MESSAGES = {
    "missing": ("the key {key!r} is missing", ""),
    "extra_forbidden": ("unknown key {key!r}", ""),
    "literal_error": ("{value} is not one of {expected}", ""),
    "string_type": ("a text is expected here", ""),
    "dict_type": ("a mapping is expected here", ""),
    "model_type": ("a mapping is expected here", ""),
    "tuple_type": ("a list is expected here", ""),
    "list_type": ("a list is expected here", ""),
    "date": _DATE,
    "decimal": _NUMBER,
    "int": _WHOLE,
    "bool": _YES_NO,
    "decimal_max_places": ("{number} has more than {decimal_places} decimals", "round it"),
    "greater_than": ("{number} is not above {gt}", ""),
    "greater_than_equal": ("{number} is below {ge}", ""),
    "less_than": ("{number} is not below {lt}", ""),
    "less_than_equal": ("{number} is above {le}", ""),
    "string_too_short": ("the text has too few letters: at least {min_length}", ""),
    "string_too_long": ("the text has too many letters: at most {max_length}", "shorten it"),
    "string_unicode": ("the text is not valid Unicode: it holds half of a surrogate pair", "decode it again"),
    "string_pattern_mismatch": ("{value} does not have the form {form}", ""),
    "too_short": ("it holds {actual_length}, and needs {min_length} at least", ""),
    "too_long": ("it holds {actual_length}, and may hold {max_length} at most", ""),
}
"""What is told, and the way out, by pydantic's type of error, or by the word that several types begin with."""


_FORMS = {
    r"^[A-Z]{2}$": "of a country, two capital letters such as FR",
    r"^\d\d-\d\d$": "of a month and a day, such as 01-01",
    r"^[0-9][0-9A-Za-z]{2,14}$": "of an account, a digit and 2 to 14 digits or letters such as 411000",
    r"^[^\x00]*$": "of a text, which may not hold the character NUL",
    r"^[0-9A-Z]{1,6}$": "of a journal, 1 to 6 digits or capital letters such as VE",
}
"""How the patterns of the models read."""


def findings_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Finding]:
    """One finding for each of pydantic's, with its path in the YAML."""
    for item in error.errors(include_url=False, include_input=True):
        path, owner = _walk(item["loc"], model)
        key = str(path[-1]) if path else ""
        kind = item["type"]
        message, hint = _said(item, key)
        of_key = kind == "extra_forbidden"
        if kind == "extra_forbidden" and owner is not None:
            names = [info.alias or name for name, info in owner.model_fields.items()]
            known = "known: " + ", ".join(sorted(names)) if names else ""
            hint = did_you_mean(key, names).removeprefix("; ") or known
        elif kind == "missing":
            path = path[:-1]
            if key.isdecimal():
                message = f"value {int(key) + 1} of the list is missing"
        elif kind == "literal_error":
            hint = did_you_mean(seen(item["input"]).strip("'"), _choices(item)).removeprefix("; ")
        yield Finding(tuple(str(part) for part in path), message, hint, of_key=of_key)


def _said(item: Any, key: str) -> tuple[str, str]:
    """The message and the hint for an error; one that our validators raised has its own."""
    kind = item["type"]
    said = _MESSAGES.get(kind) or _MESSAGES.get(kind.split("_")[0])
    if said is None:
        return item["msg"].removeprefix("Value error, "), ""
    given = item["input"]
    facts = {"key": key, "value": seen(given), "number": seen(given).strip("'"), **item.get("ctx", {})}
    facts["form"] = _FORMS.get(facts.get("pattern", ""), facts.get("pattern"))
    return said[0].format_map(facts), said[1]


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
    if get_origin(annotation) in (Union, UnionType):
        return next((_inner(one) for one in get_args(annotation) if one is not type(None)), None)
    arguments = get_args(annotation)
    return arguments[-1] if arguments and arguments[-1] is not Ellipsis else (arguments[0] if arguments else None)
