"""What a person runs into at the edges: streams that are gone, folders that may not be read, lists that lack something."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from podstead.cli.progress import watching
from podstead.cli.verbs import doctor, init
from podstead.document.spec import HostSpec
from podstead.errors import InputError
from podstead.inventory import patterns
from podstead.inventory.connection import Connection
from podstead.inventory.connection_files import config_problem, key_problem
from podstead.inventory.load import read_inventory
from podstead.inventory.vault import passwords
from podstead.remote import transport
from podstead.remote.connections import JobRunner
from podstead.visit.job import Job, Progress, Result, Target
from podstead.visit.record import HostReport, Status

TWO_HOSTS = "h1 ansible_host=127.0.0.1 ansible_port=1\nh2 ansible_host=127.0.0.2 ansible_port=1\n"


def _target(**link: Any) -> Target:
    return Target(name="h1", connection=Connection(kind="ssh", address="h1", **link), spec=HostSpec())


def podstead(line: str, cwd: Path, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """The command line in a shell, for its redirections."""
    return subprocess.run(
        ["sh", "-c", f'"$0" -m podstead {line}', sys.executable],
        cwd=cwd,
        env={**os.environ, **env},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _called(command: click.Command) -> Callable[..., object]:
    assert command.callback
    return command.callback


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hosts").write_text(TWO_HOSTS)
    return tmp_path


@pytest.mark.parametrize("gone", ["2>/dev/full", "2>&-"])
def test_a_run_whose_standard_error_is_gone_ends_with_its_report_and_its_exit_code(
    folder: Path, gone: str
) -> None:
    done = podstead(f"check -v -i hosts {gone}", folder)
    assert done.returncode == 4
    assert done.stdout.count("unreachable=1") == 2


def test_progress_and_ctrl_c_survive_a_standard_error_whose_reader_went_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1)
    monkeypatch.setattr(sys, "stderr", stream)
    with watching(1, 1, traced=False) as watcher:
        watcher.on_progress(Progress(host="h1", doing="looking"))
        watcher.on_interrupt(1, ["h1"])
        watcher.on_progress(Result(report=HostReport(name="h1", status=Status.OK)))
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_report_is_kept_in_its_file_though_standard_output_is_full(folder: Path) -> None:
    done = podstead("check -i hosts -o json --output-file report.json >/dev/full", folder)
    assert (done.returncode, "cannot write to standard output" in done.stderr) == (1, True)
    assert "unreachable" in (folder / "report.json").read_text()


@pytest.mark.parametrize("options", ["", "--list-hosts", "--graph", "--list", "--host h1"])
def test_a_source_that_cannot_be_read_is_a_warning_in_a_listing_as_in_ansible_and_else_an_error(
    folder: Path, options: str
) -> None:
    done = podstead(f"inventory -i hosts -i missing.yml {options}", folder)
    assert done.returncode == 0
    assert "h1" in done.stdout or "ansible_port" in done.stdout
    assert "podstead: warning: missing.yml: there is no such inventory" in done.stderr
    done = podstead(f"inventory -i missing.yml {options}", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "podstead: missing.yml: there is no such inventory" in done.stderr


@pytest.mark.parametrize("verb", ["check", "verify", "show"])
def test_a_run_never_goes_by_half_an_inventory(folder: Path, verb: str) -> None:
    done = podstead(f"{verb} -i hosts -i missing.yml h1", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "podstead: missing.yml: there is no such inventory" in done.stderr


def test_broken_group_vars_are_said_by_the_plain_list_of_hosts(folder: Path) -> None:
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text("podstead: {users: [\n")
    assert podstead("inventory -i hosts", folder).returncode == 2


def test_a_list_of_hosts_may_be_longer_than_a_name_of_a_file() -> None:
    names = [f"web{number:02}.example.invalid" for number in range(20)]
    assert list(read_inventory([",".join(names)]).hosts) == names


def test_a_path_that_is_too_long_is_an_input_error() -> None:
    with pytest.raises(InputError, match="too long"):
        read_inventory(["x" * 300])


def test_the_home_of_a_user_that_there_is_not_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        passwords(["~nosuch/x"])
    done = podstead("config", folder, PODSTEAD_CONFIG="~nosuch/x")
    assert (done.returncode, "there is no file '~nosuch/x'" in done.stderr) == (2, True)


@pytest.mark.parametrize("target", ["x" * 300, "y/" + "x" * 300])
def test_init_says_where_it_cannot_write(folder: Path, target: str) -> None:
    done = podstead(f"init {target}", folder)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that may not be searched, and nobody who is root."""
    path = tmp_path / "closed"
    path.mkdir()
    (path / "hosts").write_text(TWO_HOSTS)
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield path
    if root:
        os.seteuid(0)
    path.chmod(0o700)


