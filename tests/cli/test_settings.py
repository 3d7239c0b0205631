"""Settings: which one wins, where each comes from, and every mistake with its place. Real files, real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.control.setting_table import CONFIG, SETTINGS
from podstead.control.settings import load, strays
from podstead.control.settings_file import line_of
from podstead.errors import InputError
from tests.support import preloaded


def podstead(cwd: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PODSTEAD_")}
    return preloaded.run(arguments, cwd=cwd, env=clean | variables)


def settings(cwd: Path, **variables: str) -> dict[str, tuple[Any, str]]:
    done = podstead(cwd, "config", "-o", "json", **variables)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "podstead.config/1"
    return {row["name"]: (row["value"], row["source"]) for row in document["settings"]}


def test_every_setting_has_a_default_and_says_so(tmp_path: Path) -> None:
    assert {source for _, source in settings(tmp_path).values()} == {"default"}
    assert list(settings(tmp_path)) == list(SETTINGS)


def test_the_order_is_option_variable_podstead_toml_pyproject_default(tmp_path: Path) -> None:
    assert settings(tmp_path)["forks"] == (20, "default")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n\n[tool.podstead]\nforks = 3\ntimeout = 4\n"
    )
    assert settings(tmp_path)["forks"] == (3, "pyproject.toml:5")
    (tmp_path / "podstead.toml").write_text("# mine\nforks = 7\n")
    assert settings(tmp_path)["forks"] == (7, "podstead.toml:2")
    assert settings(tmp_path)["timeout"] == (4, "pyproject.toml:6")
    assert settings(tmp_path, PODSTEAD_FORKS="9")["forks"] == (9, "PODSTEAD_FORKS")
    # and the option over all of them: only an inventory that is given can be read here
    (tmp_path / "podstead.toml").write_text("inventory = 'not-there.yml'\n")
    assert podstead(tmp_path, "inventory", "-i", "web1,").stdout == "web1\n"


def test_a_configured_inventory_is_an_inventory(tmp_path: Path) -> None:
    assert "no inventory is configured" in podstead(tmp_path, "inventory").stderr
    (tmp_path / "hosts.yml").write_text("web: {hosts: {web1: {}, web2: {}}}\n")
    (tmp_path / "podstead.toml").write_text("inventory = ['hosts.yml', 'db1,']\n")
    assert sorted(podstead(tmp_path, "inventory").stdout.split()) == ["db1", "web1", "web2"]
    assert podstead(tmp_path, "inventory", "web").stdout == "web1\nweb2\n"
    listed = podstead(Path("/"), "inventory", PODSTEAD_INVENTORY=f"{tmp_path / 'hosts.yml'}{os.pathsep}db1,")
    assert sorted(listed.stdout.split()) == ["db1", "web1", "web2"]


def test_paths_are_relative_to_the_file_they_are_in(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    config = tmp_path / "conf" / "mine.toml"
    config.write_text(
        "roles_path = 'roles'\nprivate_key = '~/key'\ninventory = ['a', 'x,y', '@local', '/z']\n"
    )
    found = settings(tmp_path, PODSTEAD_CONFIG="conf/mine.toml", HOME="/home/me")
    assert found["roles_path"] == (["conf/roles"], "conf/mine.toml:1")
    assert found["private_key"][0] == "/home/me/key"
    assert found["inventory"][0] == ["conf/a", "x,y", "@local", "/z"]


def test_a_named_file_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("forks = 7\n")
    (tmp_path / "other.toml").write_text("timeout = 5\n")
    found = settings(tmp_path, PODSTEAD_CONFIG="other.toml")
    assert (found["forks"], found["timeout"]) == ((20, "default"), (5, "other.toml:1"))
    done = podstead(tmp_path, "config", PODSTEAD_CONFIG="nowhere.toml")
    assert (done.returncode, "PODSTEAD_CONFIG: there is no file 'nowhere.toml'" in done.stderr) == (2, True)


def test_all_mistakes_are_said_at_once_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text(
        "fork = 7\noutput = 'jsn'\ninventory = [1]\nbecome = 'yes'\ntimeout = 0\nforks = true\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.podstead]\nroles_paht = 'x'\n")
    done = podstead(tmp_path, "check", PODSTEAD_COMMAND_TIMEOUT="soon")
    assert (done.returncode, done.stdout) == (2, "")
    formats = ", ".join(SETTINGS["output"].choices)
    for said in (
        "podstead.toml:1: fork: there is no such setting (did you mean 'forks'?)",
        f"podstead.toml:2: output: 'jsn' is not one of {formats} (did you mean 'json'?)",
        "podstead.toml:3: inventory: must be a list of strings, not [1]",
        "podstead.toml:4: become: 'yes' is neither true nor false",
        "podstead.toml:5: timeout: 0 is not a whole number from 1 to 3600",
        "podstead.toml:6: forks: true is not a whole number from 1 to 500",
        "pyproject.toml:2: roles_paht: there is no such setting (did you mean 'roles_path'?)",
        "PODSTEAD_COMMAND_TIMEOUT: 'soon' is not a whole number from 1 to 86400",
    ):
        assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"forks = 3\noutput = \n", "podstead.toml:2: is not TOML"),
        (b"forks = 3\nforks = 4\n", "podstead.toml:2: is not TOML"),
        (b"forks = 3\n# \xff\n", "podstead.toml:2: is not UTF-8"),
        (b"inventory = [\n", "podstead.toml:1: is not TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "podstead.toml").write_bytes(text)
    done = podstead(tmp_path, "config")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").mkdir()
    assert "podstead.toml: cannot be read: Is a directory" in podstead(tmp_path, "config").stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_may_not_be_searched_has_no_settings(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("fork = 7\n")
    tmp_path.chmod(0o700)
    code = "import os; from pathlib import Path; from podstead.control import settings, settings_file\n"
    code += "os.setgid(65534); os.setuid(65534); print(settings.load(Path(), {}).files)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.stdout, done.stderr) == ("()\n", "")


def test_help_and_what_needs_no_settings_work_beside_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("fork = 7\n")
    for words in (("--help",), ("apply", "--help"), ("explain", "V10"), ("schema",)):
        done = podstead(tmp_path, *words, PODSTEAD_FORKS="many")
        assert (done.returncode, done.stderr) == (0, ""), words


def test_a_file_that_anybody_could_have_written_is_ignored_and_said(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("forks = 7\n")
    tmp_path.chmod(0o777)
    done = podstead(tmp_path, "config", "-o", "json")
    assert "warning: podstead.toml is ignored because every user may write to" in done.stderr
    assert '"podstead.toml' not in done.stdout
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'another'\n")
    checked = podstead(tmp_path, "inventory", "-i", "web1,")
    assert (checked.stdout, checked.stderr.count("is ignored")) == ("web1\n", 1)
    # who names it means it
    assert settings(tmp_path, PODSTEAD_CONFIG="podstead.toml")["forks"][0] == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run with the file of another user")
def test_root_goes_by_no_file_of_a_user_who_has_not_called_sudo(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("forks = 7\n")
    os.chown(tmp_path / "podstead.toml", 65534, 65534)
    done = podstead(tmp_path, "config")
    assert (
        "warning: podstead.toml is ignored because it belongs to UID 65534, and root runs podstead"
        in done.stderr
    )
    assert settings(tmp_path, SUDO_UID="65534")["forks"] == (7, "podstead.toml:1")
    assert settings(tmp_path, PODSTEAD_CONFIG="podstead.toml")["forks"][0] == 7


def test_the_output_of_reports_is_not_that_of_lists(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("output = 'junit'\ninventory = 'web1,'\n")
    assert podstead(tmp_path, "inventory").stdout == "web1\n"
    done = podstead(
        tmp_path, "check", "@local", "-e", "podstead={users: {nobody: {}}, packages: {}}", "-i", "@local"
    )
    assert done.stdout.startswith("<?xml")


def test_settings_reach_the_run(tmp_path: Path) -> None:
    (tmp_path / "podstead.toml").write_text("output = 'json'\nremote_user = 'deploy'\ntimeout = 1\n")
    done = podstead(
        tmp_path, "check", "-i", "127.0.0.1,", "-e", "ansible_port=1", "-vvv", PODSTEAD_BECOME="1"
    )
    assert json.loads(done.stdout)["hosts"][0]["status"] == "unreachable"
    assert "ssh 127.0.0.1:1 as deploy, then sudo" in done.stderr
    over = podstead(tmp_path, "check", "-i", "127.0.0.1,", "-e", "ansible_port=1", "-vvv", "-u", "me")
    assert "as me" in over.stderr


@pytest.mark.parametrize("text", ["1", "yes", "TRUE", "on"])
def test_a_flag_may_be_written_as_people_write_it(tmp_path: Path, text: str) -> None:
    assert settings(tmp_path, PODSTEAD_BECOME=text)["become"] == (True, "PODSTEAD_BECOME")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert settings(tmp_path, PODSTEAD_FORKS="")["forks"] == (20, "default")


def test_a_variable_with_a_slip_is_pointed_out() -> None:
    said = list(strays({"PODSTEAD_FORK": "1", "PODSTEAD_FORKS": "1", CONFIG: "x", "OTHER_FORKS": "1"}))
    assert said == ["PODSTEAD_FORK is not a setting (did you mean 'PODSTEAD_FORKS'?)"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("forks = 1\n", 1),
        ("# forks\n\n  forks = 1\n", 3),
        ('a = """\nforks = 3\n"""\nforks = 1\n', 4),
        ("inventory = [\n  'a',\n]\nforks =\\\n1\n".replace("\\\n", " "), 4),
        ('"forks" = 1\n', 1),
    ],
)
def test_the_line_of_a_key_is_found(text: str, line: int) -> None:
    assert line_of(text, ("forks",)) == line


@given(
    st.lists(
        st.sampled_from(["# forks", "", "a = 'forks'", "b = '''", "'''", "[x]", "forks = 2"]), max_size=6
    )
)
def test_no_text_makes_the_line_of_a_key_fail(lines: list[str]) -> None:
    assert 1 <= line_of("\n".join(lines), ("forks",)) <= max(len(lines), 1)


def test_values_are_those_of_the_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PODSTEAD_PROBE_TIMEOUT: 4 is not a whole number from 5 to 3600"):
        load(tmp_path, {"PODSTEAD_PROBE_TIMEOUT": "4"})
