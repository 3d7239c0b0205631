"""The storage driver, before and after a user's first Podman command."""

from __future__ import annotations

import pytest

from podstead.document.spec import HostSpec
from podstead.host import storage as host_storage
from podstead.host.storage import DROP_IN, MAIN, VENDOR
from podstead.provision import storage
from podstead.provision.change import MISSING_FILE, Outcome, WriteFile, checksum
from tests.model_host import ModelAccount, ModelHost, spec_of

OVERLAY = spec_of(storage={"driver": "overlay"})
TEXT = '# Written by podstead; changes made here are overwritten.\n[storage]\ndriver = "overlay"\n'
OWN = "/home/alice/.config/containers/storage.conf"


def host(podman: str = "4.3.1", kernel: str = "6.1.0", **files: str) -> ModelHost:
    paths = {"main": MAIN, "vendor": VENDOR, "drop_in": DROP_IN, "own": OWN}
    return ModelHost(
        accounts={"alice": ModelAccount(1000, 1000)},
        installed={"podman": podman},
        kernel=kernel,
        files={paths[name]: text for name, text in files.items()},
    )


def planned(one: ModelHost, spec: HostSpec = OVERLAY) -> Outcome:
    state = one.state(spec.users)
    return storage.plan(spec, state.storage, state.packages, state.session, state.platform)


def test_a_driver_that_nobody_asks_for_is_not_managed() -> None:
    assert planned(host(), spec_of()) == Outcome()


def test_before_podmans_version_is_known_nothing_is_said() -> None:
    one = host()
    one.installed = {}
    assert planned(one) == Outcome()


def test_old_podman_takes_vfs_so_the_file_is_written() -> None:
    one = host()
    (change,) = planned(one).changes
    assert ("storage:driver:system", (WriteFile(path=MAIN, content=TEXT, expected=MISSING_FILE),)) == (
        change.id,
        change.steps,
    )
    one.apply([change])
    assert planned(one) == Outcome()


@pytest.mark.parametrize(
    ("podman", "kernel", "driver", "expected"),
    [
        ("4.5.0", "6.1", "overlay", 1),
        ("4.6.0", "6.1", "overlay", 0),
        ("5.4", "5.10", "overlay", 1),
        ("4.3.1", "6.1", "vfs", 0),
        ("5.4", "6.1", "vfs", 1),
    ],
)
def test_the_default_of_this_podman_and_kernel_decides(
    podman: str, kernel: str, driver: str, expected: int
) -> None:
    assert expected == len(planned(host(podman, kernel), spec_of(storage={"driver": driver})).changes)


def test_a_file_of_the_distribution_that_says_so_is_enough() -> None:
    assert planned(host(vendor='[storage]\ndriver = "overlay"\n')) == Outcome()


def test_a_file_of_somebody_else_is_not_changed() -> None:
    outcome = planned(host(main='[storage]\ndriver = "vfs"\n'))
    (refusal,) = outcome.refusals
    assert (outcome.changes, refusal.id) == ((), "storage:driver:system")
    assert f"{MAIN} names the driver vfs" in refusal.reason


def test_a_file_of_somebody_else_without_a_driver_is_not_changed_either() -> None:
    (refusal,) = planned(host(main="[storage]\n")).refusals
    assert "names no driver, which means vfs for this Podman" in refusal.reason


def test_our_own_file_is_brought_back() -> None:
    ours = TEXT.replace("overlay", "vfs")
    (change,) = planned(host(main=ours)).changes
    (step,) = change.steps
    assert isinstance(step, WriteFile)
    assert checksum(ours.encode()) == step.expected


def test_podman_6_has_a_drop_in_folder() -> None:
    spec = spec_of(storage={"driver": "btrfs"})
    (change,) = planned(host("6.0.0"), spec).changes
    (step,) = change.steps
    assert isinstance(step, WriteFile)
    assert step.path == DROP_IN


@pytest.mark.parametrize("text", ["[storage", "driver = ", "a=" + "[" * 5000])
def test_a_file_that_is_no_toml_is_refused_with_its_name(text: str) -> None:
    (refusal,) = planned(host(main=text)).refusals
    assert f"{MAIN} is not valid TOML" == refusal.title
    (refusal,) = planned(host("5.4", own=text)).refusals
    assert ("storage:alice:driver", f"{OWN} is not valid TOML") == (refusal.id, refusal.title)


def test_a_user_who_chose_another_driver_is_named() -> None:
    (refusal,) = planned(host("5.4", own='[storage]\ndriver = "vfs"\n')).refusals
    assert (refusal.id, refusal.title) == ("storage:alice:driver", "alice has chosen driver vfs")


def test_storage_that_was_made_with_another_driver_is_never_converted() -> None:
    one = host("5.4")
    one.storage["alice"] = "vfs"
    (refusal,) = planned(one).refusals
    assert refusal.title == "storage of alice was created with vfs"
    assert "podman system reset" in refusal.remedy


def test_storage_of_the_wanted_driver_is_fine() -> None:
    one = host("5.4")
    one.storage["alice"] = "overlay"
    assert planned(one) == Outcome()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("[storage]\n", None),
        ('[storage]\ndriver=""\n', None),
        ("storage=1", None),
        ("[storage]\ndriver=1", None),
        ('[storage]\ndriver="btrfs"', "btrfs"),
    ],
)
def test_the_driver_of_a_file_is_read(text: str, expected: str | None) -> None:
    assert expected == host_storage.driver_of(text)
