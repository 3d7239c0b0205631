"""podstead inside plain pyinfra.

``pyinfra INVENTORY podstead.deploys.provision``, or in your own deploy::

    from podstead.deploys import provision
    provision()                                  # the host document is in the inventory's data
    provision({"users": {"alice": {}}})          # or given here, overriding everything

The keys of the host document (users, subids, packages, ...) are written beside other data of a pyinfra inventory. pyinfra
shows group data of one group only; podstead merges all of them as it merges Ansible's. Set ``podstead_report`` in the
data to a folder, and each host's report is written there as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api.deploy import deploy
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from podstead.control.invoker import invoking_user
from podstead.document.layers import Rank, Stage
from podstead.document.plain import PlainLayer, document
from podstead.document.spec import HostSpec
from podstead.errors import InputError
from podstead.remote import operations


def spec_of(host: Host, extra: Mapping[str, Any] | None = None) -> HostSpec:
    """The document of a pyinfra host, from all its layers. Raises DeployError with every mistake."""
    inventory = host.inventory
    layers = [PlainLayer(name="all", rank=Rank(Stage.ALL), values=inventory.get_data())]
    # pyinfra's groups are flat and their order is the only rank they have
    for depth, group in enumerate(dict.fromkeys(host.groups)):
        layers.append(
            PlainLayer(
                name=f"group {group}", rank=Rank(Stage.GROUPS, depth), values=inventory.get_group_data(group)
            )
        )
    layers.append(
        PlainLayer(name=f"host {host.name}", rank=Rank(Stage.HOST), values=inventory.get_host_data(host.name))
    )
    layers.append(PlainLayer(name="--data", rank=Rank(Stage.EXTRA), values=inventory.get_override_data()))
    layers.append(PlainLayer(name="provision()", rank=Rank(Stage.EXTRA, 1), values=extra or {}))
    keys = {key for layer in layers for key in layer.values}
    if host.name == "@local" and "users" not in keys and (name := invoking_user()):
        layers.append(
            PlainLayer(name="the user who runs pyinfra", rank=Rank(Stage.ALL), values={"users": {name: {}}})
        )
    try:
        return document(layers)
    except InputError as error:
        raise DeployError(f"{host.name}: {error.message}") from error


@deploy("podstead provision")
def provision(extra: Mapping[str, Any] | None = None) -> None:
    """Bring the current host to its document, then look again. Needs root: run pyinfra with ``--sudo``."""
    host = ctx_host.get()
    operations.converge(
        name="converge",
        spec=spec_of(host, extra),
        allow=tuple(host.data.get("podstead_allow") or ()),
        report=str(host.data.get("podstead_report") or ""),
    )


@deploy("podstead verify")
def verify(extra: Mapping[str, Any] | None = None) -> None:
    """Prove on the current host, as each user, that rootless Podman works."""
    host = ctx_host.get()
    operations.verify(
        name="verify", spec=spec_of(host, extra), report=str(host.data.get("podstead_report") or "")
    )
