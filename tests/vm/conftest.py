"""One VM per module: a reboot and what damage leaves behind must not meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vm.controller import Controller
from tests.vm.machine import Machine
from tests.vm.requirements import missing


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "vm: boots a whole machine in QEMU; minutes, and needs root")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A VM that nobody has touched."""
    reasons = missing()
    if reasons:
        # not a skip: who asks for this tier by name must not take its absence for success
        pytest.fail(f"this machine cannot run a VM: {'; '.join(reasons)}", pytrace=False)
    with Machine(tmp_path_factory.mktemp("vm")) as made:
        yield made


@pytest.fixture(scope="module")
def controller(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    return Controller(machine, tmp_path_factory.mktemp("controller"))
