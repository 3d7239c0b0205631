"""Hosts for the tests: one lab for the whole session, and ready hosts that several modules look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import SEEN
from tests.lab import Host, Lab, missing
from tests.real_hosts.controller import Controller
from tests.real_hosts.damage import matrix
from tests.real_hosts.damage.case import RELEASES, Damage
from tests.real_hosts.damage.hosts import lanes, named
from tests.real_hosts.damage.site import Site
from tests.real_hosts.provisioned import provisioned, wait_for_alice
from tests.real_hosts.snapshot import leftovers
from tests.real_hosts.tiers import EVERYTHING


class Booting(Protocol):
    """
    Boots a host of a release and stops it at the end.

    With podman=True it is installed, and nothing else is done; with ready=True podstead apply was run for alice as well.
    """

    def __call__(
        self, release: str, *, podman: bool = False, ready: bool = False
    ) -> AbstractContextManager[Host]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that last long come first (``lasts``): begun last, one of them would be waited for alone."""
    seconds: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("lasts")
        seconds[item.path] = max(seconds.get(item.path, 0.0), mark.args[0] if mark else 0.0)
    items.sort(key=lambda item: -seconds[item.path])


_NUMBERS = count(1)
READY = pytest.StashKey[Host]()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    reasons = missing()
    if reasons:
        pytest.skip("; ".join(reasons))
    with Lab.up() as made:
        yield made


@pytest.fixture(scope="session")
def controller(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    return Controller(lab, tmp_path_factory.mktemp("controller"))


@pytest.fixture(scope="session")
def booting(lab: Lab) -> Booting:
    @contextmanager
    def booted(release: str, *, podman: bool = False, ready: bool = False) -> Iterator[Host]:
        name = f"{release.replace('debian-', 'd')}-{next(_NUMBERS)}"
        host = lab.boot(release, name, podman=podman, snapshot=provisioned(release) if ready else None)
        try:
            if ready:
                wait_for_alice(host)
            yield host
        finally:
            host.stop()

    return booted


@pytest.fixture
def fresh(booting: Booting) -> Iterator[Host]:
    """A Debian 13 host that nobody has touched."""
    with booting("debian-13") as host:
        yield host


@pytest.fixture
def installed(booting: Booting) -> Iterator[Host]:
    """A Debian 13 host on which Podman has been installed, and nothing else done."""
    with booting("debian-13", podman=True) as host:
        yield host


@pytest.fixture(scope="session")
def ready(
    booting: Booting, controller: Controller, pytestconfig: pytest.Config
) -> Iterator[tuple[Host, Path]]:
    """A Debian 13 host on which alice is ready, and the inventory that made it so. Tests put back what they break."""
    with booting("debian-13", ready=True) as host:
        pytestconfig.stash[READY] = host
        yield host, controller.inventory({host.name: controller.reach()})
        del pytestconfig.stash[READY]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_on_the_host_that_modules_share(pytestconfig: pytest.Config) -> Iterator[None]:
    """What a run leaves behind is the fault of the module that it ran in, not of the next one that looks."""
    yield
    if READY in pytestconfig.stash:
        assert leftovers(pytestconfig.stash[READY]) == []


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else ()


@pytest.fixture(scope="session")
def site(
    request: pytest.FixtureRequest, lab: Lab, controller: Controller, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Hosts of each release that take the chosen damages one by one, from the first test that asks on."""
    # what other tests do with damages is not done on hosts
    calls = (getattr(item, "callspec", None) for item in request.session.items if "site" in _fixtures(item))
    chosen = tuple(
        call.params["damage"] for call in calls if call and isinstance(call.params.get("damage"), Damage)
    )
    with ThreadPoolExecutor(len(RELEASES)) as pool:
        snapshots = dict(zip(RELEASES, pool.map(provisioned, RELEASES), strict=True))
    booted = lab.boot_many(named(everything=EVERYTHING), snapshots=snapshots)
    for host in booted.values():
        wait_for_alice(host)
    made = Site(
        lanes(controller, booted, tmp_path_factory.mktemp("damage"), everything=EVERYTHING),
        chosen,
        everything=EVERYTHING,
    )
    try:
        yield made
    finally:
        made.stop()
        request.config.stash[SEEN] = matrix.summary(made)
        for host in booted.values():
            host.stop()
