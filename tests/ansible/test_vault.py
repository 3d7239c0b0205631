"""Ansible Vault: what the real ansible-vault seals is opened, and no secret is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from podstead import api
from podstead.cli.main import cli
from podstead.document.values import Origin
from podstead.errors import InputError
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.vault import Vault, passwords

HERE = Origin("f", 3)
SECRET = "grüße hunter2 äöü"


def seal(text: str, folder: Path, password: str, vault_id: str = "") -> str:
    """Seal with the real ansible-vault."""
    (folder / "sealing").write_text(password + "\n", encoding="utf-8")
    who = (
        ["--vault-id", f"{vault_id}@{folder}/sealing"]
        if vault_id
        else ["--vault-password-file", f"{folder}/sealing"]
    )
    words = [sys.executable, "-m", "ansible", "vault", "encrypt", *who, "--output", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return seal(SECRET, tmp_path_factory.mktemp("sealed"), "open sesame")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return seal(SECRET, tmp_path_factory.mktemp("sealed"), "prod password", "prod")


def vault(*given: tuple[str, str]) -> Vault:
    return Vault(tuple((name, SecretStr(text)) for name, text in given))


def refused(sealed_text: str, opened_by: Vault) -> str:
    with pytest.raises(InputError) as caught:
        opened_by.open(sealed_text, HERE, "key")
    assert str(caught.value).startswith("f:3: key: ")
    return str(caught.value)


def test_what_ansible_vault_seals_is_opened(sealed: str, labelled: str) -> None:
    both = vault(("default", "open sesame"), ("prod", "prod password"))
    assert both.open(sealed, HERE) == SECRET
    assert both.open(labelled, HERE) == SECRET
    assert vault(("other", "prod password")).open(labelled, HERE) == SECRET, "an ID is a hint, as in Ansible"


def test_a_wrong_password_is_said_with_those_that_were_tried(labelled: str) -> None:
    said = refused(labelled, vault(("dev", "wrong"), ("qa", "wrong too")))
    assert "its vault ID is 'prod'" in said
    assert "tried: dev, qa" in said


def test_no_password_is_said(sealed: str) -> None:
    assert "is encrypted with Ansible Vault" in refused(sealed, Vault())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-40], "is truncated or altered"),
        (lambda text: text.replace("AES256", "AES"), "is not Ansible Vault's format 1.1 or 1.2"),
        (lambda text: text.splitlines()[0], "is truncated or altered"),
        (lambda text: text.replace("\n3", "\nz", 1), "is truncated or altered"),
        (lambda _: "hello", "is not Ansible Vault's format"),
    ],
)
def test_what_is_no_vault_is_said(sealed: str, change: object, message: str) -> None:
    assert callable(change)
    assert message in refused(change(sealed), vault(("default", "open sesame")))


def test_a_changed_text_is_not_opened(sealed: str) -> None:
    """The HMAC is over the ciphertext: one bit less and it is somebody else's."""
    lines = sealed.splitlines()
    lines[-1] = lines[-1][:-1] + ("1" if lines[-1][-1] != "1" else "3")
    with pytest.raises(InputError):
        vault(("default", "open sesame")).open("\n".join(lines), HERE)


