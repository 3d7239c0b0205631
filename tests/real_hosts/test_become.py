"""Ways of becoming root other than sudo, with the real programs."""

from __future__ import annotations

import pytest

from tests.lab import Host
from tests.real_hosts.controller import Controller

pytestmark = pytest.mark.real_hosts


def check(
    controller: Controller, host: Host, method: str, *words: str, password: str = ""
) -> tuple[int, str]:
    inventory = controller.inventory({host.name: controller.reach("admin", ansible_become_method=method)})
    ran = controller.podstead("check", "-i", inventory, "-o", "json", *words, input=password)
    trouble = ran.host(host.name).trouble
    return ran.code, trouble.message if trouble else ""


def test_doas_without_a_password_is_root_and_every_other_way_says_what_is_missing(
    controller: Controller, fresh: Host
) -> None:
    assert check(controller, fresh, "doas") == (1, "doas is not installed on this host")
    fresh.sh("apt-get -qq update && apt-get -qq install -y opendoas >/dev/null 2>&1")
    fresh.sh("printf 'permit carol\\n' >/etc/doas.conf; chmod 400 /etc/doas.conf")
    assert check(controller, fresh, "doas") == (1, "admin is not allowed to use doas on this host")
    fresh.sh("printf 'permit nopass admin\\n' >/etc/doas.conf")
    assert check(controller, fresh, "doas") == (3, "")
    message = "doas reads a password only from a terminal, and podstead has no terminal on the host"
    assert check(controller, fresh, "doas", "-K", password="x\n") == (1, message)


def test_su_without_a_password_is_refused_by_the_host_and_said(controller: Controller, fresh: Host) -> None:
    assert check(controller, fresh, "su") == (1, "su refused the password of admin")
