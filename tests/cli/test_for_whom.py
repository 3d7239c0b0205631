"""Whom a run is for, and which hosts it means where no inventory is given: nothing is connected to here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from podstead.cli import again
from podstead.cli.main import cli
from tests.support import preloaded

HOSTS = """\
all:
  hosts: {web1: , web2: {podstead: {users: {alice: {linger: false}, bob: {}}}}}
  vars: {ansible_user: deploy}
"""


def podstead(
    *words: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {
        key: text for key, text in os.environ.items() if not key.startswith(("PODSTEAD_", "SUDO_", "DOAS_"))
    }
    done = preloaded.run(words, cwd=cwd, env={**clean, **(env or {})})
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "hosts.yml").write_text(HOSTS)
    (tmp_path / "podstead.toml").write_text('inventory = ["hosts.yml"]\n')
    return tmp_path


def plays(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_for_names_the_users_of_all_hosts_and_no_others(project: Path, verb: str) -> None:
    listed = plays(podstead(verb, "--list-tasks", "--for", "alice", "--for", "carl", cwd=project))
    assert "alice, carl" in listed
    assert "bob" not in listed
    assert listed.count("play #") == 1
    assert "bob" in plays(podstead(verb, "--list-tasks", cwd=project))


@pytest.mark.parametrize("verb", ["check", "apply", "verify"])
def test_what_cannot_be_a_user_is_refused_before_anything_connects(project: Path, verb: str) -> None:
    done = podstead(verb, "--for", "al ice", cwd=project)
    assert done.returncode == 2
    assert "podstead: --for 'al ice': not a user name" in done.stderr
    done = podstead(verb, "--for", "root", cwd=project)
    assert done.returncode == 2
    assert "root's Podman is not rootless" in done.stderr


@pytest.mark.parametrize("verb", ["check", "apply", "verify"])
def test_the_word_that_could_mean_two_things_is_refused_with_both(project: Path, verb: str) -> None:
    done = podstead(verb, "--user", "alice", cwd=project)
    assert done.returncode == 2
    assert "-u alice" in done.stderr
    assert "--for alice" in done.stderr


@pytest.mark.parametrize("verb", ["check", "apply", "verify"])
def test_a_user_to_connect_as_whom_no_host_takes_is_refused(project: Path, verb: str) -> None:
    done = podstead(verb, "-u", "carl", cwd=project)
    assert done.returncode == 2
    assert "ansible_user" in done.stderr
    assert "-e ansible_user=carl" in done.stderr
    assert (
        podstead(verb, "-u", "carl", "-e", "ansible_user=carl", "--list-hosts", cwd=project).returncode == 0
    )
    assert podstead(verb, "-u", "deploy", "--list-hosts", cwd=project).returncode == 0
    # were it not refused, an apply would change the machine that the tests run on
    done = podstead(verb, "@local", "-u", "carl", "--list-hosts", cwd=project)
    assert done.returncode == 2
    assert "--for carl" in done.stderr


def test_a_setting_that_no_host_takes_is_no_mistake(project: Path) -> None:
    env = {"PODSTEAD_REMOTE_USER": "carl"}
    assert podstead("check", "--list-hosts", cwd=project, env=env).stdout == "web1\nweb2\n"


def test_a_host_for_which_nobody_is_named_is_said_to_prepare_nobody(project: Path) -> None:
    for verb in ("check", "apply"):
        done = podstead(verb, "--list-hosts", cwd=project)
        assert (
            "warning: no user is prepared for rootless Podman on web1: name one with --for USER"
            in done.stderr
        )
        assert done.stderr.count("warning") == 1
        assert podstead(verb, "--list-hosts", "--for", "alice", cwd=project).stderr == ""


@pytest.mark.parametrize("verb", ["check", "verify"])
def test_without_an_inventory_a_verb_means_this_machine_and_says_so(tmp_path: Path, verb: str) -> None:
    done = podstead(verb, "--list-hosts", "--for", "alice", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "@local\n"), done.stderr
    assert "no inventory is configured, so this machine is meant (@local)" in done.stderr
    named = podstead(verb, "localhost", "--list-hosts", "--for", "alice", cwd=tmp_path)
    assert (named.stdout, named.stderr) == ("@local\n", "")


def test_what_is_to_be_changed_is_named(tmp_path: Path) -> None:
    """In the wrong folder, ``podstead apply`` would else change the machine of whoever sits there."""
    done = podstead("apply", "--for", "alice", "--list-hosts", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "podstead apply @local, or podstead up" in done.stderr
    assert podstead("apply", "localhost", "--list-hosts", "--for", "alice", cwd=tmp_path).stdout == "@local\n"
    for empty in ("", " ", ",", "all,", "all,web1"):
        for verb in ("apply", "check", "verify", "up"):
            words = ("--yes",) if verb == "up" else ("--list-hosts",)
            done = podstead(verb, empty, *words, "--for", "nobody-here", cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, ""), (verb, empty)


def test_without_an_inventory_a_name_is_a_host_for_ssh(tmp_path: Path) -> None:
    def shown(*words: str) -> list[tuple[str, str, str | None, list[str]]]:
        done = podstead("show", "-o", "json", *words, cwd=tmp_path, env={"SUDO_USER": "carl"})
        assert done.returncode == 0, done.stderr
        return [
            (
                host["connection"]["kind"],
                host["connection"]["address"],
                host["connection"]["user"],
                list(host["document"].get("users", ())),
            )
            for host in json.loads(done.stdout)["hosts"]
        ]

    assert shown("admin@web1.example.com,root@web2,web3") == [
        ("ssh", "web1.example.com", "admin", ["admin"]),
        ("ssh", "web2", "root", []),
        ("ssh", "web3", None, []),
    ]
    with_users = ("-e", "podstead={users: {alice: {}}}")
    assert shown("admin@web1", *with_users) == [("ssh", "web1", "admin", ["alice"])]
    done = podstead("check", "web*", cwd=tmp_path)
    assert done.returncode == 2
    assert "'web*' needs an inventory" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="the caller is an ordinary user")
def test_root_alone_is_told_that_nobody_is_prepared(tmp_path: Path) -> None:
    done = podstead("check", "@local", "--list-hosts", cwd=tmp_path)
    assert "no user is prepared for rootless Podman on @local" in done.stderr
    done = podstead("check", "@local", "--list-hosts", cwd=tmp_path, env={"SUDO_USER": "carl"})
    assert done.stderr == ""


def test_this_machine_given_as_a_source_is_for_the_person_who_calls(tmp_path: Path) -> None:
    for words in (("@local",), ("-i", "@local")):
        done = podstead(
            "show",
            "-o",
            "json",
            *words,
            cwd=tmp_path,
            env={"SUDO_USER": "carl"} if os.geteuid() == 0 else None,
        )
        (host,) = json.loads(done.stdout)["hosts"]
        assert len(host["document"]["users"]) == 1, words


def test_what_is_to_be_pasted_is_quoted(tmp_path: Path) -> None:
    done = podstead("check", "@local", "--user", "a;id", cwd=tmp_path)
    assert "--for 'a;id'" in done.stderr


def test_the_command_to_apply_repeats_the_words_and_no_variable_that_may_be_a_secret(project: Path) -> None:
    def command(*words: str, verb: str = "check") -> str:
        """As a run would print it: the verb's own parser reads the words, and nothing is connected to."""
        code = (
            "import sys, click\n"
            "from podstead.cli import again\n"
            "from podstead.cli.verbs import apply, check\n"
            "verb, *words = sys.argv[1:]\n"
            "command = {'apply': apply, 'check': check}[verb].command\n"
            "with command.make_context(verb, words, resilient_parsing=False) as context:\n"
            "    found = again.commands(context.params['pattern'])\n"
            "    print(found.command('apply'), found.missing)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, verb, *words],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert command("web1", "--for", "alice", "-b") == "podstead apply web1 -b --for alice"
    assert command("web1", "-t", "session") == "podstead apply web1 -t session"
    assert command("web1", "--allow", "sysctls:x:boot") == "podstead apply web1 --allow sysctls:x:boot"
    batches = ("--serial", "1,10%", "--max-fail", "0", "--any-errors-fatal")
    assert command("web1", *batches, verb="apply") == f"podstead apply web1 {' '.join(batches)}"
    document = "podstead={subids: {count: 70000}}"
    assert command("web1", "-e", document) == f"podstead apply web1 -e '{document}'"
    for secret in (
        "db_pw=hunter2",
        '{"x": "hunter2"}',
        "podstead={engine: {containers: {env: [TOKEN=hunter2]}}}",
    ):
        # without its hosts the command would mean all of them
        assert command("web1", "-e", secret, "-b") == "podstead apply web1 -b -e"


@pytest.mark.parametrize("verb", again.SHARED)
def test_a_command_repeats_only_options_that_its_verb_has(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command
    assert {param.name for param in command.params} >= again.SHARED[verb]
