"""podstead inside plain pyinfra.

``pyinfra INVENTORY podstead.deploys.provision``, or in your own deploy::

    from podstead.deploys import provision
    provision()                                  # the host document is in the inventory's data
    provision({"users": {"alice": {}}})          # or given here, overriding everything

In the data of a pyinfra inventory the host document stands under the key ``podstead``; all other data is left alone. pyinfra
shows group data of one group only; podstead merges all of them as it merges Ansible's. Set ``podstead_report`` in the
data to a folder, and each host's report is written there as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra import logger
from pyinfra.api.deploy import deploy
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from podstead.control.invoker import invoking_user
from podstead.document.layers import DOCUMENT, Rank, Stage
from podstead.document.plain import PlainLayer, document
from podstead.document.spec import HostSpec
from podstead.errors import InputError
from podstead.remote import operations
from podstead.visit.record import UNPREPARED


def spec_of(host: Host, extra: Mapping[str, Any] | None = None) -> HostSpec:
    """The document of a pyinfra host, from all its layers. Raises DeployError with every mistake."""
    layers = [
        *_layers_of(host),
        PlainLayer(name="provision()", rank=Rank(Stage.EXTRA, 1), values=extra or {}),
    ]
    named = any(isinstance(layer.values, Mapping) and "users" in layer.values for layer in layers)
    if host.name == "@local" and not named and (name := invoking_user()):
        layers.append(
            PlainLayer(name="the user who runs pyinfra", rank=Rank(Stage.ALL), values={"users": {name: {}}})
        )
    try:
        return document(layers)
    except InputError as error:
        raise DeployError(f"{host.name}: {error.message}") from error


def _layers_of(host: Host) -> list[PlainLayer]:
    """What the inventory says of a host, under ``podstead`` in each of its places."""
    inventory = host.inventory
    # pyinfra's groups are flat and their order is the only rank they have
    groups = [
        (f"group {group}", Rank(Stage.GROUPS, depth), inventory.get_group_data(group))
        for depth, group in enumerate(dict.fromkeys(host.groups))
    ]
    places = [
        ("all", Rank(Stage.ALL), inventory.get_data()),
        *groups,
        (f"host {host.name}", Rank(Stage.HOST), inventory.get_host_data(host.name)),
        ("--data", Rank(Stage.EXTRA), inventory.get_override_data()),
    ]
    return [
        PlainLayer(name=name, rank=rank, values=data[DOCUMENT], in_inventory=True)
        for name, rank, data in places
        if data.get(DOCUMENT) is not None
    ]


@deploy("podstead provision")
def provision(extra: Mapping[str, Any] | None = None) -> None:
    """Bring the current host to its document, then look again. Needs root: run pyinfra with ``--sudo``."""
    host = ctx_host.get()
    spec = spec_of(host, extra)
    if not spec.users:
        host.log(UNPREPARED, logger.warning)
    operations.converge(
        name="converge",
        spec=spec,
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
