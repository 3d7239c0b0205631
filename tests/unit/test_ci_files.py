"""What other projects include in their CI: good by the public schemas, and every command in it is one of podstead's."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from podstead.control.starter import project
from tests.unit.test_commands import wrong

ROOT = Path(__file__).parents[2]
STARTER = project(["web1"], ["alice"], "rootless-podman")


def schema(name: str) -> dict[str, Any]:
    """A schema of schemastore.org, as the package check-jsonschema has it."""
    text = (files("check_jsonschema") / f"builtin_schemas/vendor/{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def faults(document: Any, name: str) -> list[str]:
    validator = jsonschema.validators.validator_for(schema(name))(schema(name))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def github(text: str) -> Any:
    """YAML 1.1 reads ``on`` as true; GitHub does not."""
    document = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in document.items()}


ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
HEAD, COMPONENT = (ROOT / "templates/podstead.yml").read_text(encoding="utf-8").split("---\n")


def test_the_action_is_one_by_the_public_schema() -> None:
    assert faults(github(ACTION), "github-actions") == []


def test_the_component_is_one_by_the_public_schema() -> None:
    assert faults(yaml.safe_load(COMPONENT), "gitlab-ci") == []
    inputs = yaml.safe_load(HEAD)["spec"]["inputs"]
    assert all(f"$[[ inputs.{name} ]]" in COMPONENT for name in inputs)


def test_the_starter_projects_files_are_good_by_the_public_schemas() -> None:
    assert faults(github(STARTER[".github/workflows/podstead.yml"]), "github-workflows") == []
    assert faults(yaml.safe_load(STARTER[".gitlab-ci.yml"]), "gitlab-ci") == []


@pytest.mark.parametrize("name", ["github-actions", "gitlab-ci", "github-workflows"])
def test_a_fault_is_found(name: str) -> None:
    assert faults({"jobs": 5, "runs": 5, "podstead": {"script": 5}}, name) != []


@pytest.mark.parametrize("text", [ACTION, COMPONENT, *STARTER.values()])
def test_every_option_in_them_exists(text: str) -> None:
    for verb in ("check", "apply", "verify"):
        assert [
            found
            for line in text.splitlines()
            for found in wrong(line.replace('"$VERB"', verb).replace('"$PODSTEAD_VERB"', verb))
        ] == []


def test_no_input_is_pasted_into_a_script() -> None:
    """An expression in ``run:`` would be a way into the shell; inputs reach it as variables."""
    runs = [step["run"] for step in yaml.safe_load(ACTION)["runs"]["steps"] if "run" in step]
    assert runs
    assert [run for run in runs if "${{" in run] == []
    job = yaml.safe_load(COMPONENT)["podstead"]
    assert [line for line in (*job["script"], *job["before_script"]) if "$[[" in line] == []


def test_the_component_installs_nothing_that_nobody_has_named() -> None:
    """No package index has podstead, or somebody else's package of that name."""
    assert "default" not in yaml.safe_load(HEAD)["spec"]["inputs"]["podstead"]


ACTION_STEP: str = yaml.safe_load(ACTION)["runs"]["steps"][-1]["run"]
COMPONENT_STEP = "\n".join(yaml.safe_load(COMPONENT)["podstead"]["script"])
STEPS = {
    "action": (["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"], ACTION_STEP),
    "component in bash": (["bash", "-eo", "pipefail", "-c"], COMPONENT_STEP),
    "component in sh": (["sh", "-ec"], COMPONENT_STEP),
}


def words_of(step: str, arguments: str, folder: Path) -> list[str]:
    """What the script of a step hands to podstead, up to the reports, run in the shell of the step."""
    stub = folder / "podstead"
    stub.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    stub.chmod(0o755)
    env = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        **{f"{before}{name}": value for before in ("", "PODSTEAD_") for name, value in
           {"VERB": "apply", "ARGUMENTS": arguments, "REPORT": "r.xml", "GITHUB_STEP_SUMMARY": "s.md"}.items()},
    }  # fmt: skip
    shell, script = STEPS[step]
    done = subprocess.run([*shell, script], cwd=folder, env=env, capture_output=True, text=True, check=True)
    verb, *words = done.stdout.splitlines()
    assert verb == "apply"
    return words[: min(words.index(name) for name in ("-o", "--report") if name in words)]


@pytest.mark.process
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", []),
        ("-i inventory web --diff", ["-i", "inventory", "web", "--diff"]),
        ("-i inventory\nweb1\n  -l  x\n", ["-i", "inventory", "web1", "-l", "x"]),
        ("\n\tweb1\n", ["web1"]),
        ("*\npod*", ["*", "pod*"]),
        ("$(touch x) `touch x` ;touch$IFS\"x'", ["$(touch", "x)", "`touch", "x`", ";touch$IFS\"x'"]),
    ],
)
def test_every_word_of_the_arguments_reaches_podstead_and_no_shell(
    step: str, arguments: str, words: list[str], tmp_path: Path
) -> None:
    """The pattern on a second line was once lost, and then apply means every host."""
    assert words_of(step, arguments, tmp_path) == words
    assert not (tmp_path / "x").exists()
