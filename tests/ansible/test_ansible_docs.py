"""docs/ansible.md and its playbooks name only what there is; the playbooks pass Ansible's own syntax check."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podstead.cli.main import VERBS
from podstead.inventory.load import load

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "ansible.md").read_text(encoding="utf-8")
PLAYBOOKS = sorted((DOCS / "ansible").glob("*.yml"))
KEYWORDS = {
    "name", "when", "loop", "loop_control", "register", "changed_when", "failed_when", "notify", "vars",
    "delegate_to", "become", "run_once", "check_mode",
}  # fmt: skip


def tasks(document: Any) -> Iterator[dict[str, Any]]:
    for play in document:
        yield from (*play.get("tasks", ()), *play.get("handlers", ()))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_uses_ansibles_own_modules_only(path: Path) -> None:
    for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
        (module,) = task.keys() - KEYWORDS
        assert module.startswith("ansible.builtin."), task["name"]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_ansible_accepts_a_playbook(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "web1,", "--syntax-check", path],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tasks_of_the_page_are_those_of_the_playbook() -> None:
    block = next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "run_once" in text)
    shown = [task["name"] for task in yaml.safe_load(block)]
    real = [
        task["name"]
        for task in tasks(yaml.safe_load((DOCS / "ansible/call-podstead.yml").read_text(encoding="utf-8")))
    ]
    assert shown == real[: len(shown)]


def test_the_inventory_of_the_page_is_one(tmp_path: Path) -> None:
    block = next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "hosts.yml" in text)
    (tmp_path / "hosts.yml").write_text(block, encoding="utf-8")
    assert [len(load([tmp_path / "hosts.yml"])), list(load([tmp_path / "hosts.yml"])[0].spec.users)] == [
        2,
        ["alice"],
    ]


def test_links_lead_somewhere() -> None:
    assert [one for one in re.findall(r"\]\(([^)#]+)", PAGE) if not (DOCS / one).exists()] == []


def test_verbs_and_options_exist() -> None:
    assert set(re.findall(r"podstead ([a-z]+)\b(?= -|`| @|\s+canary| with)", PAGE)) <= set(VERBS)
    help_of = {
        verb: subprocess.run(
            [sys.executable, "-m", "podstead", verb, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for verb in ("apply", "inventory", "verify", "show")
    }
    habits = PAGE.partition("## Habits")[2].partition("## ")[0]
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", habits)) - {
        "--user"
    }  # named because it is refused
    everything = "".join(help_of.values())
    assert {one for one in named if not re.search(rf"(?<![\w-]){one}(?![\w-])", everything)} == set()
