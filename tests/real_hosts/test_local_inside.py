"""podstead inside a host, on @local: the installed wheel, the host's own Python, no SSH."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import PROJECT
from tests.real_hosts.tiers import tier

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(80)]

PYTHON = {"debian-12": "3.11", "debian-13": "3.13", "debian-forky": "3.14"}
GLIBC = (5, 12, 17, 24, 27, 28, 31, 34, 35, 36)  # manylinux tags up to Debian 12's
VARIABLES = "podstead={users: {alice: {}}, engine: {containers: {pids_limit: 0}}}"
WHERE = "/opt/podstead"
STORAGE = "CONTAINERS_STORAGE_CONF=/srv/storage.conf"


def pip(*words: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, words)],
        check=True,
        timeout=180,
    )


def site_packages(folder: Path, python: str) -> Path:
    """podstead's wheel and the locked dependencies of it, as a host with this Python needs them."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PROJECT)
    (wheel,) = folder.glob("podstead-*.whl")
    platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in GLIBC]
    platforms += ["--platform=manylinux2014_x86_64", "--platform=manylinux1_x86_64"]
    target = folder / "site"
    for what in (("--require-hashes", "-r", PROJECT / "requirements/run.txt"), (wheel,)):
        pip("install", "--target", target, "--python-version", python, "--implementation", "cp", *platforms,
            "--only-binary=:all:", "--no-deps", *what)  # fmt: skip
    return target


@dataclass(frozen=True)
class Machine:
    """A host that runs podstead itself."""

    host: Host
    python: str

    def podstead(self, *words: str, user: str = "root") -> tuple[int, str]:
        # overlay does not go on top of the overlay that the host stands on; this is for root's Podman alone
        environment = [f"PYTHONPATH={WHERE}", *([STORAGE] if words[1:2] == ("@podman/box",) else [])]
        command = ["env", *environment, f"python{self.python}", "-m", "podstead", *words]
        if user == "root":
            done = self.host.root(command, check=False)
        else:  # a real login, as an ordinary person has it
            done = self.host.ssh(user, " ".join(f"'{word}'" for word in command), check=False)
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done.returncode, done.stdout if words[-1] == "json" else done.stdout + done.stderr

    def report(self, *words: str, user: str = "root") -> tuple[int, dict[str, Any]]:
        code, text = self.podstead(*words, "-o", "json", user=user)
        assert text.startswith("{"), text
        (report,) = json.loads(text)["hosts"]
        return code, dict(report)


@pytest.fixture(scope="module", params=tier(tuple(PYTHON), ("debian-forky",)))
def machine(
    booting: Booting, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    python = PYTHON[request.param]
    target = site_packages(tmp_path_factory.mktemp("wheel"), python)
    with booting(request.param) as host:
        shutil.copytree(target, host.path(WHERE))
        host.sh(f"apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -qy install python{python}")
        yield Machine(host, python)


def test_a_machine_makes_itself_ready_and_proves_it(machine: Machine) -> None:
    code, report = machine.report("check", "@local", "-e", VARIABLES)
    assert (code, report["status"]) == (3, "pending"), report
    code, report = machine.report("apply", "@local", "-e", VARIABLES)
    assert (code, report["status"]) == (0, "changed"), report
    code, report = machine.report("apply", "@local", "-e", VARIABLES)
    assert (code, report["status"], report["changes"]) == (0, "ok", []), report
    code, report = machine.report("verify", "@local", "-e", VARIABLES)
    verdicts = {one["check"]: one["verdict"] for one in report["findings"]}
    assert code == 0, report
    not_here = ("V11", "V25", "V28", "V30")
    assert {check: verdict for check, verdict in verdicts.items() if verdict != "pass"} == dict.fromkeys(
        not_here, "not-applicable"
    )
    shown = machine.host.ssh("alice", "podman unshare cat /proc/self/uid_map").stdout.split()
    assert shown == ["0", "1001", "1", "1", "524288", "65536"]


def test_an_ordinary_user_gets_a_proof_of_their_own(machine: Machine) -> None:
    machine.podstead("apply", "@local", "-e", VARIABLES)
    code, report = machine.report("verify", "@local", "--as-user", user="alice")
    verdicts = {one["check"]: one["verdict"] for one in report["findings"] if one["user"]}
    assert {one["user"] for one in report["findings"]} == {"", "alice"}
    assert {verdicts[check] for check in ("V02", "V05", "V06", "V10", "V14", "V17", "V21")} == {"pass"}
    bad = [one for one in report["findings"] if one["verdict"] in ("fail", "could-not-look")]
    assert (code, report["status"]) == ((1, "failed") if bad else (0, "ok")), bad
    assert all(one["cause"] or one["found"] for one in bad), "what was not seen is said, and why"


def test_an_ordinary_user_without_sudo_is_told_so(machine: Machine) -> None:
    code, text = machine.podstead("apply", "@local", "-e", "podstead={users: {bob: {}}}", user="bob")
    assert code == 1, text
    assert "sudo" in text


ROOT = r"""printf '[storage]\ndriver = "vfs"\ngraphroot = "/srv/store"\nrunroot = "/run/store"\n' >/srv/storage.conf
mkdir -p /srv/box/usr /srv/box/proc /srv/box/dev /srv/box/tmp /srv/box/run /srv/box/var /srv/box/root /srv/box/sys
cp -a /bin /sbin /lib /lib64 /etc /srv/box/
mount --bind /usr /srv/box/usr
mount -t proc proc /srv/box/proc
"""


def test_a_chroot_and_a_container_are_hosts_too(machine: Machine) -> None:
    """pyinfra's connectors by their names, without an inventory: the look runs inside, so the plan is that of the inside."""
    machine.host.sh(ROOT)
    try:
        machine.host.sh(
            f"{STORAGE} podman run -d --name box --network host --cgroups disabled --rootfs /srv/box sleep 600"
        )
        for name in ("@chroot//srv/box", "@podman/box"):
            code, report = machine.report("check", name, "-e", VARIABLES)
            assert (code, report["name"], report["commands"]) == (1, name, 1), report
            assert "Debian" in report["system"]
            assert [one["id"] for one in report["refusals"]] == ["host:alice:tun-device-unusable"], (
                "its own /dev"
            )
            assert "packages:install:names" in {one["id"] for one in report["changes"]}, (
                "its own dpkg database"
            )
            absent = {one["id"]: one["reason"] for one in report["not_applicable"]}
            assert absent["session:alice:linger"].startswith("PID 1 is "), absent
            assert ("chroot" in absent["session:alice:linger"]) == (name[:7] == "@chroot")
        code, report = machine.report("check", "@podman/nowhere", "-e", VARIABLES)
        assert (code, report["status"]) == (4, "unreachable"), report
        assert "check that it exists and is running" in report["trouble"]["hint"]
    finally:
        machine.host.sh(
            f"{STORAGE} podman rm -f -t 0 box; umount /srv/box/proc /srv/box/usr; rm -rf /srv/box /srv/store /srv/storage.conf /run/store"
        )
