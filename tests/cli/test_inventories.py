"""The example inventories: each is a valid project by itself, and its README names only what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from podstead.cli.main import VERBS
from podstead.document.schema import layer_schema
from podstead.inventory.load import load

ROOT = Path(__file__).parents[2]
NAMES = ("local", "fleet", "ci")
LAYERS = sorted((ROOT / "inventories").glob("*/*_vars/*.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_beside_it_name_the_inventory(name: str) -> None:
    folder = ROOT / "inventories" / name
    done = subprocess.run(
        [sys.executable, "-m", "podstead", "check", "--list-hosts"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    hosts = load([folder])
    assert all(host.name in done.stdout for host in hosts)
    assert len(hosts) in (1, 4)


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_layer_is_valid_for_the_editor_that_its_first_line_speaks_to(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    match = re.match(r"# yaml-language-server: \$schema=(.+)\n", text)
    assert match
    assert (path.parent / match[1]).resolve() == ROOT / "docs/reference/layer.schema.json"
    jsonschema.Draft202012Validator(layer_schema()).validate(yaml.safe_load(text))


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_names_verbs_and_files_that_exist(name: str) -> None:
    folder = ROOT / "inventories" / name
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^podstead ([a-z]+)", text, re.MULTILINE)) <= set(VERBS)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (folder / target).is_file(), target


def test_each_uses_the_role_that_is_made_for_it() -> None:
    roles = {name: load([ROOT / "inventories" / name])[0].spec.roles for name in NAMES}
    assert roles == {"local": ("developer-vm",), "fleet": ("fleet-node",), "ci": ("ci-runner",)}
