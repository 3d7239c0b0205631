"""TOML inventories: what is wrong with one. That they are read as Ansible reads them is tested against Ansible."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead.errors import InputError
from podstead.inventory.load import load


def test_a_document_may_stand_in_it(tmp_path: Path) -> None:
    (tmp_path / "hosts.toml").write_text(
        '[web.hosts]\nweb1 = {}\n[web.vars.podstead.users]\nalice = {}\n[site]\nchildren = ["web"]\n'
    )
    (tmp_path / "podstead.toml").write_text("forks = 5\n")
    (host,) = load([tmp_path])
    assert (list(host.spec.users), host.groups) == (["alice"], ("site", "web"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[web", "is not TOML: Expected ']'"),
        ("web = 5", "group web takes hosts, vars, children; found the number 5"),
        ("[web]\nhosts = 5", "hosts must be a mapping of host names"),
        ("[web.hosts]\na = {podstead = 5}", "expected a mapping with the keys of a host document"),
        ("x = " + "[" * 500 + "]" * 500, "is nested deeper than 64 levels"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "hosts.toml").write_text(text + "\n")
    with pytest.raises(InputError) as caught:
        load([tmp_path / "hosts.toml"])
    assert message in str(caught.value)
    assert {problem.where for problem in caught.value.problems} == {str(tmp_path / "hosts.toml")}
