"""Lookups, hostvars and places of the inventory say in podstead's templates what they say in Ansible's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from podstead.errors import InputError
from podstead.inventory.load import load
from tests.ansible_view import ask

HOSTS = """
all:
  vars: {tier: production}
  hosts:
    a:
      near: "{{ lookup('file', 'address') }}"
      far: "{{ hostvars['z'].whole }}"
    z:
      whole: "{{ inventory_hostname }}.{{ zone }}"
  children:
    site: {hosts: {z: }}
"""
EXPRESSIONS = (
    "lookup('env', 'PODSTEAD_SET')",
    "lookup('ansible.builtin.env', 'PODSTEAD_SET')",
    "lookup('env', 'PODSTEAD_UNSET')",
    "lookup('env', 'PODSTEAD_UNSET') | default('x', true)",
    "lookup('env', 'PODSTEAD_UNSET', default='given')",
    "lookup('env', 'PODSTEAD_SET', 'PODSTEAD_UNSET')",
    "query('env', 'PODSTEAD_SET', 'PODSTEAD_UNSET')",
    "q('env', 'PODSTEAD_SET')",
    "lookup('env', 'PODSTEAD_SET', wantlist=True)",
    "near",
    "lookup('file', 'address', 'beside')",
    "lookup('file', 'address', rstrip=False)",
    "lookup('file', 'address', lstrip=True)",
    "lookup('file', inventory_dir ~ '/beside')",
    "lookup('vars', 'tier')",
    "lookup('vars', 'nowhere', default='no')",
    "far",
    "hostvars.z.zone",
    "hostvars['z'].from_a_group",
    "hostvars['z']['tier']",
    "hostvars['z'].nowhere | default('none')",
    "hostvars['nobody'] is defined",
    "hostvars[inventory_hostname].tier",
    "hostvars | list",
    "groups['site'] | map('extract', hostvars) | list | length",
    "hostvars.z.group_names",
    "hostvars.z.inventory_hostname",
    "inventory_dir",
    "inventory_file",
)
OURS = tuple(text for text in EXPRESSIONS if "extract" not in text)  # a filter of Ansible's own


def write(folder: Path) -> None:
    for name, text in {
        "hosts.yml": HOSTS,
        "files/address": "  192.0.2.7 \n\n",
        "beside": "x\ny\n",
        "host_vars/z.yml": "zone: '{{ letters }}'",
        "group_vars/site.yml": "letters: eu\nfrom_a_group: '{{ letters | upper }}'",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_template_says_what_it_says_in_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PODSTEAD_SET", "from outside")
    monkeypatch.setenv("ANSIBLE_LOG_PATH", "")
    texts = [f"{{{{ ({expression}) | string }}}}" for expression in OURS]
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps({"all_of_it": texts}))
    words = ["ansible", "-i", "hosts.yml", "a", "-m", "debug", "-a", "var=all_of_it", "-e", f"@{extra}"]
    (said,) = ask([(words, tmp_path)])
    assert said.code == 0, said.err + said.out
    theirs = json.loads(said.out.partition("=>")[2])["all_of_it"]
    document = json.dumps({"podstead": {"engine": {"containers": {"env": texts}}}})
    (host,) = load(["hosts.yml"], pattern="a", extra_vars=[document])
    assert dict(zip(OURS, host.spec.engine["containers"]["env"], strict=True)) == dict(
        zip(OURS, theirs, strict=True)
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{ lookup('pipe', 'id -u') }}", "the lookup 'pipe' is not supported, only env, file and vars are"),
        ("{{ query('community.general.keepass', 'x') }}", "the lookup 'community.general.keepass' is not supported"),
        ("{{ lookup('file', 'nowhere') }}", "the file 'nowhere' cannot be read: No such file or directory"),
        ("{{ lookup('file', '/dev') }}", "the file '/dev' "),
        ("{{ lookup('file', 'pipe') }}", "the file 'pipe' is not a regular file"),
        ("{{ lookup('file', 'bytes') }}", "the file 'bytes' is not UTF-8 text"),
        ("{{ lookup('file', 'large') }}", "the file 'large' is larger than 1 MiB"),
        ("{{ lookup('vars', 'nowhere') }}", "the template looks up 'nowhere', which is not defined for this host"),
        ("{{ hostvars.z.nowhere }}", "uses a variable that is not defined"),
        ("{{ hostvars.nobody.x }}", "uses a variable that is not defined"),
        ("{{ hostvars.b.of_a }}", "the template refers to itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_up_is_a_mistake_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("bytes").write_bytes(b"\xff")
    Path("large").write_bytes(b"x" * ((1 << 20) + 1))
    Path("hosts.yml").write_text(
        f"all:\n  hosts:\n    a:\n      x: {json.dumps(value)}\n      ansible_host: '{{{{ x }}}}'\n"
        "    b: {of_a: '{{ hostvars.a.x }}'}\n    z:\n"
    )
    with pytest.raises(InputError) as caught:
        load(["hosts.yml"], pattern="a")
    assert message in caught.value.problems[0].message
    assert caught.value.problems[0].where.startswith("hosts.yml:")


def test_what_was_secret_for_another_host_is_secret_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hosts.yml").write_text(
        "all:\n  hosts:\n    a:\n      podstead: {engine: {containers: {tz: \"{{ hostvars.b.hint ~ '!' }}\"}}}\n"
        "    b: {ansible_password: a long word, hint: 'with {{ ansible_password }}'}\n"
    )
    (host,) = load(["hosts.yml"], pattern="a")
    assert host.spec.engine["containers"]["tz"] == "with a long word!"
    assert "with a long word!" in host.secrets


def test_only_what_is_asked_for_is_read_of_a_host_that_was_not_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hosts.yml").write_text(
        "all:\n  hosts:\n    a: {ansible_host: '{{ hostvars.b.address }}'}\n"
        "    b: {address: 192.0.2.1, wrong: '{{ nowhere }}', podstead: {userz: {}}, ansible_port: x}\n    c:\n"
    )
    Path("host_vars").mkdir()
    Path("host_vars/c.yml").write_text("[")
    (host,) = load(["hosts.yml"], pattern="a")
    assert host.connection.address == "192.0.2.1"
