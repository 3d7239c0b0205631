"""Inventory sources read into one Inventory: files, folders, programs, ``host1,host2,`` lists and @pseudo-hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from podstead.document.roles import RoleLibrary, must_be_folders
from podstead.document.values import Node, Origin
from podstead.document.yaml_document import collecting, parse, read_text
from podstead.errors import InputError, Problem
from podstead.inventory import ini_inventory, json_inventory, programs, toml_inventory, yaml_inventory
from podstead.inventory.connection import hide
from podstead.inventory.groups import Inventory
from podstead.inventory.patterns import PSEUDO, select, split
from podstead.inventory.resolve import ResolvedHost, resolve
from podstead.inventory.variables import VarsFolder, extra
from podstead.inventory.vault import Vault

_YAML: Final = frozenset({".yml", ".yaml", ".json"})
_INI: Final = frozenset({".ini", ""})
_TOML: Final = ".toml"
_NOT_INVENTORIES: Final = re.compile(
    r"\..*|.*~|group_vars|host_vars|group_data|roles|vars_plugins|podstead\.toml|pyproject\.toml|(README|LICENSE|Makefile|Vagrantfile)(\..*)?"
)
_GROUP_LINE: Final = re.compile(r"(---.*|[\w.-]+:(\s.*)?|\{.*)")


def load(  # noqa: PLR0913 - what a command line can say of it
    sources: Sequence[str | Path],
    *,
    extra_vars: Sequence[str] = (),
    pattern: str = "all",
    limit: str | None = None,
    roles_dirs: Sequence[Path] = (),
    connection_defaults: Mapping[str, Node] | None = None,
    vault: Vault | None = None,
    warnings: list[Problem] | None = None,
) -> tuple[ResolvedHost, ...]:
    """Read inventories and return the chosen hosts, resolved, in the order of the pattern.

    ``connection_defaults`` are ``ansible_*`` variables from options such as ``--remote-user``: every layer replaces them.
    What a person should know, and is no mistake, is added to ``warnings``. Raises InputError with all problems of all files
    and of the chosen hosts; what other hosts and groups say is not judged.
    """
    must_be_folders(roles_dirs)
    vault = vault or Vault()
    inventory = read_inventory(sources, pattern=pattern)
    chosen = choose(inventory, pattern, limit)
    folders = places(sources)
    memberships = inventory.memberships()
    groups = dict.fromkeys(("all", *(group for host in chosen for group in memberships[host])))
    add_group_vars(inventory, groups, folders, vault)
    add_host_vars(inventory, chosen, folders, vault)
    read_groups, read_hosts = set(groups), set(chosen)

    def read_variables(name: str) -> None:
        new = [group for group in memberships[name] if group not in read_groups]
        add_group_vars(inventory, new, folders, vault)
        read_groups.update(new)
        if name not in read_hosts:
            add_host_vars(inventory, [name], folders, vault)
            read_hosts.add(name)

    inventory.read_variables = read_variables

    extras = extra(extra_vars, inventory.problems, vault)
    defaults = hide(Node(dict(connection_defaults or {}), Origin("options")))
    role_library = RoleLibrary((folder / "roles" for folder in folders), chosen=roles_dirs)
    hosts, problems = resolve(
        inventory,
        chosen,
        role_library=role_library,
        extras=extras,
        defaults=defaults,
        vault=vault,
        named=frozenset(split(pattern)),
    )
    if inventory.unread or inventory.problems or problems:
        raise InputError([*inventory.unread, *inventory.problems, *problems])
    if warnings is not None:
        warnings += inventory.warnings
    return hosts


def choose(inventory: Inventory, pattern: str, limit: str | None) -> tuple[str, ...]:
    """Return the hosts that a pattern names, if a limit names them, too. Raises InputError."""
    try:
        chosen = select(inventory, pattern)
        if limit is None:
            return chosen
        allowed = set(select(inventory, limit, option="--limit"))
        chosen = tuple(host for host in chosen if host in allowed)
        if not chosen:
            raise InputError.single(f"no host matches both {pattern!r} and {limit!r}", where="--limit")
    except InputError:
        if inventory.unread or inventory.problems:  # a consequence, most likely
            raise InputError([*inventory.unread, *inventory.problems]) from None
        raise
    return chosen


def read_inventory(
    sources: Sequence[str | Path], *, pattern: str = "all", may_be_empty: bool = False
) -> Inventory:
    """Read hosts and groups, without group_vars and host_vars. What is wrong is left in the result, unless it has no host."""
    inventory = Inventory(sources=[str(source) for source in sources])
    for source in sources:
        with collecting(inventory.unread):
            _source(inventory, source)
    for part in split(pattern):
        if part.startswith("@"):
            with collecting(inventory.problems):
                _pseudo_host(inventory, part)
    wrong = [*inventory.unread, *inventory.problems]
    if not inventory.hosts and not (may_be_empty and sources and not wrong):
        if not sources and not wrong:
            raise InputError.single("no inventory was given", hint="use -i FILE, or @local for this machine")
        raise InputError(wrong or [Problem(where=", ".join(inventory.sources), message="names no host")])
    inventory.complete()
    return inventory


def add_group_vars(
    inventory: Inventory, groups: Iterable[str], folders: Sequence[Path], vault: Vault
) -> None:
    """Read group_vars of these groups."""
    names = list(groups)
    for number, folder in enumerate(folders):
        files = VarsFolder(folder / "group_vars", inventory.problems, vault)
        for name in names:
            trees = list(files.trees(name))
            if trees:
                inventory.groups[name].in_files[number] = trees


def add_host_vars(inventory: Inventory, chosen: Sequence[str], folders: Sequence[Path], vault: Vault) -> None:
    """Read host_vars of the chosen hosts."""
    for folder in folders:
        files = VarsFolder(folder / "host_vars", inventory.problems, vault)
        for host in chosen:
            inventory.hosts[host].files.extend(files.trees(host))


def places(sources: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the folders that may hold group_vars, host_vars and roles: beside each inventory."""
    paths = [Path(source) for source in sources if isinstance(source, Path) or not _is_no_file(source)]
    return tuple(dict.fromkeys(path if _is_folder(path) else path.parent for path in paths))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path's own raises where it may not look


