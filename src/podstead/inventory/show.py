"""A host's merged document as text or as plain data, with the place behind each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from podstead.document.layers import origins
from podstead.document.values import Node, displayed
from podstead.inventory.connection import Connection
from podstead.inventory.resolve import ResolvedHost

_GAP = 2


def render_show(host: ResolvedHost, *, with_origins: bool = True) -> str:
    """Return the merged document as YAML; with origins, each value is followed by ``# file:line``."""
    lines = [(f"# {host.name}: {_reached(host.connection)}", "")]
    lines += _lines(host.tree, 0)
    widths = [len(text) for text, note in lines if note and len(text) <= 60]
    column = max(widths, default=0) + _GAP
    rows = (f"{text:<{column}}# {note}" if with_origins and note else text for text, note in lines)
    return "\n".join(rows) + "\n"


def _lines(node: Node, indent: int) -> Iterator[tuple[str, str]]:
    for key, child in node.entries.items():
        name = " " * indent + _flow(key)
        if child.entries:
            yield f"{name}:", ""
            yield from _lines(child, indent + 2)
        else:
            yield f"{name}: {_flow(displayed(child))}", _note(child)


def _note(node: Node) -> str:
    replaced = ", ".join(dict.fromkeys(origin.where for origin in node.replaced))
    return f"{node.origin.where} (replaces {replaced})" if replaced else node.origin.where


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=2**31, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _reached(connection: Connection) -> str:
    user = f"{connection.user}@" if connection.user else ""
    port = f":{connection.port}" if connection.port else ""
    become = f", becomes root with {connection.become_method}" if connection.become else ""
    return f"{connection.kind} {user}{connection.address}{port}{become}"


def show_document(host: ResolvedHost) -> dict[str, Any]:
    """Return the same as plain data for JSON. Passwords are left out: only whether one is set."""
    return {
        "name": host.name,
        "groups": list(host.groups),
        "connection": _connection(host.connection),
        "document": displayed(host.tree),
        "origins": [
            {
                "path": list(path),
                "file": found.origin.file,
                "line": found.origin.line,
                "replaces": [{"file": origin.file, "line": origin.line} for origin in found.replaced],
            }
            for path, found in origins(host.tree).items()
        ],
    }


def _connection(connection: Connection) -> Mapping[str, Any]:
    return {
        "kind": connection.kind,
        "address": connection.address,
        "port": connection.port,
        "user": connection.user,
        "private_key": connection.private_key,
        "proxy_jump": connection.proxy_jump,
        "ssh_config_file": connection.ssh_config_file,
        "known_hosts_file": connection.known_hosts_file,
        "strict_host_keys": connection.strict_host_keys,
        "password_is_set": connection.password is not None,
        "become": connection.become,
        "become_method": connection.become_method,
        "become_password_is_set": connection.become_password is not None,
    }
