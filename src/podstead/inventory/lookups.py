"""The lookups of Ansible that inventories use: env, file and vars.

Names, options and results are those of ansible-core's own plugins (lib/ansible/plugins/lookup/env.py, file.py, vars.py).
Every other lookup is a program or a service of its own, and is named in an error.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, Final

from podstead.inventory.sandbox import Failed

_BUILTIN: Final = "ansible.builtin."
_MOST: Final = 1 << 20
_MISSING: Final = object()


def functions(variables: Mapping[str, Any]) -> dict[str, Callable[..., object]]:
    """Return ``lookup``, ``query`` and ``q`` for the templates of one host, whose variables these are."""

    def query(plugin: str, *terms: object, **options: object) -> list[object]:
        return [_value_of(str(plugin), str(term), options, variables) for term in terms]

    def lookup(plugin: str, *terms: object, **options: object) -> object:
        found = query(plugin, *terms, **options)
        if options.get("wantlist"):
            return found
        return found[0] if len(found) == 1 else ",".join(map(str, found))

    return {"lookup": lookup, "query": query, "q": query}


def _value_of(plugin: str, term: str, options: Mapping[str, Any], variables: Mapping[str, Any]) -> object:
    match plugin.removeprefix(_BUILTIN):
        case "env":
            return os.environ.get(term, options.get("default", ""))
        case "file":
            text = _file(term)
            text = text.rstrip() if options.get("rstrip", True) else text
            return text.lstrip() if options.get("lstrip", False) else text
        case "vars":
            found = variables[term] if term in variables else options.get("default", _MISSING)
            if found is _MISSING:
                raise Failed(f"the template looks up {term!r}, which is not defined for this host")
            return found
    raise Failed(
        f"the lookup {plugin[:60]!r} is not supported, only env, file and vars are: "
        "give the value with -e, in a vault, or through lookup('env', 'NAME')"
    )


def _file(name: str) -> str:
    """Read a text file: of this name, or from ``files`` in the current folder, as Ansible looks for it without a playbook."""
    path = os.path.expanduser(name)  # noqa: PTH111 - Path's own raises for an unknown user
    beside = os.path.join("files", path)  # noqa: PTH118 - an absolute path stays what it is
    path = beside if os.path.exists(beside) else path  # noqa: PTH110
    try:
        # a pipe would be waited for without an end
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Failed(f"the file {name!r} is not a regular file")
            raw = stream.read(_MOST + 1)
        if len(raw) > _MOST:
            raise Failed(f"the file {name!r} is larger than 1 MiB")
        return raw.decode()
    except OSError as error:
        raise Failed(f"the file {name!r} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Failed(f"the file {name!r} is not UTF-8 text") from None
