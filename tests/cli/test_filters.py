"""``--tags`` and its kin: what they name, what they list, and what nothing is called."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from podstead.document.spec import HostSpec
from podstead.document.tags import PART_NAMES, UNMANAGED, parts_asked_for
from podstead.errors import Problem
from podstead.provision.parts import tasks_of
from podstead.provision.vocabulary import vocabulary
from podstead.report.explain import find
from tests.support import preloaded

SPEC = HostSpec.model_validate(
    {
        "users": {"alice": {}},
        "packages": {"podman": {}},
        "sysctls": {"vm.swappiness": 1},
        "session": {"linger": True},
    }
)


def podstead(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return preloaded.run(arguments, cwd=cwd)


@pytest.fixture
def hosts(tmp_path: Path) -> str:
    path = tmp_path / "hosts.yml"
    path.write_text(
        "web:\n  hosts:\n    web1: {}\n    web2: {podstead: {users: {bob: {}}}}\n    web3: {}\n"
        "  vars: {podstead: {users: {alice: {}}}, ansible_port: 1}\n"
    )
    return str(path)


def test_every_id_that_can_be_named_can_be_explained() -> None:
    named = vocabulary([(SPEC, {})]).ids
    for name in named:
        find(name)
    assert "subids:alice:ranges" in named


def test_only_what_a_document_speaks_of_is_a_task() -> None:
    assert [part.name for part in tasks_of(SPEC)] == ["packages", "accounts", "subids", "sysctls", "session"]


def expand(*names: str) -> tuple[tuple[str, ...], list[Problem]]:
    problems: list[Problem] = []
    words = vocabulary([(SPEC, {"net": ("sysctls", "engine")}), (SPEC, {"net": ("session",)})])
    return words.expand("--tags", names, problems), problems


def test_a_tag_of_a_role_stands_for_its_parts() -> None:
    assert expand("net", "subids:alice:ranges") == (
        ("sysctls", "engine", "session", "subids:alice:ranges"),
        [],
    )
    assert expand("all")[0] == (*PART_NAMES, UNMANAGED)


@pytest.mark.parametrize(
    ("name", "meant"), [("subid", "subids"), ("nett", "net"), ("subids:alcie:ranges", "subids:alice:ranges")]
)
def test_an_unknown_tag_is_a_mistake_with_what_was_meant(name: str, meant: str) -> None:
    (problem,) = expand(name)[1]
    assert f"did you mean '{meant}'?" in str(problem)


def test_parts_that_were_asked_for() -> None:
    assert parts_asked_for((), ()) == PART_NAMES
    assert parts_asked_for(("subids:alice:ranges", "engine"), ()) == ("subids", "engine")
    from_sysctls = PART_NAMES[PART_NAMES.index("sysctls") :]
    assert parts_asked_for((), ("subids", "session:alice:linger"), "sysctls:x:live") == from_sysctls
    assert {"storage", "engine", "session"} <= {*from_sysctls}
    assert parts_asked_for((), ("storage",), "sysctls")[:2] == ("sysctls", "engine")


@pytest.mark.parametrize("verb", ["apply", "check", "verify"])
def test_syntax_check_validates_everything_and_connects_to_nothing(verb: str, hosts: str) -> None:
    done = podstead(verb, "--syntax-check", "-i", hosts)
    assert (done.returncode, done.stdout, done.stderr) == (0, "syntax ok: 3 hosts\n", "")
    assert podstead(verb, "web1", "--syntax-check", "-i", hosts).stdout == "syntax ok: 1 host\n"
    wrong = podstead(verb, "--syntax-check", "-i", hosts, "-e", "podstead={packges: {}}")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_variables_of_another_tool_pass_the_syntax_check_in_silence(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("users: [bob]\npackages: [vim]\nusres: {alice: {}}\n")
    (tmp_path / "hosts.yml").write_text("web: {hosts: {web1: , web2: }}\n")
    words = ("check", "--syntax-check", "-i", str(tmp_path / "hosts.yml"), "--for", "alice")
    done = podstead(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "syntax ok: 2 hosts\n", "")
    (tmp_path / "group_vars/web.yml").write_text("podstead:\n  users: [bob]\n")
    done = podstead(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "group_vars/web.yml:2: podstead.users: expected a mapping" in done.stderr


def test_the_old_form_of_an_inventory_is_said_once_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(
        "web:\n  hosts: {web1: {subids: {count: 70000}}, web2: }\n  vars:\n    users: {bob: {}}\n"
    )
    done = podstead("check", "--syntax-check", "-i", str(tmp_path / "hosts.yml"), "--for", "alice")
    assert (done.returncode, done.stdout) == (0, "syntax ok: 2 hosts\n")
    assert done.stderr == (
        f"podstead: warning: {tmp_path}/hosts.yml:4: users: not read: the host document stands under the key 'podstead' "
        "(1 more place is like this); write podstead: {users: {bob: {}}}\n"
    )


@pytest.mark.parametrize("verb", ["apply", "check", "verify"])
def test_hosts_are_listed_one_a_line(verb: str, hosts: str) -> None:
    assert podstead(verb, "--list-hosts", "-i", hosts).stdout == "web1\nweb2\nweb3\n"


def test_tasks_are_listed_in_order_for_hosts_that_are_alike(hosts: str) -> None:
    lines = podstead("apply", "web", "--list-tasks", "-i", hosts).stdout.splitlines()
    assert [line for line in lines if line.startswith("play")] == [
        "play #1 (web): web1, web3",
        "play #2 (web): web2",
    ]
    assert re.fullmatch(r"    subids: grants .*\(alice\)\tTAGS: \[subids\b.*\]", lines[4])
    assert any(line.startswith("    accounts: ") and "(alice, bob)" in line for line in lines)


def test_tags_are_listed(hosts: str) -> None:
    tags = podstead("check", "--list-tags", "-i", hosts).stdout.splitlines()
    assert tags[: len(PART_NAMES)] == list(PART_NAMES)


def test_tags_of_roles_are_listed_and_taken(tmp_path: Path) -> None:
    (tmp_path / "roles/mine").mkdir(parents=True)
    (tmp_path / "roles/mine/role.yml").write_text(
        "roles: [rootless-podman]\ntags: {net: [sysctls, 'session:delegate:controllers']}\n"
    )
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {web1: {}}, vars: {podstead: {roles: [mine], users: {alice: {}}}}}\n"
    )
    words = ("-i", str(tmp_path / "hosts.yml"))
    assert "net" in podstead("check", *words, "--list-tags").stdout.split()
    tasks = podstead("check", *words, "--list-tasks").stdout
    assert re.findall(r"(\w+): .*TAGS: \[.*\bnet\b.*\]", tasks) == ["sysctls", "session"]
    assert podstead("check", *words, "--syntax-check", "--tags", "net").returncode == 0
    assert "did you mean 'net'?" in podstead("check", *words, "--syntax-check", "--skip-tags", "nett").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tags", "packages,subid"), "--tags: there is no 'subid' (did you mean 'subids'?)"),
        (("-t", "packages", "-t", "sysctl"), "--tags: there is no 'sysctl' (did you mean 'sysctls'?)"),
        (("--skip-tags", "sesion"), "--skip-tags: there is no 'sesion' (did you mean 'session'?)"),
        (("--start-at", "storag"), "--start-at: there is no 'storag' (did you mean 'storage'?)"),
        (("--start-at-task", "subids:bob:rangs"), "did you mean 'subids:bob:ranges'?"),
        (("--become-user", "postgres"), "--become-user: 'postgres' is not root"),
    ],
)
def test_what_nothing_is_called_is_a_mistake(words: tuple[str, ...], said: str, hosts: str) -> None:
    done = podstead("check", "-i", hosts, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_names_that_ansible_users_know_are_taken(hosts: str) -> None:
    words = (
        "--become-user",
        "root",
        "--key-file",
        hosts,
        "--ssh-common-args",
        "-F none",
        "-t",
        "all",
        "--start-at",
        "packages",
    )
    assert podstead("apply", "--syntax-check", "-i", hosts, *words).returncode == 0


def test_a_run_of_some_parts_says_and_counts_only_those() -> None:
    words = ("@local", "-e", "podstead={users: {nobody: {}}}", "-e", "podstead={packages: {}}")
    some = podstead("check", *words, "--tags", "storage,engine", "-v").stdout
    assert re.findall(r"TASK \[([^\]]+)\]", some) == ["storage", "engine"]
    rest = podstead("check", *words, "--start-at", "engine", "-v").stdout
    from_engine = PART_NAMES[PART_NAMES.index("engine") :]
    assert set(re.findall(r"TASK \[([^\]]+)\]", rest)) <= {*from_engine, "host"}
