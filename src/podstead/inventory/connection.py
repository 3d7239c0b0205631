"""How a host is reached: Ansible's connection variables as one typed value."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast

from pydantic import SecretStr

from podstead.document.values import Node, Value, VaultCiphertext
from podstead.errors import Problem
from podstead.inventory.connection_reader import Reader

Kind: TypeAlias = Literal["ssh", "local", "podman", "docker", "chroot"]
StrictHostKeys: TypeAlias = Literal["yes", "accept-new", "no"]
BecomeMethod: TypeAlias = Literal["sudo", "doas", "su"]

_KINDS: Final[Mapping[str, Kind]] = {
    "ssh": "ssh",
    "smart": "ssh",
    "paramiko": "ssh",
    "paramiko_ssh": "ssh",
    "ansible.builtin.ssh": "ssh",
    "local": "local",
    "ansible.builtin.local": "local",
    "podman": "podman",
    "containers.podman.podman": "podman",
    "docker": "docker",
    "community.docker.docker": "docker",
    "chroot": "chroot",
    "community.general.chroot": "chroot",
}
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "ansible_host": ("ansible_host", "ansible_ssh_host"),
    "ansible_port": ("ansible_port", "ansible_ssh_port"),
    "ansible_user": ("ansible_user", "ansible_ssh_user"),
    "ansible_password": ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
    "ansible_become_password": ("ansible_become_password", "ansible_become_pass"),
    "ansible_ssh_private_key_file": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
    "ansible_host_key_checking": ("ansible_host_key_checking", "ansible_ssh_host_key_checking"),
}
"""The names that Ansible has for one thing: the last that is set wins, wherever it is set (plugins/connection/ssh.py,
plugins/become/sudo.py of ansible-core)."""
_SAME: Final = {name: thing for thing, names in _NAMES.items() for name in names}
KNOWN: Final = (
    "ansible_host", "ansible_port", "ansible_user", "ansible_password", "ansible_connection",
    "ansible_ssh_private_key_file", "ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_host_key_checking",
    "ansible_become", "ansible_become_method", "ansible_become_user", "ansible_become_password",
)  # fmt: skip
SECRET: Final = frozenset({"ansible_password", "ansible_become_password"})
_REFUSED: Final = (
    "ansible_ssh_args", "ansible_ssh_executable", "ansible_become_exe", "ansible_become_flags",
    "ansible_ssh_proxy_command", "ansible_paramiko_proxy_command",
)  # fmt: skip
_STRICT: Final[Mapping[str, StrictHostKeys]] = {
    "yes": "yes", "ask": "yes", "true": "yes", "accept-new": "accept-new", "no": "no", "off": "no", "false": "no",
}  # fmt: skip
_USER = re.compile(r"(?!-)[^\s'\"`;&<>|(){}]*[^\s'\"`;&<>|(){}\\]")
_ADDRESS = re.compile(r"(?!-)[^\s'\"`$\\;&<>|(){}]+")
"""What OpenSSH takes, so that no ProxyCommand can be made to run something else (valid_ruser, valid_hostname in ssh.c)."""
_CONTAINER = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_.:%/-]*")
"""Names of containers and folders: pyinfra's connectors put them into command lines."""


_SECRET_NAME = re.compile(r"ansible_.*(pass|secret|token)", re.IGNORECASE)


def hide(tree: Node) -> Node:
    """Wrap passwords, so that no repr and no message can show them; one that is not text becomes false."""
    if not any(map(_SECRET_NAME.match, tree.entries)):
        return tree
    entries = {
        key: replace(node, value=_wrapped(node.value)) if _SECRET_NAME.match(key) else node
        for key, node in tree.entries.items()
    }
    return replace(tree, value=entries)


def _wrapped(value: Value) -> Value:
    if isinstance(value, VaultCiphertext | SecretStr):
        return value
    return SecretStr(value) if isinstance(value, str) else False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a host is reached and how root is become there. ``None`` leaves it to ssh_config."""

    kind: Kind
    address: str
    port: int | None = None
    user: str | None = None
    private_key: str | None = None
    proxy_jump: str | None = None
    ssh_config_file: str | None = None
    known_hosts_file: str | None = None
    strict_host_keys: StrictHostKeys | None = None
    password: SecretStr | None = field(default=None, repr=False)
    become: bool = False
    become_method: BecomeMethod = "sudo"
    become_password: SecretStr | None = field(default=None, repr=False)
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Where the names of files on this machine were written, by field."""


def connection_variables(tree: Node, problems: list[Problem]) -> dict[str, Node]:
    """Return the ``ansible_*`` variables of one place that podstead knows; others are Ansible's affair alone."""
    found: dict[str, Node] = {}
    for key, node in tree.entries.items():
        if not key.startswith("ansible_"):
            continue
        name = _SAME.get(key, key)
        if name in _REFUSED:
            problems.append(Problem(where=node.origin.where, key=key, message="is not supported"))
        elif name in KNOWN:
            if name in SECRET and not isinstance(node.value, SecretStr | VaultCiphertext):
                problems.append(
                    Problem(where=node.origin.where, key=name, message="expected a string: quote it")
                )
            found[key] = node
    return found


