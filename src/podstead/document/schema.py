"""The JSON Schemas of a layer and of a role, for editors."""

from __future__ import annotations

from typing import Any, Final

from podstead.document.layers import DOCUMENT
from podstead.document.spec import HostSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final = "urn:podstead:layer"
ROLE_IDENTIFIER: Final = "urn:podstead:role"
_TEMPLATE: Final = {"type": "string", "pattern": r"\{[{%#]", "description": "Jinja2, rendered for each host."}
_NO_TEXT: Final = ("integer", "boolean", "number", "array", "object")


def layer_schema() -> dict[str, Any]:
    """Return the schema of one file of variables: under ``podstead`` a host document, of which any part may be left to others.

    Other keys at the top are variables of the user's own.
    """
    document = _fragment()
    document["properties"]["roles"] = _plain_roles(document)
    document["title"], document["description"] = "host document", "What a host should be: a layer of it."
    schema = {
        "type": "object",
        "properties": {DOCUMENT: document},
        "patternProperties": {"^ansible_": {"description": "How a host is reached."}},
        "additionalProperties": True,
        "$defs": document.pop("$defs"),
    }
    return _named(schema, IDENTIFIER, "layer", "A file of variables: group_vars, host_vars, -e @FILE.")


def role_schema() -> dict[str, Any]:
    """Return the schema of a role.yml: a fragment of the host document, roles that it needs, tags, override."""
    schema = _fragment()
    schema["properties"]["roles"] = _plain_roles(schema) | {"description": "Roles that come before this one."}
    schema["properties"] |= {
        "tags": {
            "type": "object",
            "description": "The role's own tags: for each tag, the parts or the ids of changes that --tags NAME selects.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "override": {"type": "boolean", "description": "Replace the built-in role of this name."},
    }
    schema["additionalProperties"] = False
    return _named(schema, ROLE_IDENTIFIER, "role", "roles/NAME/role.yml: a named layer.")


def _named(schema: dict[str, Any], identifier: str, title: str, description: str) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": identifier}
    return {**head, **schema, "title": f"podstead {title}", "description": description}


def _fragment() -> dict[str, Any]:
    schema = HostSpec.model_json_schema(mode="validation")
    _loosen(schema)
    need = schema["properties"]["sysctls"]["patternProperties"]
    for pattern, reference in need.items():
        need[pattern] = {"anyOf": [{"type": "integer"}, {"type": "string"}, reference]}
    for part in (schema, *schema["$defs"].values()):
        part["properties"] = {key: _or_template(subschema) for key, subschema in part["properties"].items()}
    return schema


def _plain_roles(schema: dict[str, Any]) -> dict[str, Any]:
    """Roles decide which layers there are, so they are no templates."""
    found: dict[str, Any] = schema["properties"]["roles"]
    return found["anyOf"][0] if "anyOf" in found else found


def _or_template(part: dict[str, Any]) -> dict[str, Any]:
    """Let a value that is no text be a template."""
    if part.get("type") not in _NO_TEXT and "$ref" not in part and "enum" not in part and "anyOf" not in part:
        return part
    notes: dict[str, Any] = {key: part[key] for key in ("description", "default", "title") if key in part}
    if "anyOf" in part:
        return {**notes, "anyOf": [*part["anyOf"], _TEMPLATE]}
    return {**notes, "anyOf": [{key: value for key, value in part.items() if key not in notes}, _TEMPLATE]}


def _loosen(part: Any) -> None:  # noqa: ANN401 - any piece of a JSON document
    """Let a fragment lack what another layer supplies, and let named things have no other names."""
    if isinstance(part, list):
        for child in part:
            _loosen(child)
    elif isinstance(part, dict):
        if isinstance(part.get("required"), list):
            del part["required"]
        if "patternProperties" in part:
            part.setdefault("additionalProperties", False)
        for child in part.values():
            _loosen(child)
