"""What comes out of Ansible Vault works wherever plain text does, and no message repeats it; odd values have a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from pydantic import SecretStr

from podstead.document.values import displayed
from podstead.errors import InputError
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.vault import Vault

SECRET = "topsecretword!"
VAULT = Vault((("default", SecretStr("p")),))


def seal(text: str) -> str:
    return str(VaultLib().encrypt(text, secret=VaultSecret(b"p")).decode())


def sealed_variable(name: str, text: str) -> str:
    return f"{name}: !vault |\n" + "".join(f"  {line}\n" for line in seal(text).splitlines())


def project(folder: Path, text: str, sealed_file: str = "") -> Path:
    """One host, ``text`` in group_vars/all/a.yml, and perhaps a file beside that which is sealed as a whole."""
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "hosts.yml").write_text("web: {hosts: {web1: }}")
    (folder / "group_vars/all/a.yml").write_text(text)
    if sealed_file:
        (folder / "group_vars/all/z.yml").write_text(seal(sealed_file))
    return folder / "hosts.yml"


def one(folder: Path, text: str, sealed_file: str = "") -> ResolvedHost:
    (host,) = load([project(folder, text, sealed_file)], vault=VAULT)
    return host


def mistakes(folder: Path, text: str, sealed_file: str = "") -> list[str]:
    with pytest.raises(InputError) as caught:
        one(folder, text, sealed_file)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "line",
    [
        'podstead: {packages: {podman: {version: "{{ sec }}"}}}',
        'podstead: {packages: {podman: {version: ">=4,{{ sec }}"}}}',
        'podstead: {subids: {count: "{{ dict(a=1)[sec] }}"}}',
        'podstead: {subids: {count: "{{ groups[sec] }}"}}',
        'podstead: {subids: {count: "{{ sec | filesizeformat }}"}}',
        'podstead: {subids: {count: "{{ [1][sec] }}"}}',
        'podstead: {subids: {count: "{{ sec | groupby(sec) | list }}"}}',
        'podstead: {subids: {count: "{{ sec }}"}}',
        'podstead: {subids: {count: "{{ by_way }}"}}\nby_way: "{{ dict(a=1)[sec] }}"',
        'podstead: {subids: {count: "{{ m[1] }}"}}\nm: "{{ [1, dict(a=1)[sec]] }}"',
        'podstead: {storage: {driver: "{{ sec }}"}}',
        'podstead: {users: "{{ {sec: 5} }}"}',
        'podstead: {users: {zoe: {shell: "{{ sec }}"}}}',
        'podstead: {users: {zoe: {subuid: {start: 2147483647, count: "{{ sec | length + 5 }}"}}}}',
        'ansible_host: "{{ sec }} {{ sec }}"',
        'ansible_port: "{{ sec }}"',
        'ansible_become: "{{ sec }}"',
        'ansible_connection: "{{ sec }}"',
        'ansible_ssh_common_args: "{{ sec }}"',
        'ansible_ssh_common_args: "-o {{ sec }}=1 \'"',
        'ansible_ssh_common_args: "-o {{ sec }}=1"',
    ],
)
def test_no_mistake_repeats_a_secret_and_each_has_its_place(tmp_path: Path, line: str) -> None:
    said = mistakes(tmp_path, f"{line}\n{sealed_variable('sec', SECRET)}")
    assert said
    assert SECRET not in "\n".join(said)
    assert "21474836" not in "\n".join(said), "what was reckoned from a secret is one"
    assert all(
        problem.startswith(("group_vars/all/a.yml:1: ", "group_vars/all/a.yml:2: ")) for problem in said
    )


def test_a_template_in_a_sealed_file_is_not_repeated_when_it_fails(tmp_path: Path) -> None:
    said = mistakes(tmp_path, "", f'podstead: {{subids: {{count: "{{{{ 1 {SECRET} }}}}"}}}}')
    assert len(said) == 1
    assert said[0].startswith(
        "group_vars/all/z.yml:1: podstead.subids.count: the template fails on a secret value"
    )


def test_a_variable_that_is_missing_is_named_beside_a_secret_too(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, f"ansible_user: '{{{{ sec ~ nosuch }}}}'\n{sealed_variable('sec', SECRET)}")
    assert said.endswith("ansible_user: the template needs 'nosuch', which is not defined for this host")


def test_roles_in_a_sealed_file_are_taken(tmp_path: Path) -> None:
    (tmp_path / "roles/mine").mkdir(parents=True)
    (tmp_path / "roles/mine/role.yml").write_text("users: {zoe: {}}")
    assert list(one(tmp_path, "", "podstead: {roles: [mine]}\n").spec.users) == ["zoe"]


def test_a_role_of_a_sealed_file_that_is_missing_is_a_mistake_without_its_name(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, "", "podstead: {roles: [topsecretword]}\n")
    assert said.startswith(
        "group_vars/all/z.yml:1: podstead.roles: there is no role with this hidden name; known roles: "
    )


def test_a_role_that_is_sealed_by_itself_or_a_template_of_the_list_is_refused(tmp_path: Path) -> None:
    text = sealed_variable("x", "rootless-podman").replace("x: ", "podstead:\n roles:\n - ")
    assert (
        "group_vars/all/a.yml:3: podstead.roles: the name of a role cannot be encrypted by itself"
        in mistakes(tmp_path, text)[0]
    )
    (tmp_path / "more").mkdir()
    (said,) = mistakes(tmp_path / "more", "podstead: {roles: '{{ l }}'}\nl: [rootless-podman]")
    assert "templates are not rendered in roles" in said


@pytest.mark.parametrize("in_file", [True, False], ids=["whole file", "by way of a variable"])
def test_connection_variables_may_be_sealed(tmp_path: Path, in_file: bool) -> None:
    given = {
        "host": "10.0.0.9", "user": "deploy", "connection": "ssh", "port": "2222", "become": "yes",
        "become_method": "doas", "ssh_private_key_file": "/keys/a", "ssh_common_args": "-J bastion",
    }  # fmt: skip
    plain = "".join(f"ansible_{name}: '{{{{ v_{name} }}}}'\n" for name in given)
    sealed = "".join(f"{'ansible' if in_file else 'v'}_{name}: '{text}'\n" for name, text in given.items())
    link = one(tmp_path, "" if in_file else plain, sealed).connection
    assert (link.kind, link.address, link.user, link.port) == ("ssh", "10.0.0.9", "deploy", 2222)
    assert (link.become, link.become_method, link.private_key) == (True, "doas", "/keys/a")
    assert link.proxy_jump == "bastion"


def test_a_password_that_a_template_makes_a_number_of_is_text(tmp_path: Path) -> None:
    link = one(tmp_path, "ansible_password: '{{ pin }}'\npin: 4711\n").connection
    assert link.password is not None
    assert link.password.get_secret_value() == "4711"


def test_a_number_that_was_sealed_is_a_number_and_hidden(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        "podstead:\n  subids: {count: '{{ n | int }}'}\n"
        "  engine: {containers: {pids_limit: '{{ small | int }}', share: '{{ n | float }}', list: ['{{ [n | int] }}']}}\n"
        + sealed_variable("n", "70001")
        + sealed_variable("small", "7"),
    )
    assert host.spec.subids.count == 70001
    assert host.spec.engine["containers"] == {"pids_limit": 7, "share": 70001.0, "list": [[70001]]}
    assert {type(one) for one in host.spec.engine["containers"].values()} == {int, float, list}
    assert host.secrets == {"70001", "70001.0"}, "to take every 7 out of a report would leave nothing of it"
    assert "70001" not in repr((host.tree, displayed(host.tree)))


def test_plain_text_of_a_sealed_file_is_known_to_reports_as_a_secret(tmp_path: Path) -> None:
    host = one(tmp_path, "", f"podstead: {{engine: {{containers: {{env: ['TOKEN={SECRET}']}}}}}}\n")
    assert host.secrets == {f"TOKEN={SECRET}"}


def test_a_template_in_a_sealed_file_may_give_a_number(tmp_path: Path) -> None:
    assert one(tmp_path, "n: 70001", "podstead: {subids: {count: '{{ n }}'}}").spec.subids.count == 70001


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{ [nosuch] }}", "the template needs 'nosuch'"),
        ("{{ {'x': nosuch} }}", "the template needs 'nosuch'"),
        ("{{ [1] | map(attribute='x') | list }}", "has no attribute 'x'"),
        ("{{ 'inf' | float }}", "the template fails"),
        ("{{ big | float }}", "the number is not finite"),
        ("{{ far }}", "the template needs 'nosuch'"),
    ],
)
def test_what_is_undefined_inside_a_value_is_a_mistake_with_its_place(
    tmp_path: Path, value: str, message: str
) -> None:
    text = f'podstead: {{engine: {{a: {{b: "{value}"}}}}}}\nbig: "1e999"\nfar: "{{{{ [[nosuch]] }}}}"\n'
    (said,) = mistakes(tmp_path, text)
    assert said.startswith(f"group_vars/all/a.yml:{3 if 'far' in value else 1}: podstead.engine.a.b: ")
    assert message in said


def test_one_expression_is_one_whatever_braces_are_in_it(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        "podstead:\n  users: \"{{ {'zoe': {'create': true}} }}\"\n"
        "  engine: {a: {b: \"{{ '}}' }}\", c: '{{- 5 -}}', d: '{{ 1 }}{{ 2 }}', e: '{{ 1 }} {{ 2 }}'}}",
    )
    assert host.spec.users["zoe"].create
    assert host.spec.engine["a"] == {"b": "}}", "c": 5, "d": "12", "e": "1 2"}


def test_the_home_of_nobody_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in refusal("@~nosuch/x")
    (said,) = mistakes(tmp_path, "podstead: {roles: ['~nosuch/x']}")
    assert (
        said
        == "group_vars/all/a.yml:1: podstead.roles: there is no role at '~nosuch/x': no role.yml was found there"
    )


def test_a_role_in_a_folder_that_one_may_not_enter_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)  # root may enter everything
    (said,) = mistakes(tmp_path, "podstead: {roles: [/closed/x]}")
    assert "there is no role at '/closed/x'" in said


def refusal(*extra: str) -> str:
    with pytest.raises(InputError) as caught:
        load(["a,"], extra_vars=extra)
    return str(caught.value)


@pytest.mark.parametrize(
    ("argument", "user"),
    [
        ("ansible_user='deploy'", "deploy"),
        ('ansible_user="deploy"', "deploy"),
        (r"ansible_user=CORP\x a=1", r"CORP\x"),
        (r"ansible_user=CORP\x", r"CORP\x"),
        ("a=1 ansible_user={{ inventory_hostname }} b=2", "a"),
        ("a={{ inventory_hostname }}x ansible_user='{{ a }}'", "ax"),
    ],
)
def test_extra_variables_are_quoted_as_in_ansible(argument: str, user: str) -> None:
    (host,) = load(["a,"], extra_vars=[argument])
    assert host.connection.user == user


def test_a_template_without_quotation_marks_is_one() -> None:
    (host,) = load(["a,"], extra_vars=["n={{ 65536 * 2 }}", "podstead={subids: {count: '{{ n }}'}}"])
    assert host.spec.subids.count == 131072


def test_an_ini_file_may_speak_of_groups_of_the_sources_before_it(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("web: {hosts: {web1: }}")
    (tmp_path / "b.ini").write_text("[web:vars]\nansible_user=deploy\n[all_web:children]\nweb\n")
    (host,) = load([tmp_path / "a.yml", tmp_path / "b.ini"])
    assert (host.connection.user, host.groups) == ("deploy", ("all_web", "web"))
    with pytest.raises(InputError, match="no section declares the group 'web'"):
        load([tmp_path / "b.ini", tmp_path / "a.yml"])


def test_of_two_merge_keys_the_last_wins_and_of_one_list_the_first(tmp_path: Path) -> None:
    text = "x: &x {n: 70001}\ny: &y {n: 70002}\n"
    assert (
        one(
            tmp_path, f"{text}podstead: {{subids: {{count: '{{{{ z.n }}}}'}}}}\nz: {{<<: *x, <<: *y}}"
        ).spec.subids.count
        == 70002
    )
    (tmp_path / "more").mkdir()
    listed = f"{text}podstead: {{subids: {{count: '{{{{ z.n }}}}'}}}}\nz: {{<<: [*x, *y]}}"
    assert one(tmp_path / "more", listed).spec.subids.count == 70001