def _by_thing(variables: Mapping[str, Node]) -> dict[str, Node]:
    """Merged variables under one name for each thing."""
    found = {key: node for key, node in variables.items() if key not in _SAME}
    for thing, names in _NAMES.items():
        nodes = [variables[name] for name in names if name in variables and variables[name].value is not None]
        if nodes:
            found[thing] = nodes[-1]
    return found


def connection(host: str, variables: Mapping[str, Node], problems: list[Problem]) -> Connection:
    """Read how a host is reached from its merged connection variables."""
    reader = Reader(_by_thing(variables), problems)
    options: dict[str, str] = {}
    origins = {"private_key": reader.where("ansible_ssh_private_key_file")}
    for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        found = _ssh_arguments(reader, name)
        options |= found
        if "config" in found:
            origins["ssh_config_file"] = reader.where(name)
    checking = reader.flag("ansible_host_key_checking")
    if checking is not None:
        options.setdefault("stricthostkeychecking", "yes" if checking else "no")
    if reader.text("ansible_become_user") not in (None, "root"):
        reader.report_problem(
            "ansible_become_user", "must be root: podstead changes the host as root and tests as each user"
        )
    strict = options.get("stricthostkeychecking")
    kind = cast("Kind", reader.choice("ansible_connection", _KINDS, "ssh"))
    address = reader.text("ansible_host", _ADDRESS if kind == "ssh" else _CONTAINER) or host
    login = ""
    if kind == "ssh" and "@" in address and not host.startswith("@"):
        # USER@HOST, as ssh(1) reads it; an option wins over it. Both halves may reach a ProxyCommand, as %r and %h
        login, _, address = address.rpartition("@")
        if not _USER.fullmatch(login) or not _ADDRESS.fullmatch(address):
            what = "is not USER@HOST, as ssh takes it"
            if "ansible_host" in reader.variables:
                reader.report_problem("ansible_host", f"{reader.describe('ansible_host')} {what}")
            else:
                problems.append(Problem(where=host, message=what))
    if kind not in ("ssh", "local") and not _CONTAINER.fullmatch(address):
        problems.append(Problem(where=host, message=f"no name of a container or folder for {kind}"))
    return Connection(
        kind=kind,
        address=address,
        port=reader.port("ansible_port"),
        user=reader.text("ansible_user", _USER) or login or None,
        private_key=reader.text("ansible_ssh_private_key_file"),
        proxy_jump=options.get("proxyjump"),
        ssh_config_file=options.get("config"),
        known_hosts_file=options.get("userknownhostsfile"),
        strict_host_keys=_STRICT[strict] if strict else None,
        password=reader.secret("ansible_password"),
        become=reader.flag("ansible_become") or False,
        become_method=cast(
            "BecomeMethod",
            reader.choice("ansible_become_method", {"sudo": "sudo", "doas": "doas", "su": "su"}, "sudo"),
        ),
        become_password=reader.secret("ansible_become_password"),
        origins={name: where for name, where in origins.items() if where},
    )


def _ssh_arguments(reader: Reader, name: str) -> dict[str, str]:
    """Read the few ssh options that podstead can keep; the values of others are not repeated, they may hold secrets."""
    text = reader.text(name)
    if not text:
        return {}
    found: dict[str, str] = {}
    try:
        words = iter(shlex.split(text))
    except ValueError:
        reader.report_problem(name, "a quotation mark is not closed")
        return {}
    for option, value in _ssh_options(words):
        if option not in ("proxyjump", "stricthostkeychecking", "userknownhostsfile", "config"):
            reader.report_problem(
                name,
                f"{'an option' if reader.hidden(name) else option[:40]} is not supported; only ProxyJump (-J), StrictHostKeyChecking, UserKnownHostsFile "
                "and -F are: put the rest into ssh_config",
            )
        elif (
            not value or value.startswith("-") or (option == "stricthostkeychecking" and value not in _STRICT)
        ):
            reader.report_problem(name, f"{option} needs a value that can be used")
        else:
            found[option] = value
    return found


def _ssh_options(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        flag, value = word[:2], word[2:]
        if flag not in ("-o", "-J", "-F"):
            yield (flag if flag.startswith("-") else "a bare word"), ""
            continue
        value = value or next(words, "")
        if flag == "-o":
            key, _, value = re.sub(r"\s*=\s*|\s+", "=", value.strip(), count=1).partition("=")
            value = value.lower() if key.lower() == "stricthostkeychecking" else value
            yield key.lower(), value
        else:
            yield ("proxyjump" if flag == "-J" else "config"), value
