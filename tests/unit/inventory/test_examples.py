"""Every example that a person may copy is right: in the docs, the roles and the inventories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from podstead.document.schema import layer_schema, role_schema
from podstead.document.values import plain
from podstead.document.yaml_document import parse
from podstead.inventory.groups import Inventory
from podstead.inventory.yaml_inventory import add

PROJECT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "docs/decisions/*.md",
        "roles/*/README.md",
        "inventories/*/README.md",
    )
    for path in PROJECT.glob(pattern)
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LAYER = Draft202012Validator(layer_schema())
ROLE = Draft202012Validator(role_schema())


class _Tags(yaml.SafeLoader):
    """Knows Ansible's tags, which are text to a schema."""


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    return loader.construct_scalar(node)


for _tag in ("!vault", "!unsafe"):
    _Tags.add_constructor(_tag, _text)


def blocks() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, found in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")), start=1):
            if found[1] in ("yaml", "yml"):
                yield f"{page.relative_to(PROJECT)}#{number}", found[2]


BLOCKS = dict(blocks())


def layers(name: str, document: Any) -> Iterator[tuple[str, Any]]:
    """The layers in an example: itself, or those of the groups and hosts of an inventory."""
    values = list(document.values())
    if any(isinstance(one, dict) and {"hosts", "children", "vars"} & one.keys() for one in values):
        inventory = Inventory()
        add(inventory, parse(yaml.safe_dump(document), name))
        assert inventory.problems == []
        for group in inventory.groups.values():
            yield from ((group.name, plain(tree)) for tree in group.inline)
        for host, variables in inventory.hosts.items():
            yield from ((host, plain(tree)) for tree in variables.inline)
    else:
        yield name, document


def wrong(validator: Draft202012Validator, document: Any) -> list[str]:
    return [
        f"{'.'.join(map(str, one.absolute_path))}: {one.message}" for one in validator.iter_errors(document)
    ]


def test_there_are_examples_to_check() -> None:
    assert len(BLOCKS) >= 5
    assert {name.partition("#")[0] for name in BLOCKS} >= {
        "README.md",
        "docs/guide.md",
        "docs/inventories.md",
    }


@pytest.mark.parametrize("name", BLOCKS)
def test_every_example_in_the_docs_is_valid(name: str) -> None:
    document = yaml.load(BLOCKS[name], Loader=_Tags)  # noqa: S506 - a SafeLoader with two more tags
    if isinstance(document, list):
        assert name.startswith("docs/ansible.md"), "a playbook of Ansible"
        return
    if "jobs" in document or "script" in next(iter(document.values()), {}):
        return  # of GitHub or GitLab
    found = list(layers(name, document))
    assert found
    for place, layer in found:
        own = {key: value for key, value in layer.items() if key not in ("tags", "override")}
        assert wrong(LAYER, own) == [], place


@pytest.mark.parametrize("path", sorted(PROJECT.glob("roles/*/role.yml")), ids=lambda path: path.parent.name)
def test_every_role_is_valid(path: Path) -> None:
    assert wrong(ROLE, yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "path",
    sorted(PROJECT.glob("inventories/*/*_vars/**/*.yml")),
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_every_layer_of_the_inventories_is_valid_and_known_to_editors(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert wrong(LAYER, yaml.safe_load(text)) == []
    schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert schema, "an editor should know the keys"
    assert (path.parent / schema[1]).is_file()
