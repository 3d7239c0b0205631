"""Who still writes the host document among the variables is told so once, and nobody else is."""

from __future__ import annotations

import warnings as python_warnings
from pathlib import Path

import pytest

from podstead import api
from podstead.errors import InputError, InputWarning, Problem
from podstead.inventory.load import load

HOSTS = "web: {hosts: {a: , b: }}"
SAYS = "not read: the host document stands under the key 'podstead'"


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"hosts.yml": HOSTS, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def hints(folder: Path, files: dict[str, str], *extra: str, pattern: str = "all") -> list[str]:
    found: list[Problem] = []
    hosts = load([project(folder, files)], extra_vars=extra, pattern=pattern, warnings=found)
    assert hosts
    return [str(one).removeprefix(f"{folder}/") for one in found]


def test_the_first_place_is_named_once_with_the_line_to_write(tmp_path: Path) -> None:
    assert hints(tmp_path, {"group_vars/all.yml": "x: 1\nusers: {alice: {}}\n"}) == [
        f"group_vars/all.yml:2: users: {SAYS}; write podstead: {{users: {{alice: {{}}}}}}"
    ]


def test_the_others_are_counted_and_a_place_that_many_hosts_share_is_one(tmp_path: Path) -> None:
    files = {
        "hosts.yml": "web: {hosts: {'w[1:50]': }, vars: {session: {linger: true}}}",
        "group_vars/web.yml": "packages: {vim: {}}\nsubids: {count: 70000}\n",
        "host_vars/w7.yml": "users: {alice: {}}\n",
    }
    assert hints(tmp_path, files) == [
        f"hosts.yml:1: session: {SAYS} (2 more places are like this); write podstead: {{session: {{linger: true}}}}"
    ]
    assert hints(tmp_path, files, pattern="w1") == [], (
        "no users are named for this host: it may be another tool's"
    )


def test_all_keys_of_a_place_are_named_and_a_long_text_is_shortened(tmp_path: Path) -> None:
    text = "roles: [fleet-node]\nusers:\n  alice: {shell: /bin/zsh}\n  bob: {shell: /bin/zsh}\n  carl: {create: true}\n"
    assert hints(tmp_path, {"host_vars/b.yml": text}) == [
        f"host_vars/b.yml:1: roles, users: {SAYS}; write podstead: {{roles: ..., users: ...}}"
    ]


@pytest.mark.parametrize("name", ["hosts.yml", "group_vars/web.yml", "host_vars/b.yml"])
def test_where_the_new_form_is_known_anywhere_nothing_is_said(tmp_path: Path, name: str) -> None:
    text = "podstead: {storage: {driver: vfs}}"
    files = {"group_vars/all.yml": "users: {alice: {}}"}
    files[name] = f"web: {{hosts: {{a: , b: }}, vars: {{{text}}}}}" if name == "hosts.yml" else text
    assert hints(tmp_path, files) == []


def test_the_new_form_of_hosts_that_were_not_chosen_does_not_count(tmp_path: Path) -> None:
    files = {"group_vars/all.yml": "users: {alice: {}}", "host_vars/b.yml": "podstead: {users: {bob: {}}}"}
    assert hints(tmp_path, files, pattern="b") == []
    assert len(hints(tmp_path, files, pattern="a")) == 1


def test_hosts_that_were_not_chosen_are_not_told_about(tmp_path: Path) -> None:
    assert hints(tmp_path, {"host_vars/b.yml": "users: {bob: {}}"}, pattern="a") == []


@pytest.mark.parametrize(
    "text",
    [
        "users: [bob]",
        "users: {bob: {password: x}}",
        "users: {}",
        "users: bob",
        "packages: [vim]",
        "packages: {}",
        "session: {timeout: 5}",
        "storage: fast",
        "engine: docker",
        "roles: [{role: web}]",
        "subids: ~",
        "users: {alice: {}}\npackages: [vim]",
        "usres: {alice: {}}",
        "roles: [web]",
        "packages: {vim: {}}\nroles: [web, db]",
    ],
)
def test_what_no_host_document_could_hold_is_another_tools(tmp_path: Path, text: str) -> None:
    assert hints(tmp_path, {"group_vars/all.yml": text, "host_vars/a.yml": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "[all:vars]\nusers={alice: {}}\n",
        "[all:vars]\nusers={'alice': {}}\n",
        '[all:vars]\nusers="{alice: {}}"\n',
        "[web]\na users='{alice: {}}'\nb\n",
    ],
)
@pytest.mark.parametrize("name", ["hosts.ini", "hosts"])
def test_an_ini_inventory_is_told_with_a_line_that_can_be_pasted_there(
    tmp_path: Path, text: str, name: str
) -> None:
    """Ansible reads the first as text; podstead 0.1 read it as YAML."""
    found: list[Problem] = []
    place = tmp_path / name
    place.write_text(text if text.startswith("[web]") else f"[web]\na\nb\n{text}")
    load([place], pattern="a", warnings=found)
    (said,) = map(str, found)
    assert said.endswith(f': users: {SAYS}; write podstead="{{users: {{alice: {{}}}}}}"')
    line = said.partition("; write ")[2]
    for new in (f"[web]\na {line}\n", f"[web]\na\n[web:vars]\n{line}\n"):
        place.write_text(new)
        found.clear()
        (host,) = load([place], pattern="a", warnings=found)
        assert (list(host.spec.users), found) == (["alice"], [])