def test_what_lies_in_a_folder_that_may_not_be_searched_is_an_input_error(closed: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_inventory([str(closed / "hosts")])
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        passwords([str(closed / "secret")])
    assert init._existing_files(closed, {"x/y": ""}, force=False) == set()
    key = _target(private_key=str(closed / "key"))
    assert key_problem(key.connection) == f"private key {closed}/key cannot be read"


def test_a_list_of_hosts_needs_no_folder_that_may_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(Path, "exists", refused)
    assert list(read_inventory(["h1,"]).hosts) == ["h1"]


def test_doctor_works_for_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError

    class Reached(Exception):  # noqa: N818 - no error
        pass

    def gather(_environ: Mapping[str, str], _home: Path) -> None:
        raise Reached

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(doctor, "gather", gather)
    with pytest.raises(Reached):
        _called(doctor.command)(output="text")


def test_a_relative_ssh_config_is_found_from_the_folder_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ssh_config").write_text("Host *\n    StrictHostKeyChecking no\n")
    target = _target(ssh_config_file="ssh_config")
    assert f"Include {tmp_path}/ssh_config\n" in transport.ssh_config_text(target)
    assert config_problem(target.connection) == ""


@pytest.mark.parametrize("name", [None, "none", "/dev/null"])
def test_no_ssh_config_is_no_mistake(name: str | None) -> None:
    assert config_problem(_target(ssh_config_file=name).connection) == ""


def test_an_empty_element_of_a_variable_is_not_the_current_folder(folder: Path) -> None:
    (folder / "other.yml").write_text("[broken\n")
    done = podstead("inventory", folder, PODSTEAD_INVENTORY="hosts:")
    assert (done.returncode, done.stdout) == (0, "h1\nh2\n")


@pytest.mark.parametrize("verb", ["inventory -i hosts", "show -i hosts", "config", "explain", "--help"])
@pytest.mark.parametrize("gone", [">/dev/full", ">&-"])
def test_what_cannot_be_printed_is_one_sentence(folder: Path, verb: str, gone: str) -> None:
    done = podstead(f"{verb} {gone}", folder)
    assert done.returncode == 1
    assert done.stderr.startswith("podstead: cannot write to standard output: ")
    assert done.stderr.count("\n") == 1


def test_a_closed_standard_input_can_give_no_password(folder: Path) -> None:
    done = podstead("check -i hosts -k <&-", folder)
    assert (done.returncode, "standard input is closed" in done.stderr) == (2, True)


@pytest.mark.parametrize("verb", ["check", "apply", "inventory"])
def test_an_output_file_that_cannot_be_written_is_refused_before_anything_is_done(
    folder: Path, verb: str
) -> None:
    users = "-e 'podstead={users: {alice: {}}}'"
    done = podstead(f"{verb} -i hosts {users} --output-file /nosuch/x", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("podstead: --output-file: /nosuch/x cannot be written")


def test_tasks_are_listed_as_they_were_chosen(folder: Path) -> None:
    done = podstead("apply -i hosts -t storage --list-tasks", folder)
    assert "    storage: " in done.stdout
    assert "    packages: " not in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-t ''", "--tags: is empty"),
        ("-t ,", "--tags: is empty"),
        ("--skip-tags ''", "--skip-tags: is empty"),
        ("--start-at ''", "--start-at: is empty"),
        ("-t subids --skip-tags subids", "leave nothing to do"),
        ("-t packages --start-at session", "leave nothing to do"),
    ],
)
def test_options_that_choose_nothing_are_an_input_error(folder: Path, options: str, said: str) -> None:
    done = podstead(f"check -i hosts {options} --syntax-check", folder)
    assert (done.returncode, said in done.stderr) == (2, True)


@pytest.mark.parametrize("options", ["-t host", "-t all --skip-tags packages", "--start-at session"])
def test_options_that_leave_something_are_none(folder: Path, options: str) -> None:
    assert podstead(f"check -i hosts {options} --syntax-check", folder).returncode == 0


def test_a_job_without_ssh_makes_no_folder_for_ssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    JobRunner(Job(verb="check", targets=()), lambda _message: None).all(folder)
    assert [*home.iterdir(), *folder.iterdir()] == []


def test_values_in_the_tree_of_groups_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text('all: {hosts: {h1: {note: "\\e[31mred"}}}\n')
    done = podstead("inventory -i hosts.yml --graph --vars", tmp_path)
    assert "\\x1b[31mred" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("pattern", "chosen"), [("fe80::1", ("fe80::1",)), ("all,!fe80::1", ("h2",)), ("h2:h2", ("h2",))]
)
def test_the_colons_of_an_ipv6_address_separate_nothing(
    tmp_path: Path, pattern: str, chosen: tuple[str, ...]
) -> None:
    (tmp_path / "hosts").write_text("fe80::1\nh2\n")
    assert patterns.select(read_inventory([tmp_path / "hosts"]), pattern) == chosen


def test_only_the_first_unknown_names_are_told_what_may_have_been_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hosts").write_text(TWO_HOSTS)
    asked: list[str] = []

    def looked_up(name: str, _known: object) -> str:
        asked.append(name)
        return ""

    monkeypatch.setattr(patterns, "did_you_mean", looked_up)
    with pytest.raises(InputError) as caught:
        patterns.select(read_inventory([tmp_path / "hosts"]), ",".join(f"gone{n}" for n in range(9)))
    assert (len(caught.value.problems), len(asked)) == (9, 3)
