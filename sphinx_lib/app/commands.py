"""Every public method that passes the gate, with the JSON Schema of what it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind, models_json_schema
from pydantic_core import PydanticOmit
from pydantic_core.core_schema import CoreSchema

from sphinx_lib.app.gate import Gate
from sphinx_lib.app.session import Session
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.app.views import Views
from sphinx_lib.store.master import TABLES

_OWNERS: Mapping[str, type] = {"session": Session, "views": Views, "app": Sphinx}
_REF = "#/$defs/{model}"


class _Plain(GenerateJsonSchema):
    """What a program hands over, such as an actor or a function, has no JSON and is left out."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012 - pydantic declares it so
        "non-serializable-default", "skipped-choice",
    }  # fmt: skip

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:
        raise PydanticOmit


def commands() -> dict[str, Gate[..., Any]]:
    """The gates by the name of their command, such as ``session.create``, in the order in which they are written."""
    found: dict[str, Gate[..., Any]] = {}
    for owner, of_class in _OWNERS.items():
        names = {name: None for each in reversed(of_class.__mro__) for name in vars(each)}
        gates = ((name, getattr(getattr(of_class, name), "__gate__", None)) for name in names)
        found |= {f"{owner}.{name}": gate for name, gate in gates if gate is not None}
    return found


def command_schemas() -> dict[str, Any]:
    """The JSON Schema of the arguments of every command, by name, with the models that they share under ``$defs``.

    ``session.put`` has one for each kind of record, as ``session.put.customer``.
    """
    gates = commands()
    models = {f"{name}": gate.model for name, gate in gates.items()}
    more = {name: gate.more for name, gate in gates.items() if gate.more is not None}
    records = {f"session.put.{kind}": model for kind, (_, model) in TABLES.items()}
    wanted = [(model, "validation") for model in dict.fromkeys([*models.values(), *more.values(), *records.values()])]
    places, definitions = models_json_schema(wanted, ref_template=_REF, schema_generator=_Plain)  # type: ignore[arg-type]
    shared = dict(definitions["$defs"])

    def of(model: Any) -> str:
        return str(places[model, "validation"]["$ref"]).rsplit("/", 1)[1]

    found: dict[str, Any] = {}
    own = {of(model) for model in models.values()}
    for name, model in models.items():
        schema = dict(shared[of(model)])
        if name in more:
            passed_on = shared[of(more[name])]
            schema["properties"] = {**schema.get("properties", {}), **passed_on["properties"]}
            schema["additionalProperties"] = passed_on.get("additionalProperties", False)
        elif gates[name].takes_more:
            schema["additionalProperties"] = True
        found[name] = {**schema, "title": name}
    for name, model in records.items():
        row = {"$ref": _REF.format(model=of(model))}
        kind = {"const": name.rpartition(".")[2]}
        found[name] = {
            "title": name, "type": "object", "required": ["kind", "rows"], "additionalProperties": False,
            "properties": {"kind": kind, "rows": {"type": "array", "items": row}},
        }  # fmt: skip
    del found["session.put"]
    return {**found, "$defs": {name: one for name, one in shared.items() if name not in own}}


def json_schema() -> str:
    """The schemas as JSON text, a property for each command."""
    schemas = command_schemas()
    shared = schemas.pop("$defs")
    whole = {"title": "sphinx_lib commands", "type": "object", "properties": schemas, "$defs": shared}
    return json.dumps(whole, indent=2, ensure_ascii=False, sort_keys=True, default=str) + "\n"