def _is_no_file(source: str) -> bool:
    # Path's own raises where it may not look, and for a list that is too long for a name
    is_file = os.path.exists(source)  # noqa: PTH110
    return source.startswith("@") or ("," in source and not is_file) or "\0" in source


def _source(inventory: Inventory, source: str | Path) -> None:
    if isinstance(source, str) and not source.strip():
        # as a path it would be this folder, whose files are inventories and whose programs are run
        raise InputError.single(
            "names no inventory: it is empty", where="-i", hint="a file, a folder, or 'host1,'"
        )
    if isinstance(source, str) and source.startswith("@"):
        _pseudo_host(inventory, source)
    elif isinstance(source, str) and _is_no_file(source):
        for name in source.split(","):
            if name.strip():
                inventory.add_hosts(inventory.groups["ungrouped"], name.strip(), Origin("-i"), None)
    else:
        path = Path(source)
        _must_be_there(path)
        if _is_folder(path):
            _folder(inventory, path)
        else:
            _file(inventory, path)


def _must_be_there(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        message = "there is no such inventory file or folder; for a list of hosts write 'host1,' with a comma"
        raise InputError.single(message, where=str(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.single(f"cannot be read: {reason}", where=str(path)) from error


def _folder(inventory: Inventory, folder: Path) -> None:
    files = _inventories(folder)
    if not files:
        raise InputError.single(
            "contains no inventory file (.yml, .yaml, .json, .ini, .toml, no suffix, or a program)",
            where=str(folder),
        )
    for path in files:
        with collecting(inventory.unread):
            _file(inventory, path)


def _inventories(folder: Path) -> list[Path]:
    """The inventory files of a folder and of the folders in it, by name, as Ansible reads them."""
    found: list[Path] = []
    try:
        for path in sorted(folder.iterdir()):
            if _NOT_INVENTORIES.fullmatch(path.name):
                continue
            if path.is_dir():
                found += _inventories(path)
            elif path.is_file() and (path.suffix in _YAML | _INI | {_TOML} or programs.is_script(path)):
                found.append(path)
    except OSError as error:  # the folder, or what is in it: a folder may be read and not searched
        raise InputError.single(
            f"cannot be read: {error.strerror}", where=str(error.filename or folder)
        ) from error
    return found


def _file(inventory: Inventory, path: Path) -> None:
    inventory.reading = os.path.abspath(path)  # noqa: PTH100 - Path's own follows links
    try:
        _read_file(inventory, path)
    finally:
        inventory.reading = ""


def _read_file(inventory: Inventory, path: Path) -> None:
    try:
        is_script = programs.is_script(path)
    except OSError as error:
        raise InputError.single(f"cannot be read: {error.strerror}", where=str(path)) from error
    if is_script:
        programs.add_script(inventory, path)
        return
    if path.suffix == ".py":
        programs.add_pyinfra(inventory, path)
        return
    text = read_text(path)
    if text.startswith("#!"):
        message = "is an inventory script that is not executable: chmod +x it, or save what it prints"
        raise InputError.single(message, where=str(path))
    if path.suffix == _TOML:
        toml_inventory.add(inventory, text, str(path))
    elif path.suffix in _YAML or (path.suffix != ".ini" and _looks_like_yaml(text)):
        root = parse(text, str(path))
        if json_inventory.is_listing(root):
            json_inventory.add(inventory, root)
        else:
            yaml_inventory.add(inventory, root)
    else:
        ini_inventory.add(inventory, text, str(path))


def _looks_like_yaml(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in "#;"), "")
    return bool(_GROUP_LINE.fullmatch(first))


def _pseudo_host(inventory: Inventory, text: str) -> None:
    match = PSEUDO.fullmatch(text)
    if not match:
        message = f"{text[:60]!r} is not one of @local, @ssh/HOST, @podman/NAME, @docker/NAME, @chroot/DIR"
        raise InputError.single(message, where="pattern")
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
