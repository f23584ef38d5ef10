"""What every declared model shares: strictness, yes-or-no values and labels in several languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from sphinx_lib.kernel.inputs import as_flag


class Strict(BaseModel):
    """Unknown keys are errors and loaded values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _label(value: object) -> object:
    if not isinstance(value, str | Mapping):
        raise ValueError("write a text, or one by language such as {en: Screw, fr: Vis}")
    return {"": value} if isinstance(value, str) else value


_LONG = re.compile(r"[0-9]{3}|[{}]")


def place_fault(text: str) -> str:
    """What is wrong with the ``{places}`` of a text; empty when each is a name, or a name with a short format.

    ``{name:>9999}`` would pad the text to any length, and ``{name.attribute}`` would reach into what fills it.
    """
    try:
        places = [(name, spec, turned) for _, name, spec, turned in Formatter().parse(text) if name is not None]
    except ValueError:
        return f"{text!r}: a brace stands alone; write {{{{ or }}}} for one that is printed"
    for name, spec, turned in places:
        if turned or not name.isidentifier():
            return f"{text!r}: a place is a name between braces, as {{number}}"
        if _LONG.search(spec or ""):
            return f"{text!r}: the place {{{name}}} has a format that is none, or is longer than 99 signs"
    return ""


def _placed(label: dict[str, str]) -> dict[str, str]:
    faults = filter(None, map(place_fault, label.values()))
    if fault := next(faults, ""):
        raise ValueError(fault)
    return label


YesNo = Annotated[bool, BeforeValidator(as_flag)]
"""Only ``true`` and ``false``; YAML's yes, on and 1 are refused."""

Label = Annotated[dict[str, str], BeforeValidator(_label)]
"""A text by language code; a plain string stands for every language under the key ``""``."""


PlacedLabel = Annotated[Label, AfterValidator(_placed)]
"""A label whose ``{places}`` are filled by the engine."""


def in_language(label: Mapping[str, str], language: str, default: str = "en") -> str:
    """The text of ``label`` in ``language``, else the plain one, else in ``default``, else any (LG1)."""
    for key in (language, "", default):
        if key in label:
            return label[key]
    return next(iter(label.values()), "")


class Finding(NamedTuple):
    """Something a check found: the path in the merged YAML, what is wrong, the way out.

    ``of_key`` says that the last key of the path is wrong, not what stands behind it; ``facts`` are the figures of the
    message by name, a row for each thing that it tells of.
    """

    path: tuple[str, ...]
    message: str
    hint: str = ""
    warning: bool = False
    of_key: bool = False
    facts: tuple[Mapping[str, Any], ...] = ()
