"""Writes what follows from the models of input: docs/reference/commands.md and sphinx_lib/app/header.py.

Run it after a change of sphinx_lib/app/inputs.py or of the arguments of a command; tests/test_inputs.py compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from sphinx_lib.app.commands import command_schemas, commands
from sphinx_lib.app.inputs import AdjustmentFields, HeaderFields, LineFields, LotRow, RunOptions

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/commands.md"
MODULE = ROOT / "sphinx_lib/app/header.py"

TYPED_DICTS: tuple[tuple[str, type[BaseModel], frozenset[str]], ...] = (
    ("Header", HeaderFields, frozenset()),
    ("PaymentHeader", HeaderFields, frozenset({"method", "amount"})),  # which Session.pay names itself
    ("LotGiven", LotRow, frozenset()),
    ("LineGiven", LineFields, frozenset()),
    ("Adjustment", AdjustmentFields, frozenset()),
    ("Options", RunOptions, frozenset()),
)
_NAMES = {LotRow: "LotGiven"}
_WRITTEN = {Decimal: "Decimal | int | str", date: "Day | str", str: "str", bool: "bool", int: "int", Any: "Any"}
_HEAD = '''"""What may be given by name, typed for editors. Written by scripts/write_inputs.py from ``app/inputs.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date as Day
from decimal import Decimal
from typing import Any, TypedDict
'''


def module() -> str:
    """The text of sphinx_lib/app/header.py."""
    parts = [_HEAD]
    for name, model, without in TYPED_DICTS:
        doc = (model.__doc__ or "").strip().splitlines()[0]
        fields = [(field, info.annotation) for field, info in model.model_fields.items() if field not in without]
        rows = [f"    {field}: {_type(annotation)}\n" for field, annotation in fields]
        parts.append(f'\n\nclass {name}(TypedDict, total=False):\n    """{doc}"""\n\n{"".join(rows)}')
    return "".join(parts)


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(_type(one) for one in arguments))
    if annotation is type(None):
        return "None"
    if annotation.__class__.__name__ == "_AnnotatedAlias":
        given = getattr(annotation, "__metadata__", ())
        several = any("str" in str(getattr(one, "json_schema_input_type", "")) for one in given) and get_origin(
            arguments[0]
        )
        return f"str | {_type(arguments[0])}" if several and _type(arguments[0]) == "Sequence[str]" else _type(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _NAMES[annotation]
    if origin is not None:
        inner = ", ".join(_type(one) if one is not Ellipsis else "..." for one in arguments if not isinstance(one, list))
        name = str(getattr(origin, "__name__", origin))
        return "Callable[..., Any]" if name == "Callable" else f"{name}[{inner}]"
    return _WRITTEN[annotation]


# -- the page ------------------------------------------------------------------------------------------------------------

_INTRODUCTION = """# Commands

What the commands and read models of the library take. This page is written by `scripts/write_inputs.py` from the annotations
that the library checks by; `sphinx-lib schema commands` prints the same as JSON Schema.

Everything given is checked before anything happens. What is wrong is told all at once by one `InputError`, whose `problems`
name the argument, the row and the field, what is wrong, and what to write instead; the tables stay as they are.

| Written here | Is given as |
|---|---|
| text | a text without the character NUL, of valid Unicode, at most as long as its column |
| number | a text of digits and one point (`"12.50"`), a whole number or a `Decimal`; never a float, never true or false |
| date | a `date`, or a text such as `2026-03-31`; of the years 1900 to 2999 |
| true/false | one of these, or its name as a text; never 1 or 0 |
| id | 32 hexadecimal digits, or a UUID with its dashes |
| list of … | a list or a tuple; never a text or a mapping |
| mapping | keys are texts |

A document is dated at most five years ahead; promised dates and expiries may be later. Codes that are looked up (parties,
items, deals, contacts, languages, payment methods and terms, warehouses) must exist, else the nearest known name is told.

Fields that the configuration declares for a type are given beside the others by name, or all together as `custom={…}`.
"""


def page() -> str:
    """The text of docs/reference/commands.md."""
    return "\n".join([_INTRODUCTION, *_models(), *_commands(), *_records()])


def _models() -> Iterator[str]:
    yield "## Fields\n"
    schemas = command_schemas()["$defs"]
    for title, model in (
        ("The head of a document", HeaderFields), ("A line", LineFields), ("A row of `lots`", LotRow),
        ("An adjustment of stock", AdjustmentFields), ("Options of a batch", RunOptions),
    ):  # fmt: skip
        yield f"### {title}\n\n{(model.__doc__ or '').strip()}\n"
        yield "| Field | Takes | |\n|---|---|---|"
        for name, schema in schemas[model.__name__]["properties"].items():
            yield f"| `{name}` | {_said(schema)} | {schema.get('description', '')} |"
        yield ""


def _commands() -> Iterator[str]:
    schemas, owner = command_schemas(), ""
    titles = {"session": "## Session", "views": "## Views", "app": "## Sphinx"}
    for name, gate in commands().items():
        of, _, method = name.partition(".")
        if of == "views" and f"session.{method}" in schemas and method in ("preview", "preview_edit", "quote_line"):
            continue  # the same as in a session
        if of != owner:
            owner = of
            yield f"{titles[of]}\n"
        doc = (gate.function.__doc__ or "").strip().splitlines()[0]
        yield f"### `{name}`\n\n{doc}\n"
        schema = schemas.get(name, _PUT)
        own = {key: one for key, one in schema["properties"].items() if key in gate.names}
        if own:
            yield "| Argument | Takes |\n|---|---|"
            required = schema.get("required", ())
            for key, one in own.items():
                yield f"| `{key}`{' (needed)' if key in required else ''} | {_said(one)} |"
            yield ""
        if gate.more is not None:
            yield f"And by name {_MORE[gate.more.__name__]}.\n"


_PUT: Mapping[str, Any] = {
    "properties": {"kind": {"type": "string"}, "rows": {"type": "array", "items": {"type": "object"}}},
    "required": ["kind", "rows"],
}
_MORE = {
    "HeaderFields": "the fields of [the head](#the-head-of-a-document)",
    "QuotedFields": "the fields of [the head](#the-head-of-a-document) and of [a line](#a-line)",
    "AdjustmentFields": "the fields of [an adjustment](#an-adjustment-of-stock)",
    "RunOptions": "the [options of a batch](#options-of-a-batch)",
}


def _records() -> Iterator[str]:
    yield "## Records\n\nRows of `session.put`, by kind.\n"
    schemas = command_schemas()
    for name, schema in schemas.items():
        if not name.startswith("session.put."):
            continue
        row = schemas["$defs"][schema["properties"]["rows"]["items"]["$ref"].rsplit("/", 1)[1]]
        yield f"### `{name.rpartition('.')[2]}`\n"
        yield "| Field | Takes |\n|---|---|"
        for key, one in row["properties"].items():
            needed = " (needed)" if key in row.get("required", ()) and key != "code" else ""
            yield f"| `{key}`{needed} | {_said(one)} |"
        yield ""


def _said(schema: Mapping[str, Any]) -> str:
    """What a field takes, in words."""
    if "$ref" in schema:
        return {"LotRow": "a row of `lots`", "LineFields": "a line"}.get(schema["$ref"].rsplit("/", 1)[1], "mapping")
    if "const" in schema or "enum" in schema:
        return "one of " + ", ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]) if one)
    if "anyOf" in schema:
        parts = [_said(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return "number" if set(parts) == {"number", "whole number"} else " or ".join(dict.fromkeys(parts))
    kind, pattern = schema.get("type"), schema.get("pattern", "")
    if kind == "array":
        inner = _said(schema.get("items") or {})
        return f"list of {inner}" if inner != "anything" else "list"
    if kind == "string":
        if pattern.startswith("^[0-9a-f]"):
            return "id"
        if pattern.startswith("^[+-]"):
            return "number"
        if schema.get("format") == "date" or pattern.startswith("^(19"):
            return "date"
        return f"text of {schema['maxLength']}" if "maxLength" in schema else "text"
    return {"integer": "whole number", "boolean": "true/false", "object": "mapping"}.get(str(kind), "anything")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    MODULE.write_text(module(), encoding="utf-8")
