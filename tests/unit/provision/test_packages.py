"""What has to be installed, by kind of host and version of Podman."""

from __future__ import annotations

import pytest

from podstead.document.spec import HostSpec
from podstead.provision import packages
from podstead.provision.change import InstallPackages, Outcome
from tests.model_host import ModelHost, spec_of

PODMAN = spec_of(users={}, packages={"podman": {}})


def host(os_id: str = "debian", manager: str = "apt", **more: object) -> ModelHost:
    one = ModelHost(os_id=os_id, manager=manager, tools=set(), available={"podman": "4.3.1+ds1-8+deb12u1"})
    for name, value in more.items():
        setattr(one, name, value)
    return one


def planned(one: ModelHost, spec: HostSpec = PODMAN) -> Outcome:
    state = one.state()
    return packages.plan(spec, state.packages, state.platform)


def names(outcome: Outcome) -> set[str]:
    return {
        name
        for change in outcome.changes
        for step in change.steps
        if isinstance(step, InstallPackages)
        for name in step.names
    }


DEBIAN_4 = {
    "podman",
    "uidmap",
    "crun",
    "slirp4netns",
    "netavark",
    "aardvark-dns",
    "iptables",
    "catatonit",
    "dbus-user-session",
    "libpam-systemd",
}


def test_a_spec_without_packages_installs_nothing() -> None:
    assert planned(host(), spec_of()) == Outcome()


def test_debian_12_gets_what_it_only_recommends() -> None:
    assert names(planned(host())) == DEBIAN_4


def test_podman_5_gets_pasta_and_nftables_instead() -> None:
    one = host(available={"podman": "5.4.2+ds1-2"})
    assert names(planned(one)) == DEBIAN_4 - {"slirp4netns", "iptables"} | {"passt", "nftables"}


def test_podman_3_has_no_netavark() -> None:
    one = host(available={"podman": "3.0.1+dfsg1-3+deb11u5"})
    assert names(planned(one)) == DEBIAN_4 - {"netavark", "aardvark-dns", "iptables"}


def test_all_packages_are_one_change_in_an_order_that_does_not_vary() -> None:
    (change,) = planned(host()).changes
    (step,) = change.steps
    assert isinstance(step, InstallPackages)
    assert (change.id, step.manager) == ("packages:install:names", "apt")
    assert change == planned(host()).changes[0]
    assert step.names[0] == "podman"


def test_what_is_installed_is_not_installed_again() -> None:
    one = host()
    one.apply(planned(one).changes)
    one.tools = {"podman", "newuidmap", "newgidmap", "usermod", "crun", "slirp4netns"}
    assert planned(one) == Outcome()


def test_programs_without_a_package_count() -> None:
    one = host(
        tools={"podman", "newuidmap", "newgidmap", "usermod", "runc", "slirp4netns"},
        installed={"podman": "4.3.1"},
    )
    assert names(planned(one)) == DEBIAN_4 - {"podman", "uidmap", "crun", "slirp4netns"}


def test_one_of_two_helpers_is_not_enough() -> None:
    one = host(tools={"podman", "newuidmap", "usermod"}, installed={"podman": "4.3.1"})
    assert "uidmap" in names(planned(one))


def test_a_package_whose_installation_was_interrupted_is_installed_again() -> None:
    one = host(
        tools={"podman", "newuidmap", "newgidmap", "usermod"},
        installed={"podman": "4.3.1"},
        half_installed={"uidmap"},
    )
    assert "uidmap" in names(planned(one))


def test_without_systemd_there_is_no_session_bus_to_install() -> None:
    assert names(planned(host(systemd=False))) == DEBIAN_4 - {"dbus-user-session", "libpam-systemd"}


@pytest.mark.parametrize(
    ("kernel", "expected"), [("5.10.0-30-amd64", True), ("5.13.0", False), ("6.1.0", False), ("", False)]
)
def test_old_kernels_need_fuse_overlayfs_for_overlay(kernel: str, expected: bool) -> None:
    spec = spec_of(users={}, packages={"podman": {}}, storage={"driver": "overlay"})
    assert expected is ("fuse-overlayfs" in names(planned(host(kernel=kernel), spec)))


def test_until_the_version_is_known_no_network_tool_is_chosen() -> None:
    found = names(planned(host(available={})))
    assert {"podman", "uidmap"} <= found
    assert not {"passt", "slirp4netns", "netavark"} & found


@pytest.mark.parametrize(
    ("os_id", "manager", "expected"),
    [
        ("fedora", "dnf", {"podman", "shadow-utils", "crun"}),
        ("opensuse-leap", "zypper", {"podman", "shadow", "crun"}),
        ("arch", "pacman", {"podman", "shadow", "crun"}),
        ("alpine", "apk", {"podman", "shadow-subids", "shadow", "crun"}),
    ],
)
def test_each_family_has_its_own_names(os_id: str, manager: str, expected: set[str]) -> None:
    assert expected == names(planned(host(os_id, manager, available={})))


def test_a_package_of_the_spec_is_installed_by_its_own_name() -> None:
    assert {"htop"} == names(planned(host(), spec_of(users={}, packages={"htop": {}})))


def test_a_host_without_a_package_manager_is_refused_with_the_names() -> None:
    outcome = planned(host("slackware", "none"))
    assert (
        outcome.changes,
        [one.title for one in outcome.refusals],
    ) == ((), ["podman, uidmap cannot be installed here"])


def test_an_unknown_system_that_has_everything_is_fine() -> None:
    one = host(
        "slackware", "none", tools={"podman", "newuidmap", "newgidmap", "usermod", "crun"}, available={}
    )
    assert planned(one) == Outcome()


def test_a_version_that_the_package_lists_do_not_have_is_refused_before_anything_is_installed() -> None:
    outcome = planned(host(), spec_of(users={}, packages={"podman": {"version": ">=5"}}))
    assert outcome.changes == ()
    (refusal,) = outcome.refusals
    assert (refusal.id, refusal.title) == ("packages:podman:version", "podman 4.3.1+ds1-8+deb12u1 is not >=5")
    assert "is what the package lists offer" in refusal.reason


def test_an_installed_version_that_is_too_old_is_refused() -> None:
    one = host(installed={"podman": "4.3.1", "htop": "2:3.2-1"}, tools={"podman"})
    outcome = planned(
        one, spec_of(users={}, packages={"podman": {"version": ">=4,<5"}, "htop": {"version": ">=4"}})
    )
    assert [refusal.id for refusal in outcome.refusals] == ["packages:htop:version"]
    assert "is installed" in outcome.refusals[0].reason


def test_a_version_that_cannot_be_read_is_not_called_wrong() -> None:
    one = host(installed={"htop": "unknown"})
    assert planned(one, spec_of(users={}, packages={"htop": {"version": ">=4"}})).refusals == ()


@pytest.mark.parametrize(
    ("podman", "crun", "expected"),
    [
        ("5.4.2", "1.8.1-1", True),
        ("5.4.2", "1.14.3-1", False),
        ("4.3.1", "1.8.1-1", False),
        ("5.4.2", "1.21-1", False),
    ],
)
def test_podman_5_with_an_old_crun_is_refused(podman: str, crun: str, expected: bool) -> None:
    one = host(installed={"podman": podman, "crun": crun}, tools={"podman"})
    assert expected is ("packages:crun:version" in {refusal.id for refusal in planned(one).refusals})
