"""Inventories that nobody wrote: groups in all shapes, variables at every place, read by podstead and by the real Ansible."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from podstead.cli.main import cli
from tests.ansible_view import Said, ask

SEEDS = range(40)
SHAPES = (("--list",), ("--list", "--export"))
NAMES = ("x", "y", "z", "deep")


def variables(random: Random, place: str) -> dict[str, Any]:
    values: tuple[Any, ...] = (
        place,
        len(place),
        None,
        True,
        [place],
        {"at": place, "n": {"m": 1}},
        f"{{{{ {place} }}}}",
    )
    return {name: random.choice(values) for name in NAMES if random.random() < 0.4}


def group(random: Random, name: str, below: list[str], hosts: list[str]) -> dict[str, Any]:
    """One group: it may contain only groups that come later, so there is no circle."""
    found: dict[str, Any] = {"vars": variables(random, name)}
    if random.random() < 0.2:
        found["vars"]["ansible_group_priority"] = random.randint(0, 3)
    for host in hosts:
        if random.random() < 0.35:
            found.setdefault("hosts", {})[host] = variables(random, f"{name}_{host}") or None
    for child in below:
        if random.random() < 0.3:
            found.setdefault("children", {})[child] = None
    return {key: value for key, value in found.items() if value}


def yaml_source(random: Random, groups: list[str], hosts: list[str]) -> str:
    top = {name: group(random, name, groups[number + 1 :], hosts) for number, name in enumerate(groups)}
    order = list(top.items())
    random.shuffle(order)
    document: dict[str, Any] = dict(order)
    if random.random() < 0.5:
        document["all"] = {"vars": variables(random, "all"), "hosts": {random.choice(hosts): None}}
    return yaml.safe_dump(document, sort_keys=False)


def ini_source(random: Random, groups: list[str], hosts: list[str]) -> str:
    lines: list[str] = [random.choice(hosts)]
    sections: list[list[str]] = []
    for number, name in enumerate(groups):
        sections.append(
            [
                f"[{name}]",
                *(
                    f"{host} x={random.choice(['1', 'True', 'text', host])}"
                    for host in hosts
                    if random.random() < 0.4
                ),
            ]
        )
        below = [child for child in groups[number + 1 :] if random.random() < 0.3]
        if below:
            sections.append([f"[{name}:children]", *below])
        if random.random() < 0.6:
            sections.append([f"[{name}:vars]", f"y={random.choice(['[1, 2]', name, '0x1f', 'None'])}"])
    random.shuffle(sections)
    return "\n".join([*lines, *(line for section in sections for line in section)]) + "\n"


def write(folder: Path, seed: int) -> list[str]:
    """Write a project and return its sources."""
    random = Random(seed)  # noqa: S311 - cases, not secrets
    groups = [f"g{number}" for number in range(random.randint(1, 6))]
    hosts = [f"h{number}" for number in range(random.randint(1, 5))]
    sources = []
    for name in ("one", "two")[: random.randint(1, 2)]:
        is_ini = random.random() < 0.4
        source = folder / name / ("hosts.ini" if is_ini else "hosts.yml")
        source.parent.mkdir(parents=True)
        source.write_text((ini_source if is_ini else yaml_source)(random, groups, hosts))
        sources.append(str(source.relative_to(folder)))
        for kind, names in (("group_vars", ["all", "ungrouped", *groups]), ("host_vars", hosts)):
            for one in names:
                if random.random() < 0.4:
                    path = (
                        source.parent / kind / (f"{one}.yml" if random.random() < 0.7 else f"{one}/main.yml")
                    )
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(yaml.safe_dump(variables(random, f"{kind}_{one}")))
    return sources


@pytest.fixture(scope="module")
def answers(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[int, tuple[str, ...]], tuple[Path, list[str], Said]]:
    questions = {}
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp(f"random{seed}")
        sources = [word for source in write(folder, seed) for word in ("-i", source)]
        for shape in SHAPES:
            questions[seed, shape] = (folder, sources, ["ansible-inventory", *sources, *shape])
    said = ask([(words, folder) for folder, _, words in questions.values()])
    return {
        key: (folder, sources, one)
        for (key, (folder, sources, _)), one in zip(questions.items(), said, strict=True)
    }


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
@pytest.mark.parametrize("seed", SEEDS)
def test_any_inventory_is_read_as_ansible_reads_it(
    seed: int,
    shape: tuple[str, ...],
    answers: dict[tuple[int, tuple[str, ...]], tuple[Path, list[str], Said]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, sources, said = answers[seed, shape]
    assert said.code == 0, said.err
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, ["inventory", *sources, *shape], standalone_mode=False)
    assert done.exception is None, f"{done.exception}\n{done.output}"
    assert json.loads(done.stdout) == json.loads(said.out)
