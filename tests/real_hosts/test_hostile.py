"""Hostile values, from the spec and from the host: they arrive as they are, and nothing of them is executed."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Report
from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller

pytestmark = pytest.mark.real_hosts

ESC = "\x1b"
ENVIRONMENT = (
    "QUOTE='; touch /pwned; '",
    'DOUBLE="; touch /pwned; "',
    "COMMAND=$(touch /pwned)",
    "BACKTICK=`touch /pwned`",
    "NEWLINE=one\ntouch /pwned\n",
    "HEREDOC=\nEOF\ntouch /pwned\n",
    "PERCENT=%s %n %% \\n \\\\",
    "BIDI=\u202egpj.exe",
    "EMPTY=",
    "PATH=/usr/bin:/bin",
)
ENGINE: Mapping[str, object] = {"containers": {"pids_limit": 0, "env": list(ENVIRONMENT)}}
DOMAIN = "$(touch /pwned);`touch /pwned`'\"&|<>*?~#!"
USERS: Mapping[str, object] = {
    "alice": {},
    "mallory": {"linger": False},  # systemd starts no user manager in such a home
    "Svc.web-1$": {"create": True, "shell": "/bin/sh; touch /pwned; $(touch /pwned)'\""},
}
HOME = '/home/it\'s "mallory" $(touch pwned) `id` ;&'
# systemd runs nothing for an account with control characters, so those are in one that no spec names.
PASSWD = (
    f"mallory:x:1500:1500:$(touch /pwned)'\",`id`:{HOME}:/bin/bash\n"
    f"intruder:x:1501:1501:{ESC}[31m$(touch /pwned):/{ESC}]0;x:/bin/$(touch /pwned)\n"
)
# What an intruder, or another tool gone wrong, may have left in files that podstead reads.
_PREPARE = f"""\
mkdir {shlex.quote(HOME)}
chown 1500:1500 {shlex.quote(HOME)}
chmod 700 {shlex.quote(HOME)}
echo 'mallory:x:1500:' >>/etc/group
printf '$(touch /pwned):1:2\\n\\033[31m:0x500:7\\n-rf:7:1\\n\\n#;touch /pwned\\n' >/etc/subuid
cp /etc/subuid /etc/subgid
name=$(printf '/etc/sysctl.d/50 $(touch pwned)\\n\\033[31m;.conf')
echo 'net.ipv4.ip_unprivileged_port_start = $(touch /pwned)' >"$name"
sed 's/^PRETTY_NAME=.*//' /usr/lib/os-release >/run/os
printf 'PRETTY_NAME="\\033[31m$(touch /pwned)"\\n' >>/run/os
rm /etc/os-release
cp /run/os /etc/os-release
"""


@pytest.fixture(scope="module")
def host(booting: Booting) -> Iterator[Host]:
    with booting("debian-13", podman=True) as booted:
        with booted.path("/etc/passwd").open("a") as passwd:
            passwd.write(PASSWD)
        booted.sh(_PREPARE)
        yield booted


@pytest.fixture(scope="module")
def inventory(host: Host, controller: Controller) -> Path:
    return controller.inventory(
        {host.name: controller.reach()}, users=USERS, engine=ENGINE, sysctls={"kernel.domainname": DOMAIN}
    )


@pytest.fixture(scope="module")
def applied(inventory: Path, controller: Controller) -> Report:
    ran = controller.json("apply", inventory)
    assert ESC not in ran.out + ran.err
    assert ran.code == 0, str(ran)
    return ran.report


def harmless(host: Host) -> bool:
    """No command of any value has run: not on the host, and not on this machine."""
    marks = host.sh("find / /home /run /tmp /etc -xdev -name 'pwned*'").stdout
    return marks == "" and not Path("/pwned").exists() and not Path("pwned").exists()


def test_engine_values_arrive_as_they_are(host: Host, applied: Report) -> None:
    assert applied.exit_code == 0
    text = host.path("/etc/containers/containers.conf.d/50-podstead.conf").read_text()
    assert tomllib.loads(text) == ENGINE
    assert harmless(host)


def test_a_sysctl_value_arrives_as_it_is(host: Host, applied: Report) -> None:
    assert applied.exit_code == 0
    assert host.root(["cat", "/proc/sys/kernel/domainname"]).stdout == f"{DOMAIN}\n"
    drop_in = host.path("/etc/sysctl.d/99-podstead.conf").read_text()
    assert f"kernel.domainname = {DOMAIN}\n" in drop_in
    assert harmless(host)


def test_a_name_and_a_shell_arrive_as_they_are(host: Host, applied: Report) -> None:
    assert applied.exit_code == 0
    entry = host.root(["getent", "passwd", "--", "Svc.web-1$"]).stdout.rstrip("\n").split(":")
    assert (entry[0], entry[6]) == ("Svc.web-1$", "/bin/sh; touch /pwned; $(touch /pwned)'\"")
    for path in ("/etc/subuid", "/etc/subgid"):
        assert "Svc.web-1$:" in host.path(path).read_text()
    assert harmless(host)


def test_lines_of_others_stay_in_the_subid_files(host: Host, applied: Report) -> None:
    assert applied.exit_code == 0
    for path in ("/etc/subuid", "/etc/subgid"):
        text = host.path(path).read_text()
        assert "$(touch /pwned):1:2\n" in text
        assert "alice:524288:65536\n" in text
    assert harmless(host)


def test_the_second_run_changes_nothing(
    host: Host, inventory: Path, applied: Report, controller: Controller
) -> None:
    assert applied.exit_code == 0
    again = controller.json("apply", inventory)
    assert (again.code, again.report.changes) == (0, 0), str(again)
    assert harmless(host)


def test_users_with_hostile_homes_and_shells_are_proved(
    host: Host, inventory: Path, applied: Report, controller: Controller
) -> None:
    assert applied.exit_code == 0
    ran = controller.json("verify", inventory)
    bad = [
        one
        for one in ran.report.hosts[0].findings
        if one.user  # the host's own V03 rightly warns of the hostile lines
        and one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        and (one.user, one.check, one.verdict) != ("mallory", "V01", Verdict.WARN)
    ]
    assert bad == []
    assert {one.user for one in ran.report.hosts[0].findings} == {"", *USERS}
    assert ESC not in ran.out + ran.err
    assert harmless(host)


def test_no_escape_sequence_of_a_host_reaches_the_terminal(
    host: Host, inventory: Path, applied: Report, controller: Controller
) -> None:
    assert applied.exit_code == 0
    for verb in ("check", "verify"):
        ran = controller.podstead(verb, "-i", inventory, "-vv")
        assert ESC not in ran.out + ran.err
        assert "\\x1b[31m$(touch /pwned)" in ran.out, "the host's name of its system is shown, made harmless"
    assert harmless(host)


def test_what_a_user_puts_in_the_way_of_roots_look_does_not_hold_it_up(
    ready: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = ready
    pipe, config = "/run/user/1001/libpod/tmp/pause.pid", ".config/containers/storage.conf"
    host.ssh(
        "alice",
        f"mkdir -p ${{XDG_RUNTIME_DIR}}/libpod/tmp .config/containers && rm -f {pipe} && mkfifo {pipe}",
    )
    host.ssh("alice", f"truncate -s 1G {config}")
    try:
        ran = controller.json("check", inventory, "--command-timeout", "20")
        assert ran.host(host.name).trouble is None
    finally:
        host.ssh("alice", f"rm -f {pipe} {config}")
