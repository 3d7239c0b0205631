"""For whom a host is prepared, where that is said beside its document."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead.document.values import Origin
from podstead.errors import InputError
from podstead.inventory.load import load
from podstead.inventory.people import for_users

FOR = Origin("--for")


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    place = tmp_path / "hosts.yml"
    place.write_text("""\
all:
  hosts: {web1: , web2: {podstead: {users: {alice: {linger: false}, bob: {}}}}}
""")
    return place


def test_a_user_keeps_what_the_document_says_and_others_are_not_prepared(inventory: Path) -> None:
    web1, web2 = (for_users(host, ["alice", "carl", "alice"], FOR) for host in load([inventory]))
    assert list(web1.spec.users) == list(web2.spec.users) == ["alice", "carl"]
    assert [host.spec.users["alice"].linger for host in (web1, web2)] == [None, False]
    assert web2.origins[("users", "alice", "linger")].origin.where.endswith("hosts.yml:2")
    assert web2.origins[("users", "carl")].origin.where == "--for"
    assert web1.spec.sysctls, "the rest of the document stays"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("al ice", "--for 'al ice': not a user name"),
        ("root", "--for 'root': root's Podman is not rootless"),
        (".", "--for '.': not a user name"),
        ("", "--for: is empty"),
    ],
)
def test_what_is_no_user_is_refused_with_the_place(inventory: Path, name: str, message: str) -> None:
    (web1, _) = load([inventory])
    with pytest.raises(InputError) as caught:
        for_users(web1, ["alice", name], FOR)
    (problem,) = caught.value.problems
    assert str(problem).startswith(message)
