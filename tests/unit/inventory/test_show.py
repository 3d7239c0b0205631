import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from podstead.document.schema import DIALECT, layer_schema, role_schema
from podstead.document.values import plain
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.show import render_show, show_document


def host(folder: Path) -> ResolvedHost:
    (folder / "hosts.yml").write_text(
        "all: {hosts: {a: {podstead: {session: {linger: false}}}}}", encoding="utf-8"
    )
    extra = [
        "ansible_password=hunter2",
        "ansible_user=me",
        "podstead={users: {'yes': {}}}",
        'podstead={sysctls: {net.x: "a # b"}}',
    ]
    return load([folder], extra_vars=extra)[0]


def test_each_value_is_followed_by_its_place(tmp_path: Path) -> None:
    lines = render_show(host(tmp_path)).splitlines()
    assert lines[0] == "# a: ssh me@a"
    (linger,) = (line for line in lines if "linger" in line)
    assert linger.split("#")[0].strip() == "linger: false"
    place, _, replaced = linger.split("#")[1].partition(" (replaces ")
    assert place.strip() == f"{tmp_path}/hosts.yml:1"
    assert replaced.endswith("roles/rootless-podman/role.yml:19)")


def test_the_text_is_the_document_in_yaml(tmp_path: Path) -> None:
    shown = host(tmp_path)
    for with_origins in (True, False):
        assert yaml.safe_load(render_show(shown, with_origins=with_origins)) == plain(shown.tree)


def test_origins_can_be_left_out(tmp_path: Path) -> None:
    assert "role.yml" not in render_show(host(tmp_path), with_origins=False)


def test_the_plain_document_is_json_without_passwords(tmp_path: Path) -> None:
    document = show_document(host(tmp_path))
    text = json.dumps(document)
    assert "hunter2" not in text
    assert document["connection"]["password_is_set"] is True
    linger = next(one for one in document["origins"] if one["path"] == ["session", "linger"])
    assert (linger["file"], linger["line"], len(linger["replaces"])) == (f"{tmp_path}/hosts.yml", 1, 1)


def test_the_schema_describes_one_layer() -> None:
    schema = layer_schema()
    assert schema["$schema"] == DIALECT
    assert "^ansible_" in schema["patternProperties"]
    assert '"required"' not in json.dumps(schema)
    document = schema["properties"]["podstead"]
    assert document["additionalProperties"] is False
    (need,) = document["properties"]["sysctls"]["anyOf"][0]["patternProperties"].values()
    assert {"type": "integer"} in need["anyOf"]
    users = document["properties"]["users"]["anyOf"][0]
    assert users["additionalProperties"] is False


def judged(schema: dict[str, Any], document: object) -> list[str]:
    validator = Draft202012Validator(schema)
    return [".".join(map(str, error.absolute_path)) for error in validator.iter_errors(document)]


def test_a_layer_may_hold_variables_and_templates_and_nothing_misspelt_below_a_key() -> None:
    good = {
        "my_variable": [1],
        "ansible_port": 22,
        "users": ["bob"],
        "podstead": {
            "subids": {"count": "{{ ids }}", "allocation": "{% if x %}by-uid{% endif %}"},
            "session": "{{ session_of_site }}",
            "users": {"alice": {"linger": "{{ yes }}", "subuid": {"start": 600000}}},
            "sysctls": {"a.b": 5, "c.d": {"at_least": "{{ n }}"}},
        },
    }
    assert judged(layer_schema(), good) == []
    for document, place in (
        ({"subids": {"count": "many"}}, "podstead.subids"),
        ({"users": {"alice": {"lingr": True}}}, "podstead.users"),
        ({"usres": {}}, "podstead"),
        (["users"], "podstead"),
    ):
        assert judged(layer_schema(), {"podstead": document}) == [place]


def test_a_role_holds_nothing_but_the_document_and_its_own_keys() -> None:
    assert judged(role_schema(), {"roles": ["base"], "tags": {"net": ["sysctls"]}, "override": True}) == []
    for wrong in ({"my_variable": 1}, {"ansible_port": 22}, {"tags": ["net"]}, {"override": "yes"}):
        assert judged(role_schema(), wrong)