def test_passwords_come_from_files_programs_and_prompts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("  from file\n")
    (tmp_path / "program").write_text("#!/bin/sh\necho from program\n")
    (tmp_path / "my-client").write_text('#!/bin/sh\necho "client $1 $2"\n')
    (tmp_path / "bad").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "empty").write_text("\n")
    for name in ("program", "my-client", "bad"):
        (tmp_path / name).chmod(0o755)
    found = passwords(
        [str(tmp_path / "file")],
        [f"{tmp_path}/program", f"prod@{tmp_path}/my-client", "dev@prompt"],
        ask=True,
        prompt=lambda prompt: SecretStr(f"<{prompt}>"),
    )
    assert [(name, one.get_secret_value()) for name, one in found] == [
        ("default", "from file"),
        ("default", "from program"),
        ("prod", "client --vault-id prod"),
        ("dev", "<Vault password (dev): >"),
        ("default", "<Vault password: >"),
    ]
    for name, message in (
        ("bad", "exited with code 3 instead of printing a password"),
        ("empty", "contains no vault password"),
        ("none", "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            passwords([str(tmp_path / name)], [], ask=False, prompt=lambda _: SecretStr(""))


def inline(text: str, indent: int) -> str:
    return "!vault |\n" + "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


@pytest.fixture
def project(tmp_path: Path, sealed: str) -> Path:
    """Passwords directly, through a variable, and in a file that is sealed as a whole; and a secret in a document."""
    (tmp_path / "group_vars/all").mkdir(parents=True)
    (tmp_path / "hosts.yml").write_text(
        "all:\n  hosts:\n    a:\n      ansible_password: "
        + inline(sealed, 8)
        + "    b:\n      ansible_password: '{{ from_file }}'\n      ansible_become_password: 'x{{ from_file }}y'\n"
    )
    whole = seal(f"from_file: {SECRET}\n", tmp_path, "open sesame")
    (tmp_path / "group_vars/all/vault.yml").write_text(whole)
    (tmp_path / "group_vars/all/more.yml").write_text(
        "podstead: {engine: {containers: {env: ['TOKEN={{ from_file }}', 'A=1']}}}\n"
    )
    (tmp_path / "pass").write_text("open sesame\n")
    (tmp_path / "sealing").unlink()
    return tmp_path


def test_secrets_reach_the_connection_and_the_document_and_no_representation(project: Path) -> None:
    hosts = load([project / "hosts.yml"], vault=vault(("default", "open sesame")))
    links = [host.connection for host in hosts]
    assert [link.password.get_secret_value() if link.password else None for link in links] == [SECRET, SECRET]
    assert links[1].become_password is not None
    assert links[1].become_password.get_secret_value() == f"x{SECRET}y"
    assert hosts[0].spec.engine["containers"]["env"] == [f"TOKEN={SECRET}", "A=1"]
    assert SECRET in hosts[0].secrets
    assert "hunter2" not in repr(hosts)
    assert "hunter2" not in repr(hosts[0].tree)


def _run(*words: str, given: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(words), input=given, standalone_mode=False)
    said = str(done.exception) if isinstance(done.exception, InputError) else ""
    if done.exception and not said:
        raise done.exception
    return done.return_value if done.exception is None else 2, done.output + said


@pytest.mark.parametrize(
    "words",
    [
        ("show", "--origins"),
        ("show", "-o", "json"),
        ("inventory", "--list"),
        ("inventory", "--list", "--export"),
        ("inventory", "--graph", "--vars"),
        ("inventory", "--host", "b"),
    ],
    ids=" ".join,
)
def test_no_verb_prints_a_secret(project: Path, words: tuple[str, ...]) -> None:
    code, out = _run(*words, "-i", f"{project}/hosts.yml", "--vault-password-file", f"{project}/pass")
    assert code == 0
    assert out
    assert "hunter2" not in out
    assert "open sesame" not in out


def test_without_a_password_the_mistake_is_said_with_its_place(project: Path) -> None:
    code, out = _run("show", "-i", f"{project}/hosts.yml")
    assert code == 2
    assert f"{project}/group_vars/all/vault.yml: is encrypted with Ansible Vault" in out


def test_a_wrong_password_is_said_for_every_value(project: Path) -> None:
    (project / "pass").write_text("wrong")
    code, out = _run("show", "-i", f"{project}/hosts.yml", "--vault-password-file", f"{project}/pass")
    assert code == 2
    assert (
        f"{project}/group_vars/all/vault.yml: is encrypted with Ansible Vault, and none of the given passwords opens it"
        in out
    )


def test_the_vault_password_can_be_asked_for(project: Path) -> None:
    code, out = _run("inventory", "--host", "b", "-i", f"{project}/hosts.yml", "-J", given="open sesame\n")
    assert code == 0
    assert json.loads(out[out.index("{") :])["from_file"] == "********"


def test_what_a_sealed_file_holds_is_not_repeated_when_it_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "h.yml").write_text("all: {hosts: {a: }}")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text(seal("hunter2: [\n", tmp_path, "p"))
    with pytest.raises(InputError) as caught:
        load([tmp_path / "h.yml"], vault=vault(("default", "p")))
    assert "hunter2" not in str(caught.value)
    assert "is not YAML" in str(caught.value)


def test_a_host_is_resolved_without_a_password_where_nothing_sealed_is_needed(
    tmp_path: Path, sealed: str
) -> None:
    (tmp_path / "h.yml").write_text("all: {hosts: {a: {db_password: " + json.dumps(sealed) + "}}}")
    (tmp_path / "h2.yml").write_text("all:\n  hosts:\n    a:\n      db_password: " + inline(sealed, 8))
    hosts: tuple[ResolvedHost, ...] = load([tmp_path / "h2.yml"])
    assert [host.name for host in hosts] == ["a"]


def test_the_library_takes_password_files(project: Path) -> None:
    hosts = api.hosts(project / "hosts.yml", vault_password_files=[project / "pass"])
    assert hosts[0].connection.password is not None
    assert hosts[0].connection.password.get_secret_value() == SECRET
