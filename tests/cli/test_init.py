"""``podstead init``, run for real: what it writes is a project that works at once, and it overwrites nothing unasked."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement

from podstead.cli.verbs import init
from podstead.control.installed import UNKNOWN, requirement, requirement_of, series
from podstead.control.starter import project
from podstead.document.roles import RoleLibrary, builtin_roles
from tests.support import preloaded

WRITTEN = {
    "podstead.toml",
    "inventory/hosts.yml",
    "inventory/group_vars/all.yml",
    "roles/site/role.yml",
    "roles/site/README.md",
    "layer.schema.json",
    "role.schema.json",
    "README.md",
    ".gitignore",
    ".gitlab-ci.yml",
    ".github/workflows/podstead.yml",
}


def podstead(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = preloaded.run(words, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (2, ""), done
    return done.stderr


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "project"
    done = podstead("init", folder, "--host", "web1.example.com", "--host", "192.0.2.7", "--for", "alice")
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_it_writes_these_files_and_says_so(tmp_path: Path) -> None:
    done = podstead("init", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(files(tmp_path)) == WRITTEN
    assert set(re.findall(r"^wrote  (.+)$", done.stdout, re.MULTILINE)) == WRITTEN
    assert (
        "  name your hosts in inventory/hosts.yml, and their users in inventory/group_vars/all.yml\n"
        "  podstead check --syntax-check      # reads everything, connects to nothing\n"
        "  podstead check --diff              # what would change\n"
        "  podstead up                        # shows it again, asks, does it, and proves it\n"
    ) in done.stdout


@pytest.mark.parametrize("role", RoleLibrary([builtin_roles()]).known())
def test_the_project_passes_the_syntax_check_at_once(tmp_path: Path, role: str) -> None:
    assert podstead("init", "--local", "--role", role, cwd=tmp_path).returncode == 0
    done = podstead("check", "--syntax-check", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = podstead("show", "--origins", cwd=tmp_path)
    assert "roles/site/role.yml:" in shown.stdout
    assert f"{role}/role.yml:" in shown.stdout


def test_without_hosts_there_is_a_place_to_name_them_and_never_the_machine_in_front_of_one(
    tmp_path: Path,
) -> None:
    podstead("init", cwd=tmp_path)
    said = refused(podstead("apply", cwd=tmp_path))
    assert "inventory/hosts.yml: names no host" in said
    hosts = tmp_path / "inventory/hosts.yml"
    hosts.write_text(hosts.read_text(encoding="utf-8").replace("# web1", "web1"), encoding="utf-8")
    done = podstead("check", "--syntax-check", cwd=tmp_path)
    assert (done.returncode, "no user is prepared" in done.stderr) == (0, True)
    (shown,) = json.loads(podstead("show", "-o", "json", "--for", "alice", cwd=tmp_path).stdout)["hosts"]
    assert (shown["connection"]["kind"], list(shown["document"]["users"])) == ("ssh", ["alice"])


def test_this_machine_is_asked_for_by_name(tmp_path: Path) -> None:
    podstead("init", "--local", "--for", "alice", cwd=tmp_path)
    shown = json.loads(podstead("show", "-o", "json", cwd=tmp_path).stdout)["hosts"]
    assert [(host["name"], host["connection"]["kind"]) for host in shown] == [("localhost", "local")]
    assert list(shown[0]["document"]["users"]) == ["alice"]
    assert "--local" in refused(podstead("init", "x", "--local", "--host", "web1", cwd=tmp_path))


def test_hosts_and_users_are_those_that_were_named(made: Path) -> None:
    shown = json.loads(podstead("show", "-o", "json", cwd=made).stdout)["hosts"]
    assert [host["name"] for host in shown] == ["web1.example.com", "192.0.2.7"]
    assert all(host["document"]["users"] == {"alice": {}} for host in shown)
    assert all(host["connection"]["become"] for host in shown)


@pytest.mark.parametrize(
    ("kind", "pattern"), [("layer", "inventory/*_vars/*.yml"), ("role", "roles/*/role.yml")]
)
def test_every_layer_and_role_names_its_schema_and_is_valid_by_it(
    made: Path, kind: str, pattern: str
) -> None:
    schema = json.loads((made / f"{kind}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    (path,) = made.glob(pattern)
    text = path.read_text(encoding="utf-8")
    line = re.match(r"# yaml-language-server: \$schema=(.+)\n", text)
    assert line
    assert (path.parent / line[1]).resolve() == made / f"{kind}.schema.json"
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))


@pytest.mark.parametrize("kind", ["layer", "role"])
def test_the_schemas_are_those_of_this_podstead(made: Path, kind: str) -> None:
    written = (made / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert written == podstead("schema", kind).stdout


def scripts(document: Any) -> list[str]:
    """Every command of a workflow of GitHub's or a file of GitLab's."""
    if isinstance(document, list):
        return [line for one in document for line in scripts(one)]
    if isinstance(document, dict):
        found = []
        for key, value in document.items():
            if key in ("run", "script", "before_script"):
                found += [value] if isinstance(value, str) else list(value)
            else:
                found += scripts(value)
        return found
    return []


@pytest.mark.parametrize("name", [".github/workflows/podstead.yml", ".gitlab-ci.yml"])
def test_ci_installs_podstead_and_checks_on_every_push(made: Path, name: str) -> None:
    document = yaml.safe_load((made / name).read_text(encoding="utf-8"))
    commands = scripts(document)
    assert 'pip install "$PODSTEAD"' in commands
    values = [document.get("env", {}).get("PODSTEAD", ""), document.get("variables", {}).get("PODSTEAD", "")]
    assert requirement() in "".join(values)
    assert "podstead check --syntax-check" in commands
    assert any(one.startswith("podstead check --diff") for one in commands)
    if "github" in name:
        assert document[True] == ["push", "pull_request"]  # YAML 1.1 reads "on" as true; GitHub reads "on"
        assert all(job["runs-on"] for job in document["jobs"].values())
    else:
        assert "rules" not in document["syntax"]


@pytest.mark.parametrize("name", [".github/workflows/podstead.yml", ".gitlab-ci.yml"])
def test_the_command_of_ci_is_good_on_a_fresh_project(made: Path, name: str) -> None:
    commands = scripts(yaml.safe_load((made / name).read_text(encoding="utf-8")))
    (command,) = (one for one in commands if "--syntax-check" in one)
    assert podstead(*command.split()[1:], cwd=made).returncode == 0


def test_no_marker_of_the_templates_is_left(made: Path) -> None:
    assert [name for name, text in files(made).items() if re.search(r"@[A-Z]+@", text)] == []


def test_readmes_name_only_files_that_were_written(made: Path) -> None:
    table = re.findall(r"^\| (`[^|]+`) \|", (made / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"`([^`]+)`", " ".join(table))
    assert all((made / one).exists() for one in named)
    assert len(named) >= 6


def test_it_never_overwrites_unasked(made: Path) -> None:
    (made / "README.md").write_text("mine", encoding="utf-8")
    before = files(made)
    said = refused(podstead("init", made))
    for name in WRITTEN:
        assert f"{made / name}: already exists" in said
    assert "--force" in said
    assert files(made) == before


def test_one_file_in_the_way_is_enough_to_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("forks = 3\n", encoding="utf-8")
    assert "podstead.toml: already exists" in refused(podstead("init", tmp_path))
    assert files(tmp_path) == {"podstead.toml": "forks = 3\n"}


def test_force_overwrites_files_and_says_so(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not mine", encoding="utf-8")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "README.md").symlink_to(elsewhere)
    done = podstead("init", folder, "--force")
    assert done.returncode == 0
    assert f"overwrote  {folder / 'README.md'}" in done.stdout
    assert f"wrote  {folder / 'podstead.toml'}" in done.stdout
    assert elsewhere.read_text(encoding="utf-8") == "not mine"
    assert not (folder / "README.md").is_symlink()


def test_a_folder_in_the_place_of_a_file_is_refused_even_with_force(tmp_path: Path) -> None:
    (tmp_path / "README.md").mkdir()
    assert "README.md: is a folder" in refused(podstead("init", tmp_path, "--force"))
    assert files(tmp_path) == {}


@pytest.mark.parametrize("name", ["project", "project/inventory"])
def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("", encoding="utf-8")
    assert f"{tmp_path / name}: is not a folder" in refused(podstead("init", tmp_path / "project", "--force"))
    assert set(files(tmp_path)) == {name}


def test_a_folder_that_nobody_can_write_to_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    where = tmp_path if os.geteuid() else Path("/sys/podstead")  # root may write wherever a file can be
    assert "cannot be written: " in refused(podstead("init", where))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "web 1"), "--host: 'web 1' is not a host name"),
        (("--host", "@local"), "--host: '@local' is not a host name"),
        (("--for", "a;b"), "--for 'a;b': not a user name"),
        (("--for", "root"), "--for 'root': "),
        (("--role", "fleet-nod"), "did you mean 'fleet-node'?"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_written(
    tmp_path: Path, words: tuple[str, str], said: str
) -> None:
    assert said in refused(podstead("init", *words, cwd=tmp_path))
    assert files(tmp_path) == {}


def test_a_name_that_yaml_reads_otherwise_is_quoted() -> None:
    texts = project(["no", "127"], ["yes"], "rootless-podman")
    assert yaml.safe_load(texts["inventory/hosts.yml"])["all"]["hosts"] == {"no": None, "127": None}
    assert yaml.safe_load(texts["inventory/group_vars/all.yml"])["podstead"]["users"] == {"yes": {}}


def test_a_name_with_a_typo_creates_no_account(made: Path) -> None:
    """As with ``--for`` everywhere else, the account must exist; the file says how it is created."""
    text = (made / "inventory/group_vars/all.yml").read_text(encoding="utf-8")
    assert "create" not in str(yaml.safe_load(text))
    assert "write {create: true} instead of {}" in text
    created = yaml.safe_load(text.replace("alice: {}", "alice: {create: true}"))
    assert created["podstead"]["users"] == {"alice": {"create": True}}


SHA = "0123456789012345678901234567890123456789"


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (None, "podstead~=0.2.0"),
        *(
            (
                {
                    "url": url,
                    "vcs_info": {"vcs": "git", "commit_id": SHA, "requested_revision": "main"},
                    **more,
                },
                f"podstead @ git+{clean}@{SHA}{fragment}",
            )
            for url, clean, more, fragment in (
                ("https://git.example.com/p.git", "https://git.example.com/p.git", {}, ""),
                ("https://me:secret@git.example.com/p.git", "https://git.example.com/p.git", {}, ""),
                ("https://token@git.example.com:8443/p.git", "https://git.example.com:8443/p.git", {}, ""),
                ("ssh://git@git.example.com/p.git", "ssh://git@git.example.com/p.git", {}, ""),
                ("ssh://git:x@git.example.com/p.git", "ssh://git@git.example.com/p.git", {}, ""),
                ("https://h/p.git", "https://h/p.git", {"subdirectory": "a"}, "#subdirectory=a"),
            )
        ),
        (
            {"url": "https://me:x@h/podstead-0.2.0.tar.gz", "archive_info": {}},
            "podstead @ https://h/podstead-0.2.0.tar.gz",
        ),
        (
            {"url": "https://h/p.whl", "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}}},
            "podstead @ https://h/p.whl#sha256=ab",
        ),
        # nothing of these can be had in CI
        ({"url": "file:///src/podstead", "dir_info": {"editable": True}}, UNKNOWN),
        ({"url": "file:///src/podstead", "dir_info": {}}, UNKNOWN),
        ({"url": "file:///tmp/podstead-0.2.0.whl", "archive_info": {}}, UNKNOWN),
        ({"url": "file:///src/p", "vcs_info": {"vcs": "git", "commit_id": SHA}}, UNKNOWN),
        ({"url": "https://h/p.whl?signature=x", "archive_info": {}}, UNKNOWN),
        ({"url": "https://h/p"}, UNKNOWN),
        ({"url": 5}, UNKNOWN),
        ({}, UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_ci_installs_what_this_podstead_was_installed_from(direct_url: Any, expected: str) -> None:
    text = None if direct_url is None else json.dumps(direct_url)
    assert requirement_of("0.2.3", text) == expected
    assert Requirement(expected).name == "podstead"


def test_a_file_about_the_source_that_cannot_be_read_is_none() -> None:
    assert requirement_of("0.2.3", "not json") == UNKNOWN


CI = (".github/workflows/podstead.yml", ".gitlab-ci.yml")


def written_by_init(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """What init prints, and the files for CI, of a podstead that was installed from ``source``."""
    monkeypatch.setattr(init, "requirement", lambda: source)
    done = CliRunner().invoke(init.command, [str(folder)], catch_exceptions=False)
    return done.output, [(folder / name).read_text(encoding="utf-8") for name in CI]


def test_a_source_that_ci_cannot_reach_is_to_be_replaced_in_one_line_of_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, texts = written_by_init(tmp_path, UNKNOWN, monkeypatch)
    last = printed.rpartition("\n\n")[2]
    assert last.startswith("Before CI can run: ")
    assert [name for name in CI if name not in last] == []
    for text in texts:
        assert text.count("replace.invalid/") == 1
        assert "TO REPLACE" in text.partition("replace.invalid/")[0]
        assert "podstead~=" not in text


def test_a_source_that_ci_can_reach_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"podstead @ git+https://git.example.com/p.git@{SHA}"
    printed, texts = written_by_init(tmp_path, source, monkeypatch)
    assert "Before CI can run" not in printed
    for text in texts:
        assert text.count(source) == 1
        assert "REPLACE" not in text


def test_the_pinned_series_follows_the_version() -> None:
    assert [series(one) for one in ("0.1.0", "1.4.2", "2.0.0rc1", "0+unknown")] == [
        "0.1.0",
        "1.4.0",
        "2.0.0",
        "0.1.0",
    ]
