"""A whole run through the real worker, on this machine; nothing is changed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import podstead
from podstead.api import hosts
from podstead.document.values import HIDDEN
from podstead.errors import Exit, RunError
from podstead.fleet.run import job_for, run
from podstead.inventory.resolve import ResolvedHost
from podstead.visit.job import Job, Progress, Result
from podstead.visit.record import HostReport, Report, Status

NOBODY = '{"podstead": {"users": {"nobody": {}}, "packages": {}}}'


def test_the_report_names_this_machine_and_counts_its_commands() -> None:
    seen: list[Progress | Result] = []
    report = podstead.check(hosts((), "@local", extra_vars=[NOBODY]), on_progress=seen.append)
    (host,) = report.hosts
    assert (host.name, host.connections, host.commands) == ("@local", 1, 1)
    assert host.system
    assert [type(message) for message in seen] == [Progress, Progress, Result]


def test_two_names_for_this_machine_are_not_worked_on_side_by_side(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(
        "all:\n  hosts:\n    one: {ansible_connection: local}\n    two: {ansible_connection: local}\n"
        "  vars: {podstead: {users: {nobody: {}}}}\n"
    )
    first, second = podstead.check(hosts(inventory)).hosts
    assert first.trouble is None
    assert (second.status, second.trouble and second.trouble.message) == (
        Status.FAILED,
        "this is the same machine as one",
    )


def test_a_host_that_refuses_connections_is_unreachable_and_the_others_are_done() -> None:
    chosen = hosts(["127.0.0.1,"], extra_vars=[NOBODY, "ansible_port=1"])
    report = podstead.check([*chosen, *hosts((), "@local", extra_vars=[NOBODY])])
    assert report.hosts[0].status is Status.UNREACHABLE
    assert report.hosts[0].trouble
    assert report.hosts[0].trouble.message == "127.0.0.1:1 refused the connection"
    assert report.hosts[1].commands == 1
    assert report.exit_code in (Exit.UNREACHABLE, Exit.FAILED)


def test_a_worker_that_cannot_start_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(RunError, match="the worker process ended with exit code 1"):
        podstead.check(hosts((), "@local", extra_vars=[NOBODY]))


def worker_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))


def with_secret(chosen: Sequence[ResolvedHost]) -> Job:
    return job_for("check", chosen).model_copy(update={"secrets": ("s3cret",)})


@pytest.mark.parametrize(("code", "ended"), [(0, "ended"), (3, "ended with exit code 3")])
def test_a_worker_that_ends_early_fails_the_hosts_that_it_said_nothing_about_and_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, ended: str
) -> None:
    """An internal error of the worker was once reported as "not started: the run was interrupted"."""
    done = Result(report=HostReport(name="@local", status=Status.OK)).model_dump_json()
    begun = Progress(host="198.18.0.1", doing="looking").model_dump_json()
    chosen = hosts(["198.18.0.1,198.18.0.2,"], extra_vars=[NOBODY])
    job = with_secret([*hosts((), "@local", extra_vars=[NOBODY]), *chosen])
    worker_that(
        monkeypatch, tmp_path, f"echo '{done}'\necho '{begun}'\necho 'no room for s3cret' >&2\nexit {code}"
    )
    heard, *unheard = run(job).hosts
    assert (heard.status, heard.trouble) == (Status.OK, None)
    assert [one.status for one in unheard] == [Status.FAILED] * 2
    assert [one.trouble and one.trouble.message for one in unheard] == [
        f"the worker process {ended} while this host was being processed: no room for {HIDDEN}",
        f"the worker process {ended} before this host was started: no room for {HIDDEN}",
    ]


def test_a_worker_that_says_nothing_of_sense_is_said_without_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = with_secret(hosts((), "@local", extra_vars=[NOBODY]))
    worker_that(monkeypatch, tmp_path, "echo 'hello s3cret'")
    with pytest.raises(RunError, match=re.escape(f"is not a message: 'hello {HIDDEN}")) as caught:
        run(job)
    assert caught.value.__cause__ is None


def test_no_module_stands_in_the_way_of_a_verb() -> None:
    assert podstead.__file__
    modules = {path.stem for path in Path(podstead.__file__).parent.iterdir()}
    assert modules & set(podstead.__all__) == set()


def test_match_exec_of_ssh_config_is_run_in_a_shell_and_costs_nothing_where_there_is_none() -> None:
    """pyinfra runs no such command; paramiko's own way would be an eighth of the worker's start."""
    config = 'Match exec "test %h = h && exit 0"\n User x\nMatch exec "exit 1"\n Port 9\nMatch exec /nowhere\n Port 8\n'
    code = (
        "import sys, podstead.remote.worker, paramiko\n"
        "podstead.remote.worker.match_exec.install()\n"
        f"found = paramiko.SSHConfig.from_text({config!r}).lookup('h')\n"
        "print(found.get('user'), found.get('port'), 'invoke.tasks' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "x None False\n"


def test_what_people_try_of_the_library_is_there(tmp_path: Path) -> None:
    assert set(podstead.__all__) <= set(dir(podstead))
    assert all(hasattr(podstead, name) for name in podstead.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*|0\+unknown", podstead.__version__)
    place = tmp_path / "hosts.yml"
    place.write_text("all: {hosts: {web1: {ansible_host: 127.0.0.1, ansible_port: 9}}}")
    for inventory in (place, str(place), podstead.hosts(place)):
        assert podstead.check(inventory, connect_timeout=2).exit_code is Exit.UNREACHABLE
    (host,) = podstead.hosts(place, for_users=["alice"])
    assert list(host.spec.users) == ["alice"]
    with pytest.raises(podstead.InputError, match=r"for_users 'root': root's Podman"):
        podstead.hosts(place, for_users=["root"])


def test_a_report_is_written_in_several_formats_at_once(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {ansible_host: 127.0.0.1, ansible_port: 9}}}")
    words = [
        "--report",
        "junit=r.xml",
        "--report",
        "gitlab=r.json",
        "--report",
        "markdown=r.md",
        "--output-file",
        "all.json",
    ]
    argv = [sys.executable, "-m", "podstead", "check", "-i", "hosts.yml", "-T", "2", "-o", "github", *words]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4, done
    assert "\n::error title=web1%3A " in done.stdout
    assert (tmp_path / "r.xml").read_text().startswith("<?xml")
    assert (tmp_path / "r.json").read_text().startswith("[\n")
    assert (tmp_path / "r.md").read_text().startswith("## podstead check all\n")
    assert Report.model_validate_json((tmp_path / "all.json").read_bytes()).hosts[0].name == "web1"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("junit", "--report: expected FORMAT=FILE"),
        ("pdf=x", "with one of text, json, junit"),
        ("junit=", "--report: expected FORMAT=FILE"),
        ("junit=/nowhere/x", "--report: /nowhere/x cannot be written"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_done(
    tmp_path: Path, word: str, said: str
) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {ansible_host: 127.0.0.1, ansible_port: 9}}}")
    argv = [sys.executable, "-m", "podstead", "check", "-i", "hosts.yml", "--report", word]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
