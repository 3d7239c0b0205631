"""Users who do all they can, all at once, while bob is looked at, prepared and proved: they delay and fool nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import HostReport
from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, wait_for
from tests.real_hosts.hostile_users import BOB, LOOKS, SESSIONS, TRICKS, Trick
from tests.real_hosts.snapshot import leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(430)]

USERS: dict[str, object] = {
    "bob": {},
    # a session costs seconds
    **{trick.user: {"linger": trick in SESSIONS or "XDG_RUNTIME_DIR" in trick.script} for trick in TRICKS},
}
SECRET = "not-for-users"
# with its server the file system ends, and so does who waits for it: nobody else could end those
END_FUSE = "pkill -KILL -f rootmode=40000 || :; umount -l /home/fuse/.config || :\n"
tricks = pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.user)


@dataclass(frozen=True)
class Done:
    """One run: its report of the host, how long it took, everything that it printed."""

    report: HostReport
    seconds: float
    text: str


def play(host: Host, trick: Trick) -> None:
    """Let a user try it; what must go on meanwhile goes on in the background."""
    uid = host.root(["id", "-u", trick.user]).stdout.strip()
    argv = ["runuser", "-u", trick.user, "--", "env", "-i", f"HOME=/home/{trick.user}", "PATH=/usr/bin:/bin"]
    argv += [f"XDG_RUNTIME_DIR=/run/user/{uid}", "sh", "-c", f"cd\n{trick.script}"]
    # who has as many processes as allowed cannot end well
    host.root(argv, input=trick.stdin, timeout=120, check=not trick.root)
    host.sh(trick.then, timeout=60)


@pytest.fixture(scope="module")
def host(booting: Booting, controller: Controller) -> Iterator[tuple[Host, Path]]:
    """A host on which everybody was ready, and now everybody but bob tries something."""
    with booting("debian-13", podman=True) as booted:
        names = " ".join(trick.user for trick in TRICKS)
        booted.sh(
            f"for u in {names}; do useradd -m -s /bin/bash $u; done; echo '{SECRET}:x:1:' >>/etc/shadow"
        )
        booted.sh("\n".join(trick.root for trick in TRICKS))
        inventory = controller.inventory(
            {booted.name: controller.reach()}, users=USERS, session={"linger": True}
        )
        first = controller.json("apply", inventory, timeout=580)
        assert first.code == 0, str(first)
        try:
            for trick in TRICKS:
                play(booted, trick)
            yield booted, inventory
        finally:
            booted.sh(f"{END_FUSE}for u in {names}; do pkill -KILL -u $u || :; done")


def run(verb: str, host: tuple[Host, Path], controller: Controller, *words: str) -> Done:
    began = time.monotonic()
    ran = controller.json(verb, host[1], *words, timeout=580)
    return Done(ran.host(host[0].name), time.monotonic() - began, ran.out + ran.err)


@pytest.fixture(scope="module")
def checked(host: tuple[Host, Path], controller: Controller) -> Done:
    return run("check", host, controller)


@pytest.fixture(scope="module")
def applied(host: tuple[Host, Path], checked: Done, controller: Controller) -> Done:
    """Bob has something to be done."""
    assert checked.report.trouble is None
    host[0].sh(f"loginctl disable-linger bob; systemctl stop user@{BOB}")
    wait_for("bob's session to end", lambda: not host[0].path(f"/run/user/{BOB}/bus").exists())
    return run("apply", host, controller)


@pytest.fixture(scope="module")
def verified(host: tuple[Host, Path], applied: Done, controller: Controller) -> Done:
    assert applied.report.trouble is None
    chosen = ("bob", "stopper", "bomber", "thief", *(trick.user for trick in SESSIONS))
    return run("verify", host, controller, "--probe-timeout", "40", *(f"--for={name}" for name in chosen))


def about(report: HostReport, user: str) -> set[str]:
    ids = [*(one.id for one in report.changes), *(one.id for one in report.refusals)]
    return {one for one in ids if f":{user}:" in one}


def test_a_look_at_all_of_them_ends_in_time_and_says_nothing_but_good_of_bob(checked: Done) -> None:
    assert checked.report.trouble is None
    assert checked.seconds < 120
    assert about(checked.report, "bob") == set()
    assert {one.id for one in checked.report.changes if one.id.startswith(("subids:", "packages:"))} == set()


@tricks
def test_what_is_said_of_a_user_is_true(checked: Done, trick: Trick) -> None:
    unseen = f"session:{trick.user}:look" in about(checked.report, trick.user)
    assert unseen in {"seen": (False,), "unseen": (True,), "either": (True, False)}[trick.look]


def test_nothing_that_only_root_may_read_is_shown(checked: Done, applied: Done, verified: Done) -> None:
    assert [one for one in (checked, applied, verified) if SECRET in one.text] == []


def test_what_bob_needs_is_done_though_others_hang(host: tuple[Host, Path], applied: Done) -> None:
    assert {one.id: one.status.value for one in applied.report.changes if ":bob:" in one.id} == {
        "session:bob:linger": "changed"
    }, applied.text
    assert host[0].path(f"/run/user/{BOB}/bus").exists()
    assert applied.seconds < 550


def test_bob_is_proved_to_be_ready_though_others_hang(verified: Done) -> None:
    wrong = [
        one
        for one in verified.report.findings
        if one.user == "bob"
        and one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        and one.check != "V28"
    ]
    assert wrong == []
    assert verified.seconds < 500


@pytest.mark.parametrize("user", ["stopper", "bomber"])
def test_who_cannot_be_looked_at_is_not_called_ready(verified: Done, user: str) -> None:
    verdicts = {one.verdict for one in verified.report.findings if one.user == user}
    assert verdicts == {Verdict.COULD_NOT_LOOK}


@pytest.mark.parametrize("trick", SESSIONS, ids=lambda trick: trick.user)
def test_who_breaks_the_own_session_is_not_called_ready(verified: Done, trick: Trick) -> None:
    verdicts = {one.verdict for one in verified.report.findings if one.user == trick.user}
    # Podman itself starts no such unit: without one everything is proved, with a warning about the session
    expected = {Verdict.WARN} if trick.user == "prestart" else {Verdict.FAIL, Verdict.COULD_NOT_LOOK}
    assert verdicts & expected


def test_no_process_and_no_folder_of_roots_is_left(host: tuple[Host, Path], verified: Done) -> None:
    assert verified.report.trouble is None
    host[0].sh(END_FUSE)
    # who writes into the pipes of their own probe may keep its folder: it is theirs, and their next probe removes it
    assert [path for path in leftovers(host[0]) if not path.startswith("/home/thief/")] == []
    roots = "ps -eo user=,args= | grep -E '^root .*(PS_LOOK|sh -c s=.1 b=.2|runuser -u)' | grep -v grep || :"
    wait_for("root's processes to end", lambda: host[0].sh(roots).stdout == "", seconds=60)


def test_the_table_has_what_it_should() -> None:
    assert len(LOOKS) >= 20
    assert len({trick.user for trick in TRICKS}) == len(TRICKS)
