"""The built-in roles: each is a valid layer, explained key by key, and uses nothing that Podman 4.3 does not know."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
NAMES = sorted(path.parent.name for path in ROLES.glob("*/role.yml"))
NOT_SETTINGS = ("roles", "tags", "override")

CONTAINERS_CONF = {
    "containers": {"log_driver", "log_size_max", "pids_limit", "tz"},
    "engine": {"events_logger", "image_parallel_copies", "stop_timeout"},
}
"""Keys of containers.conf(5) that were read in the man pages of both Podman 4.3 (Debian 12) and 5.4 (Debian 13)."""


def role(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROLES / name / "role.yml").read_text(encoding="utf-8"))
    return read


def readme(name: str) -> str:
    return (ROLES / name / "README.md").read_text(encoding="utf-8")


def settings(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The keys that a role sets; what a sysctl must satisfy is one value."""
    for key, value in tree.items():
        if not path and key in NOT_SETTINGS:
            continue
        place = f"{path}.{key}".lstrip(".")
        if isinstance(value, Mapping) and value and path != "sysctls":
            yield from settings(value, place)
        else:
            yield place


@pytest.fixture(scope="module")
def schema() -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "podstead", "schema", "role"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_there_is_a_role_for_each_kind_of_host() -> None:
    assert NAMES == ["ci-runner", "developer-vm", "fleet-node", "rootless-podman"]


@pytest.mark.parametrize("name", NAMES)
def test_a_role_is_valid_by_the_schema_that_editors_use(name: str, schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(role(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_leads_editors_to_the_schema(name: str) -> None:
    line = re.match(r"# yaml-language-server: \$schema=(.+)\n", (ROLES / name / "role.yml").read_text())
    assert line
    assert (ROLES / name / line[1]).resolve().is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_of_a_role_is_explained(name: str) -> None:
    for tag, parts in role(name).get("tags", {}).items():
        assert f"`{tag}` (" in readme(name)
        assert all(part in readme(name) for part in parts)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_role_is_explained_and_no_other(name: str) -> None:
    explained = set(re.findall(r"^\| `([^`]+)` \| \S", readme(name), re.MULTILINE))
    assert explained == set(settings(role(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_says_how_to_use_it_and_what_it_does_not_do(name: str) -> None:
    text = readme(name)
    assert text.startswith(f"# {name}\n")
    assert "## What it does not do" in text
    assert re.search(r"```(sh|yaml)\n", text)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_in_a_readme_are_those_of_the_role(name: str) -> None:
    rows = dict(re.findall(r"^\| `sysctls\.([^`]+)` \| (.*) \|$", readme(name), re.MULTILINE))
    for key, need in role(name)["sysctls"].items():
        words = [str(need)] if isinstance(need, int) else [f"`{kind}`" for kind in need]
        numbers = [] if isinstance(need, int) else re.findall(r"\d+", str(list(need.values())))
        for word in (*words, *numbers):
            assert word in rows[key], f"{key}: {word}"


@pytest.mark.parametrize("name", NAMES)
def test_engine_settings_are_known_to_every_podman_that_is_supported(name: str) -> None:
    for table, keys in role(name).get("engine", {}).items():
        assert set(keys) <= CONTAINERS_CONF[table]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"rootless-podman"}))
def test_other_roles_start_from_the_base(name: str) -> None:
    assert role(name)["roles"] == ["rootless-podman"]
