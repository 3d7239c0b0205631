"""A machine that is only half a host: no systemd, and the cgroup hierarchy of whatever this machine is.

It is this machine itself, under a throw-away overlay and with a network of its own, so nothing of it is changed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab

pytestmark = pytest.mark.real_hosts

_ENTER = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for d in proc sys dev run; do mount --rbind "/$d" "$1/root/$d"; done
mkdir -p "$1/root/old" "$1/root/run/systemd"
mount -t tmpfs tmpfs "$1/root/run/systemd"
mount -t tmpfs tmpfs "$1/root/home"
mount --bind "$2" "$1/root$2"
cd "$1/root"
pivot_root . old
umount -l /old
userdel halfuser 2>/dev/null || :
useradd -m -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 halfuser
PY=$3
# packages come over the network; everything else happens in a network namespace of its own
"$PY" -m podstead apply @local -e 'podstead={users: {halfuser: {}}}' --tags packages >&2 || :
unshare -n sh -c 'ip link set lo up
for v in apply apply verify; do
    "$0" -m podstead $v @local -e "podstead={users: {halfuser: {}}}" -o json >>"$1/runs.jsonl"
    printf "\\n===\\n" >>"$1/runs.jsonl"
done' "$PY" "$2"
"""


_CONTROLLERS = Path("/sys/fs/cgroup/unified/cgroup.controllers")
HYBRID = _CONTROLLERS.exists() and bool(_CONTROLLERS.read_text(encoding="ascii").strip())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> list[dict[str, Any]]:  # noqa: ARG001
    """The reports of apply, apply again, and verify."""
    place, results = tmp_path_factory.mktemp("half"), tmp_path_factory.mktemp("results")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", _ENTER, "sh", str(place), str(results), sys.executable],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode in (0, 1), done.stderr
    texts = (results / "runs.jsonl").read_text(encoding="utf-8").split("\n===\n")
    return [json.loads(text)["hosts"][0] for text in texts if text.strip()]


def test_what_can_be_done_is_done(runs: list[dict[str, Any]]) -> None:
    changed = {change["id"] for change in runs[0]["changes"] if change["status"] == "changed"}
    assert {"subids:halfuser:ranges", "sysctls:drop-in:content"} <= changed
    assert runs[0]["changes"][-1]["status"] == "changed"


def test_apply_refuses_what_is_not_its_to_change_and_says_what_to_do(runs: list[dict[str, Any]]) -> None:
    refused = {one["id"].rpartition(":")[2]: one["remedy"] for one in runs[0]["refusals"]}
    assert set(refused) <= {"cgroup-hybrid", "tun-device-unusable"}
    assert ("cgroup-hybrid" in refused) is HYBRID
    if HYBRID:
        assert "unified_cgroup_hierarchy=1" in refused["cgroup-hybrid"]
        assert "needs a reboot" in refused["cgroup-hybrid"]
    assert runs[0]["status"] == ("failed" if refused else "changed")


def test_what_this_machine_does_not_have_is_not_applicable_with_the_reason(
    runs: list[dict[str, Any]],
) -> None:
    reasons = {one["id"]: one["reason"] for one in runs[0]["not_applicable"]}
    assert "not systemd" in reasons["session:halfuser:linger"]
    assert "not systemd" in reasons["session:delegate:controllers"]


def test_a_second_run_changes_nothing(runs: list[dict[str, Any]]) -> None:
    assert (runs[1]["changes"], runs[1]["commands"]) == ([], 1)
    assert runs[1]["refusals"] == runs[0]["refusals"]


def test_maps_helpers_and_sockets_are_proved_without_a_container(runs: list[dict[str, Any]]) -> None:
    verdicts = {finding["check"]: finding["verdict"] for finding in runs[2]["findings"]}
    # a container's mounts are private, of which Podman warns
    first = next(finding for finding in runs[2]["findings"] if finding["check"] == "V01")
    assert (first["verdict"], first["ref"]) in (("pass", ""), ("warn", "E14"))
    proved = [
        "V02",
        "V03",
        "V04",
        "V05",
        "V06",
        "V07",
        "V08",
        "V09",
        "V10",
        "V12",
        "V13",
        "V14",
        "V15",
        "V21",
        "V22",
    ]
    assert {check: verdicts[check] for check in proved} == dict.fromkeys(proved, "pass")


def test_a_container_that_cannot_run_is_a_failure_with_cause_and_remedy(runs: list[dict[str, Any]]) -> None:
    container = next(finding for finding in runs[2]["findings"] if finding["check"] == "V17")
    if HYBRID:
        assert (container["verdict"], container["ref"]) == ("fail", "F02")
        assert "hybrid cgroup hierarchy" in container["cause"]
        assert "unified_cgroup_hierarchy" in container["remedy"]
        assert runs[2]["status"] == "failed"
    else:
        assert container["verdict"] == "pass" or (container["cause"] and container["remedy"])
