"""Texts of the files that podstead owns. Templates see the values they are given and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import tomli_w

_HEADER = "# Written by podstead; changes made here are overwritten.\n"

_SYSCTL = """\
{% for key, value in values | dictsort %}
{{ key }} = {{ value }}
{% endfor %}
"""

_DELEGATE = """\
[Service]
Delegate={{ controllers | join(" ") }}
"""


def sysctl_drop_in(values: Mapping[str, str]) -> str:
    """A drop-in for sysctl.d(5), keys sorted."""
    return _HEADER + _render(_SYSCTL, values=dict(values))


def delegate_drop_in(controllers: Iterable[str]) -> str:
    """A drop-in for ``user@.service`` (systemd.resource-control(5), Delegate=)."""
    return _HEADER + _render(_DELEGATE, controllers=sorted(controllers))


def toml(document: Mapping[str, Any]) -> str:
    """A drop-in in TOML, as Podman and what it is made of read it; keys and tables are sorted."""
    plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in document.items()}
    return _HEADER + tomli_w.dumps(dict(sorted(plain.items())))


def _render(source: str, **values: object) -> str:
    return str(_template(source).render(**values))


@cache
def _template(source: str) -> Any:  # noqa: ANN401 - imported late: jinja2 costs 15 ms that --help must not pay
    """Compile a template once: 2 ms that every host would pay else."""
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the texts are configuration files, not HTML: escaping would corrupt them
    )
    return environment.from_string(source)
