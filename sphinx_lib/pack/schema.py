"""The JSON Schema of the configuration, for editors that complete and check YAML while it is written."""

from __future__ import annotations

import json
from typing import Any

from sphinx_lib.pack.models import PackModel

_SHORT = {"from", "to", "in", "by", "ask", "guards", "requires", "effects", "reasons", "sees", "choices", "waits_for"}


def json_schema() -> str:
    """The schema as JSON text. Every section is optional, as a layer sets only what it changes."""
    schema = PackModel.model_json_schema(by_alias=True)
    schema["title"] = "sphinx_lib configuration layer"
    schema.pop("required", None)
    for definition in schema.get("$defs", {}).values():
        definition.pop("required", None)
        for name, field in definition.get("properties", {}).items():
            if name in _SHORT:
                definition["properties"][name] = _or_short(field)
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _or_short(field: dict[str, Any]) -> dict[str, Any]:
    """A list of ids, or one id, is short for a mapping of ids (workflow-shape rule 2)."""
    short = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    return {"anyOf": [field, *short]}
