"""Inventory sources read into one Inventory: files, directories, ``host1,host2,`` lists and @pseudo-hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from podstead.errors import InputError
from podstead.inventory import ini_inventory, yaml_inventory
from podstead.inventory.connection import hide
from podstead.inventory.groups import Inventory
from podstead.inventory.patterns import select, split
from podstead.inventory.resolve import ResolvedHost, resolve
from podstead.inventory.variables import VarsFolder, extra
from podstead.nodes import Node, Origin
from podstead.roles import Shelf, builtin_roles
from podstead.yamldoc import collecting, parse, read_text

_YAML: Final = frozenset({".yml", ".yaml", ".json"})
_INI: Final = frozenset({".ini", ""})
_NOT_INVENTORIES: Final = frozenset({"group_vars", "host_vars", "roles", "README", "LICENSE", "Makefile"})
_PSEUDO: Final = re.compile(
    r"@(?:(?P<local>local)|ssh/(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+)(?::(?P<port>\d+))?"
    r"|(?P<container>podman|docker)/(?P<name>[A-Za-z0-9][\w.-]*)|chroot/(?P<folder>/?[^\s:,]+))"
)
_GROUP_LINE: Final = re.compile(r"(---.*|[\w.-]+:(\s.*)?|\{.*)")


def load(
    sources: Sequence[str | Path],
    *,
    extra_vars: Sequence[str] = (),
    pattern: str = "all",
    limit: str | None = None,
    roles_dirs: Sequence[Path] = (),
    connection_defaults: Mapping[str, str] | None = None,
) -> tuple[ResolvedHost, ...]:
    """Read inventories and return the chosen hosts, resolved, in the order of the inventory.

    ``connection_defaults`` are ``ansible_*`` variables from options such as ``--user``: every layer replaces them.
    Raises InputError with all problems of all files and hosts.
    """
    inventory = read_inventory(sources, pattern=pattern)
    try:
        chosen = select(inventory, pattern)
        if limit is not None:
            allowed = set(select(inventory, limit, option="--limit"))
            chosen = tuple(host for host in chosen if host in allowed)
            if not chosen:
                raise InputError.one(f"no host matches both {pattern!r} and {limit!r}", where="--limit")
    except InputError:
        if inventory.problems:  # a consequence, most likely
            raise InputError(inventory.problems) from None
        raise
    folders = places(sources)
    _host_vars(inventory, chosen, folders)
    extras = extra(extra_vars, inventory.problems)
    options = Origin("options")
    defaults = hide(
        Node({key: Node(text, options) for key, text in (connection_defaults or {}).items()}, options)
    )
    shelf = Shelf([*roles_dirs, *(folder / "roles" for folder in folders), builtin_roles()])
    hosts, problems = resolve(inventory, chosen, shelf=shelf, extras=extras, defaults=defaults)
    if inventory.problems or problems:
        raise InputError([*inventory.problems, *problems])
    return hosts


def read_inventory(sources: Sequence[str | Path], *, pattern: str = "all") -> Inventory:
    """Read hosts, groups and group variables. Problems are left in the result, unless it has no host."""
    inventory = Inventory(sources=[str(source) for source in sources])
    for source in sources:
        with collecting(inventory.problems):
            _source(inventory, source)
    for part in split(pattern):
        if part.startswith("@"):
            with collecting(inventory.problems):
                _pseudo_host(inventory, part)
    if not inventory.hosts:
        if not sources and not inventory.problems:
            raise InputError.one("no inventory is given", hint="use -i FILE, or @local for this machine")
        if not inventory.problems:
            inventory.problem(Origin(", ".join(inventory.sources)), "names no host")
        raise InputError(inventory.problems)
    inventory.gather_ungrouped()
    for folder in places(sources):
        files = VarsFolder(folder / "group_vars", inventory.problems)
        for group in inventory.groups.values():
            group.variables.extend(files.trees(group.name))
    return inventory


def _host_vars(inventory: Inventory, chosen: Sequence[str], folders: Sequence[Path]) -> None:
    for folder in folders:
        files = VarsFolder(folder / "host_vars", inventory.problems)
        for host in chosen:
            inventory.hosts[host].extend(files.trees(host))


def places(sources: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the folders that may hold group_vars, host_vars and roles: beside each inventory."""
    paths = [Path(source) for source in sources if isinstance(source, Path) or not _is_no_file(source)]
    return tuple(dict.fromkeys(path if path.is_dir() else path.parent for path in paths))


def _is_no_file(source: str) -> bool:
    return "," in source or source.startswith("@") or "\0" in source


def _source(inventory: Inventory, source: str | Path) -> None:
    if isinstance(source, str) and source.startswith("@"):
        _pseudo_host(inventory, source)
    elif isinstance(source, str) and _is_no_file(source):
        for name in source.split(","):
            if name.strip():
                inventory.add_hosts(inventory.groups["ungrouped"], name.strip(), Origin("-i"), None)
    else:
        path = Path(source)
        if not path.exists():
            message = (
                "there is no such inventory file or folder; for a list of hosts write 'host1,' with a comma"
            )
            raise InputError.one(message, where=str(path))
        if path.is_dir():
            _directory(inventory, path)
        else:
            _file(inventory, path)


def _directory(inventory: Inventory, folder: Path) -> None:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError.one(f"cannot be read: {error.strerror}", where=str(folder)) from error
    files = [
        path
        for path in entries
        if path.name not in _NOT_INVENTORIES
        and not path.name.startswith(".")
        and not path.name.endswith("~")
        and path.suffix in _YAML | _INI
        and path.is_file()
    ]
    if not files:
        raise InputError.one(
            "holds no inventory file (.yml, .yaml, .json, .ini or no suffix)", where=str(folder)
        )
    for path in files:
        with collecting(inventory.problems):
            _file(inventory, path)


def _file(inventory: Inventory, path: Path) -> None:
    text = read_text(path)
    if text.startswith("#!"):
        raise InputError.one("inventory scripts are not run; save what it prints", where=str(path))
    if path.suffix in _YAML or (path.suffix != ".ini" and _looks_like_yaml(text)):
        yaml_inventory.add(inventory, parse(text, str(path)))
    else:
        ini_inventory.add(inventory, text, str(path))


def _looks_like_yaml(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    return bool(_GROUP_LINE.fullmatch(first))


def _pseudo_host(inventory: Inventory, text: str) -> None:
    match = _PSEUDO.fullmatch(text)
    if not match:
        message = f"{text[:60]!r} is none of @local, @ssh/HOST, @podman/NAME, @docker/NAME, @chroot/DIR"
        raise InputError.one(message, where="pattern")
    if text in inventory.hosts:
        return
    variables: dict[str, str | None] = {"ansible_connection": "local"}
    if match["host"]:
        variables = {
            "ansible_connection": "ssh",
            "ansible_host": match["host"],
            "ansible_user": match["user"],
            "ansible_port": match["port"],
        }
    elif match["container"]:
        variables = {"ansible_connection": match["container"], "ansible_host": match["name"]}
    elif match["folder"]:
        variables = {"ansible_connection": "chroot", "ansible_host": match["folder"]}
    origin = Origin(text)
    tree = Node({key: Node(value, origin) for key, value in variables.items() if value}, origin)
    inventory.add_hosts(inventory.groups["ungrouped"], text, origin, tree)
