"""A whole run through the real worker, on this machine; nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

import podstead
from podstead.api import hosts
from podstead.errors import Exit, RunError
from podstead.job import Progress, Result
from podstead.report.record import Status

NOBODY = '{"users": {"nobody": {}}, "packages": {}}'


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
        "  vars: {users: {nobody: {}}}\n"
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
    assert report.hosts[1].commands == 1
    assert report.exit_code in (Exit.UNREACHABLE, Exit.FAILED)


def test_a_worker_that_cannot_start_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(RunError, match="the worker process ended with exit code 1"):
        podstead.check(hosts((), "@local", extra_vars=[NOBODY]))


def test_a_worker_that_ends_without_a_word_about_a_host_is_an_error_and_no_interruption(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An internal error of the worker was once reported as "not started: the run was interrupted"."""
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexit 0\n")
    silent.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(silent))
    with pytest.raises(RunError, match="ended without a result for @local"):
        podstead.check(hosts((), "@local", extra_vars=[NOBODY]))


def test_no_module_stands_in_the_way_of_a_verb() -> None:
    assert podstead.__file__
    modules = {path.stem for path in Path(podstead.__file__).parent.iterdir()}
    assert modules & set(podstead.__all__) == set()
