"""The JSON Schema of one layer, for editors."""

from __future__ import annotations

from typing import Any, Final

from podstead.spec import HostSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final = "urn:podstead:layer"


def layer_schema() -> dict[str, Any]:
    """Return the schema of one layer: the host document, of which any part may be left to other layers."""
    schema = HostSpec.model_json_schema(mode="validation")
    _loosen(schema)
    need = schema["properties"]["sysctls"]["patternProperties"]
    for pattern, reference in need.items():
        need[pattern] = {"anyOf": [{"type": "integer"}, {"type": "string"}, reference]}
    schema["patternProperties"] = {
        "^ansible_": {"description": "How a host is reached; for hosts and groups only."}
    }
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        **schema,
        "title": "podstead layer",
        "description": "A fragment of podstead's host document: a role, group_vars, host_vars.",
    }


def _loosen(part: Any) -> None:  # noqa: ANN401 - any piece of a JSON document
    """Let a fragment lack what another layer supplies, and let named things have no other names."""
    if isinstance(part, list):
        for one in part:
            _loosen(one)
    elif isinstance(part, dict):
        if isinstance(part.get("required"), list):
            del part["required"]
        if "patternProperties" in part:
            part.setdefault("additionalProperties", False)
        for one in part.values():
            _loosen(one)