@pytest.mark.parametrize("value", ["{{ people }}", "[alice", "{alice", "alice", "{'alice'}", "[alice]"])
def test_what_an_ini_inventory_has_for_another_tool_is_passed_over(tmp_path: Path, value: str) -> None:
    found: list[Problem] = []
    (tmp_path / "hosts").write_text(f"[web]\na\n[web:vars]\npeople=bob\nusers={value}\n")
    load([tmp_path / "hosts"], warnings=found)
    assert found == []


def test_a_mistake_beside_users_does_not_hide_the_hint(tmp_path: Path) -> None:
    files = {"group_vars/all.yml": "users: {alice: {}}\nsysctls: {a: 1}\n"}
    (said,) = hints(tmp_path, files)
    assert said == (
        f"group_vars/all.yml:1: users, sysctls: {SAYS}; write podstead: {{users: {{alice: {{}}}}, sysctls: {{a: 1}}}}"
    )
    project(tmp_path, {"group_vars/all.yml": said.partition("; write ")[2]})
    with pytest.raises(InputError, match=r"all\.yml:1: podstead\.sysctls"):
        load([tmp_path])


def test_on_the_command_line_it_is_always_said_with_what_to_write_there(tmp_path: Path) -> None:
    new = {"group_vars/all.yml": "podstead: {users: {alice: {}}}"}
    assert hints(tmp_path, new, "x=1", "users={bob: {}}", "subids={count: 70000}") == [
        f"-e #2: users: {SAYS} (1 more place is like this); write -e 'podstead={{users: {{bob: {{}}}}}}'"
    ]
    assert hints(tmp_path, new, '{"podstead": {"users": {"bob": {}}}}', '{"session": {"linger": true}}') == [
        f"-e #2: session: {SAYS}; write -e 'podstead={{session: {{linger: true}}}}'"
    ]
    assert hints(tmp_path, new, "users=[bob]", "packages=vim") == []


def test_an_inventory_and_the_command_line_are_told_apart(tmp_path: Path) -> None:
    files = {"host_vars/a.yml": "users: {alice: {}}"}
    said = hints(tmp_path, files, "users={bob: {}}")
    assert [one.partition(": ")[0] for one in said] == ["host_vars/a.yml:1", "-e #1"]


def test_a_line_that_is_written_as_said_is_read_and_nothing_more_is_said(tmp_path: Path) -> None:
    files = {"group_vars/all.yml": "sysctls: {net.x: a b}\nusers: {al: {}}\n"}
    (said,) = hints(tmp_path, files)
    line = said.partition("; write ")[2]
    found: list[Problem] = []
    (host,) = load([project(tmp_path, {"group_vars/all.yml": line})], pattern="a", warnings=found)
    assert found == []
    assert "net.x" in host.spec.sysctls
    assert list(host.spec.users) == ["al"]


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    text = "users:\n  alice:\n    shell: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      30313233\n"
    (said,) = hints(tmp_path, {"host_vars/a.yml": text})
    assert said.startswith(f"host_vars/a.yml:1: users: {SAYS}; write podstead: ")
    assert "3031" not in said


def test_the_library_warns(tmp_path: Path) -> None:
    folder = project(tmp_path, {"group_vars/all.yml": "users: {alice: {}}"})
    with pytest.warns(InputWarning, match=r"all\.yml:1: users: not read"):
        api.hosts(folder)
    project(tmp_path, {"group_vars/all.yml": "podstead: {users: {alice: {}}}"})
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error")
        assert [list(host.spec.users) for host in api.hosts(folder)] == [["alice"], ["alice"]]
