import json
from pathlib import Path

import yaml

from podstead.inventory import ResolvedHost, load
from podstead.nodes import plain
from podstead.schema import DIALECT, layer_schema
from podstead.show import render_show, show_document


def host(folder: Path) -> ResolvedHost:
    (folder / "hosts.yml").write_text("all: {hosts: {a: {session: {linger: false}}}}", encoding="utf-8")
    extra = ["ansible_password=hunter2", "ansible_user=me", "users={'yes': {}}", 'sysctls={net.x: "a # b"}']
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
    assert schema["additionalProperties"] is False
    assert "^ansible_" in schema["patternProperties"]
    assert '"required"' not in json.dumps(schema)
    (need,) = schema["properties"]["sysctls"]["patternProperties"].values()
    assert {"type": "integer"} in need["anyOf"]
    assert schema["properties"]["users"]["additionalProperties"] is False
