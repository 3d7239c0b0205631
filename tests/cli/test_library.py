"""What people try of the Python API and get wrong: an error that names what is accepted, never a silent run."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import podstead
from podstead.api import _job
from podstead.report.text import render
from podstead.report.view import View
from podstead.visit.record import UNPREPARED

VERBS = (podstead.apply, podstead.check, podstead.verify)
HERE: dict[str, Any] = {
    "pattern": "@local",
    "extra_vars": ['{"podstead": {"users": {"nobody": {}}, "packages": {}}}'],
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("chosen", "found"), [(["web1"], "'web1'"), (5, "5"), (None, "None"), ([Path("hosts.yml")], "hosts.yml")]
)
def test_what_is_not_a_host_is_named_with_what_is_accepted(verb: Any, chosen: Any, found: str) -> None:
    with pytest.raises(TypeError, match=rf"takes hosts that podstead\.hosts\(\) returned.*; found .*{found}"):
        verb(chosen)


@pytest.mark.parametrize("verb", VERBS)
def test_no_hosts_are_not_a_run_in_which_all_went_well(verb: Any) -> None:
    with pytest.raises(podstead.InputError, match="the list of hosts is empty") as caught:
        verb([])
    assert "podstead.hosts()" in caught.value.hint


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("for_users", r" \(an argument of podstead\.hosts\(\)\)"),
        ("fork", r" \(did you mean 'forks'\?\)"),
        ("x", ""),
    ],
)
def test_an_unknown_argument_is_named_with_those_that_are_known(verb: Any, name: str, hint: str) -> None:
    known = "it takes on_progress, forks, connect_timeout, "
    with pytest.raises(TypeError, match=rf"{verb.__name__}\(\) has no argument '{name}'{hint}; {known}"):
        verb("web1,", **{name: ["x"]})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"forks": 0}, "forks: input should be greater than or equal to 1; found 0"),
        ({"forks": "many"}, "forks: input should be a valid integer"),
        ({"tags": "packages"}, "tags: input should be a valid tuple; found 'packages'"),
        ({"tags": ["pakages"]}, "tags: there is no 'pakages' (did you mean 'packages'?)"),
        ({"skip_tags": ["subids:nobdy:ranges"]}, "skip_tags: there is no 'subids:nobdy:ranges'"),
        ({"start_at": "end"}, "start_at: there is no 'end'"),
        ({"verify_checks": ["V99"]}, "verify_checks: there is no check 'V99'"),
    ],
)
def test_a_value_that_cannot_be_used_is_an_input_error(options: Any, problem: str) -> None:
    with pytest.raises(podstead.InputError, match=f"^{re.escape(problem)}"):
        podstead.check(podstead.hosts(**HERE), **options)


def test_the_tags_of_roles_stand_for_their_parts(tmp_path: Path) -> None:
    role = tmp_path / "roles/site/role.yml"
    role.parent.mkdir(parents=True)
    role.write_text("tags: {ids: [subids, accounts]}\n")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {podstead: {roles: [site]}}}}\n")
    chosen = podstead.hosts(tmp_path / "hosts.yml")
    job = _job("check", chosen, {"tags": ["ids"], "skip_tags": ["packages"], "start_at": "accounts"})
    assert (job.tags, job.skip_tags, job.start_at) == (("subids", "accounts"), ("packages",), "accounts")


@pytest.mark.parametrize("name", ["for_users", "extra_vars", "roles_path", "vault_password_files"])
@pytest.mark.parametrize("value", ["alice", Path("alice"), 5])
def test_a_list_is_not_the_letters_of_a_string(name: str, value: Any) -> None:
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(TypeError, match=f"^{name} must be a list of strings; found .*{value}"):
        podstead.hosts("web1,", **arguments)


def test_an_inventory_is_a_path_or_a_list_of_them() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match=r"^inventory must be a list of strings; found 5"):
        podstead.hosts(wrong)


def test_where_no_user_is_prepared_the_report_says_so_and_its_text_leaves_it_to_the_warning() -> None:
    report = podstead.check(podstead.hosts(pattern="@local", extra_vars=["podstead={users: {}}"]))
    assert UNPREPARED in report.hosts[0].notes
    assert UNPREPARED in report.to_json()
    text = io.StringIO()
    render(report, View(), text)
    assert "@local" in text.getvalue()
    assert "no user is prepared" not in text.getvalue()
    assert UNPREPARED not in podstead.check(podstead.hosts(**HERE)).hosts[0].notes


def test_plain_pyinfra_is_warned_as_well(tmp_path: Path) -> None:
    """``--dry`` looks at this machine and changes nothing."""
    deploy = tmp_path / "deploy.py"

    def said(users: str) -> str:
        deploy.write_text(f"from podstead.deploys import provision\nprovision({{'users': {users}}})\n")
        argv = [sys.executable, "-m", "pyinfra", "--dry", "@local", str(deploy)]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    assert said("{}").count(UNPREPARED) == 1
    assert UNPREPARED not in said("{'nobody': {}}")
