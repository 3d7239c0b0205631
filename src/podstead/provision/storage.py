"""Container storage: the driver that rootless users get, settled before their first Podman command.

Podman writes the driver of the first use into the user's database, and it stays (podman#5114). Before Podman 6 there
is no drop-in folder for containers-storage.conf(5), so the file itself is written where nobody has one.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from packaging.version import Version

from podstead.document.spec import HostSpec
from podstead.host.package_versions import upstream
from podstead.host.packages import PackagesState
from podstead.host.platforms import Platform
from podstead.host.session import SessionState
from podstead.host.state import HostState
from podstead.host.storage import DROP_IN, MAIN, VENDOR, StorageState, driver_of
from podstead.provision import looks
from podstead.provision.change import Outcome, Phase, Refusal, rewritten
from podstead.provision.drop_ins import toml
from podstead.provision.part import Meaning, Part, users_of


def default_driver(podman: Version, kernel: tuple[int, int]) -> str:
    """What Podman takes when no file names a driver (containers/storage, types/options.go, by version)."""
    if (podman.major, podman.minor) < (4, 6):
        return "vfs"
    return "overlay" if kernel >= (5, 13) else "vfs"


def plan(
    spec: HostSpec, state: StorageState, packages: PackagesState, sessions: SessionState, platform: Platform
) -> Outcome:
    """Make sure that users without storage get the driver; say where a user already has another one."""
    podman = upstream(packages.podman())
    if spec.storage.driver is None or podman is None:
        return (
            Outcome()
        )  # before Podman's version is known nothing can be said; the look after its installation knows
    path = DROP_IN if podman.major >= 6 else MAIN
    outcome = _system(spec.storage.driver, path, state, podman, platform)
    for name in sorted(spec.users.keys() & sessions.users.keys()):
        user = sessions.users[name]
        own = f"{user.home}/.config/containers/storage.conf"
        outcome += _user(name, spec.storage.driver, state.files.get(own), own, user.drivers)
    return outcome


def _system(driver: str, path: str, state: StorageState, podman: Version, platform: Platform) -> Outcome:
    present, text = state.own[path], toml({"storage": {"driver": driver}})
    write = partial(
        rewritten,
        present,
        text,
        name="storage:driver:system",
        phase=Phase.STORAGE,
        title=f"make {driver} the storage driver",
    )
    is_ours = present.data is not None and present.data.startswith(text.partition("\n")[0].encode())
    deciding = next((candidate for candidate in (path, MAIN, VENDOR) if candidate in state.files), None)
    try:
        if is_ours:
            (present.data or b"").decode("utf-8")  # Podman reads no other TOML
        named = driver_of(state.files[deciding]) if deciding else None
    except ValueError as error:
        if is_ours:
            return write()
        return _refused(
            "storage:driver:system", f"{deciding} is not valid TOML", str(error), f"correct {deciding}"
        )
    if (named or default_driver(podman, platform.kernel_version)) == driver:
        return Outcome()
    if present.data is not None and not is_ours:
        statement = (
            f"names the driver {named}" if named else "names no driver, which means vfs for this Podman"
        )
        return _refused(
            "storage:driver:system",
            f"storage driver is not {driver}",
            f"{path} {statement}, and podstead does not change files that it did not write",
            f'set driver = "{driver}" under [storage] in {path}',
        )
    return write()


def _user(name: str, driver: str, config: str | None, path: str, drivers: tuple[str, ...]) -> Outcome:
    change_id = f"storage:{name}:driver"
    try:
        named = driver_of(config) if config is not None else None
    except ValueError as error:
        return _refused(change_id, f"{path} is not valid TOML", str(error), f"correct {path}")
    if named and named != driver:
        return _refused(
            change_id,
            f"{name} has chosen driver {named}",
            f"{path} names {named}, but the document asks for {driver}",
            f"change it in {path}, or set storage.driver to {named} for this host",
        )
    if drivers and driver not in drivers:
        return _refused(
            change_id,
            f"storage of {name} was created with {', '.join(drivers)}",
            f"Podman keeps the driver of the first use in the user's database; {driver} would be ignored",
            f"save what is needed, then run 'podman system reset' as {name} (removes all containers and images of {name})",
        )
    return Outcome()


def _refused(change_id: str, title: str, reason: str, remedy: str) -> Outcome:
    return Outcome(refusals=(Refusal(id=change_id, title=title, reason=reason, remedy=remedy),))


def _from_state(spec: HostSpec, state: HostState, _allowed: frozenset[str]) -> Outcome:
    return plan(spec, state.storage, state.packages, state.session, state.platform)


PART: Final = Part(
    name="storage",
    does="sets the storage driver before the first use",
    phases=(Phase.STORAGE,),
    about=lambda spec: (spec.storage.driver,) if spec.storage.driver else (),
    names=users_of,
    plan=_from_state,
    owns=(DROP_IN,),
    changes=(
        Meaning(
            id="storage:driver:system",
            title="set the storage driver before the first use",
            why="Podman before 4.6 uses vfs when no file names a driver, and the driver of the first use stays.",
            remedy='driver = "overlay" under [storage] in /etc/containers/storage.conf',
            sources=("containers-storage.conf(5)", "podman#5114"),
        ),
        Meaning(
            id="storage:NAME:driver",
            title="a user has storage of another driver",
            why="Podman keeps the driver of the first use in the user's database; any other driver is ignored.",
            remedy="Save what is needed, then as the user: podman system reset (removes all containers and images).",
            sources=("podman-system-reset(1)",),
        ),
        looks.OF_STORAGE,
    ),
)
