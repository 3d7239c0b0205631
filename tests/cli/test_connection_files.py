"""Keys, ssh_configs, vault passwords and roles that are named and cannot be read: said with their place, before anything connects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import podstead as library
from podstead.errors import InputError
from podstead.inventory.connection import Connection
from podstead.inventory.connection_files import unusable_files
from podstead.inventory.vault import passwords
from tests.support import preloaded

KEY = "private key /nosuch/id does not exist"
INVENTORY = """\
all:
  hosts:
    web1: {ansible_host: 127.0.0.1, ansible_port: 1}
    keyed: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_ssh_private_key_file: /nosuch/id}
    old: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_private_key_file: "{{ key }}", key: /nosuch/id}
    configured: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_ssh_extra_args: -F /nosuch/config}
    here: {ansible_connection: local, ansible_ssh_private_key_file: /nosuch/id}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    return tmp_path


def podstead(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return preloaded.run(words, cwd=cwd, env={**os.environ, **env})


def assert_refused(done: subprocess.CompletedProcess[str], *problems: str) -> None:
    lines = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert (done.returncode, done.stdout, lines) == (2, "", [f"podstead: {problem}" for problem in problems])


@pytest.mark.parametrize("verb", ["check", "apply", "verify"])
@pytest.mark.parametrize("option", ["--private-key", "--key-file"])
def test_a_key_of_the_command_line_is_an_input_error(project: Path, verb: str, option: str) -> None:
    words = (verb, "web1", "-i", "hosts.yml", "--for", "alice", option, "/nosuch/id")
    assert_refused(podstead(*words, cwd=project), f"--private-key: {KEY}")
    assert_refused(podstead(*words, "--syntax-check", cwd=project), f"--private-key: {KEY}")


def test_it_is_one_whether_or_not_a_host_would_use_it(project: Path) -> None:
    for pattern in ("here", "@local"):
        words = ("check", pattern, "-i", "hosts.yml", "--private-key", "/nosuch/id")
        assert_refused(podstead(*words, cwd=project), f"--private-key: {KEY}")


def test_a_key_of_a_setting_is_named_by_where_it_is_set(project: Path) -> None:
    words = ("check", "web1", "-i", "hosts.yml", "--for", "alice")
    done = podstead(*words, cwd=project, PODSTEAD_PRIVATE_KEY="/nosuch/id")
    assert_refused(done, f"PODSTEAD_PRIVATE_KEY: {KEY}")
    (project / "podstead.toml").write_text('forks = 5\nprivate_key = "/nosuch/id"\n')
    assert_refused(podstead(*words, cwd=project), f"podstead.toml:2: {KEY}")
    done = podstead(*words, "--syntax-check", cwd=project)
    assert (done.returncode, done.stdout) == (0, "syntax ok: 1 host\n"), "where CI has no keys"


def test_files_that_an_inventory_names_are_said_with_their_line_and_only_of_chosen_hosts(
    project: Path,
) -> None:
    config = "ssh_config /nosuch/config does not exist or cannot be read"
    done = podstead("check", "-i", "hosts.yml", "--for", "alice", cwd=project)
    assert_refused(done, f"hosts.yml:4: {KEY}", f"hosts.yml:5: {KEY}", f"hosts.yml:6: {config}")
    done = podstead(
        "check", "keyed", "-i", "hosts.yml", "--for", "alice", "-e", "ansible_port=2", cwd=project
    )
    assert_refused(done, f"hosts.yml:4: {KEY}")
    assert podstead("check", "web1", "-i", "hosts.yml", "--for", "alice", cwd=project).returncode == 4
    assert podstead("show", "keyed", "-i", "hosts.yml", cwd=project).returncode == 0


def test_an_ssh_config_is_an_input_error_as_well(project: Path) -> None:
    words = ("check", "web1", "-i", "hosts.yml", "--for", "alice")
    problem = f"ssh_config {project}/nosuch does not exist or cannot be read"
    done = podstead(*words, "--ssh-common-args", "-F nosuch", cwd=project)
    assert_refused(done, f"--ssh-common-args: {problem}")
    done = podstead(*words, cwd=project, PODSTEAD_SSH_COMMON_ARGS="-F nosuch")
    assert_refused(done, f"PODSTEAD_SSH_COMMON_ARGS: {problem}")


def test_the_library_refuses_them_as_well(project: Path) -> None:
    chosen = library.hosts(project / "hosts.yml", "keyed")
    with pytest.raises(InputError, match=rf"^{project}/hosts\.yml:4: {KEY}$"):
        library.check(chosen)


def test_only_ssh_needs_a_key_and_the_agent_none() -> None:
    assert unusable_files([Connection(kind="local", address="x", private_key="/nosuch/id")]) == []
    assert unusable_files([Connection(kind="ssh", address="x")]) == []


def test_a_vault_password_file_is_named_with_its_option(project: Path) -> None:
    words = ("check", "web1", "-i", "hosts.yml", "--for", "alice")
    problem = "nosuch: cannot be read: No such file or directory"
    done = podstead(*words, "--vault-password-file", "nosuch", cwd=project)
    assert_refused(done, f"--vault-password-file: {problem}")
    done = podstead(*words, "--vault-id", "prod@nosuch", cwd=project)
    assert_refused(done, f"--vault-id: {problem}")
    done = podstead(*words, cwd=project, PODSTEAD_VAULT_PASSWORD_FILE="nosuch")
    assert_refused(done, f"PODSTEAD_VAULT_PASSWORD_FILE: {problem}")
    with pytest.raises(InputError, match=r"^vault_password_files: nosuch: cannot be read"):
        library.hosts("web1,", vault_password_files=["nosuch"])
    (project / "empty").touch()
    with pytest.raises(InputError, match=r"^--vault-password-file: .*empty: contains no vault password"):
        passwords([str(project / "empty")])


def test_a_folder_of_roles_is_one_for_every_verb_that_reads_roles(project: Path) -> None:
    problem = "nosuch: there is no such folder of roles"
    for words in (("roles",), ("show", "web1", "-i", "hosts.yml"), ("check", "web1", "-i", "hosts.yml")):
        done = podstead(*words, "--roles-path", "nosuch", cwd=project)
        advice = "  correct --roles-path, $PODSTEAD_ROLES_PATH or 'roles_path' in podstead.toml"
        assert_refused(done, problem, advice)
