import pytest

from podstead.document.yaml_document import parse
from podstead.errors import InputError
from podstead.inventory.groups import Inventory
from podstead.inventory.patterns import select
from podstead.inventory.yaml_inventory import add

FLEET = """
all:
  hosts: {jump: }
  children:
    web: {hosts: {"web[1:4]": }}
    db: {hosts: {db1: , db2: }}
    canary: {hosts: {web1: , db1: }}
    site: {children: {web: , db: }}
    empty: {}
"""


@pytest.fixture
def fleet() -> Inventory:
    inventory = Inventory(sources=["fleet.yml"])
    add(inventory, parse(FLEET, "fleet.yml"))
    assert inventory.problems == []
    return inventory


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("all", "jump web1 web2 web3 web4 db1 db2"),
        ("*", "jump web1 web2 web3 web4 db1 db2"),
        ("web", "web1 web2 web3 web4"),
        ("site", "web1 web2 web3 web4 db1 db2"),
        ("web2", "web2"),
        ("db:jump", "db1 db2 jump"),
        ("db , jump", "db1 db2 jump"),
        ("site:&canary", "web1 db1"),
        ("!canary:web", "web2 web3 web4"),
        ("web:!canary", "web2 web3 web4"),
        ("!site", "jump"),
        ("&canary", "web1 db1"),
        ("web*", "web1 web2 web3 web4"),
        ("*2", "web2 db2"),
        ("web[0]", "web1"),
        ("web[-1]", "web4"),
        ("web[0:2]", "web1 web2 web3"),
        ("web[2:]", "web3 web4"),
        ("web[:1]", "web1"),  # no slice to Ansible, but a glob
        ("web[1:-1]", "web1"),
        ("web[1-2]", "web2 web3"),
        ("[vw]eb[12]*", "web1 web2"),
        ("~web[12]|db2", "web1 web2 db2"),
        ("~(?:db)\\d", "db1 db2"),
        ("jump:~web(?:1|2)", "jump web1 web2"),
    ],
)
def test_a_pattern_names_hosts_as_in_ansible(fleet: Inventory, pattern: str, expected: str) -> None:
    assert " ".join(select(fleet, pattern)) == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("wbe", "there is no host or group named 'wbe' in fleet.yml (did you mean 'web'?)"),
        ("web:!canry", "there is no host or group named 'canry' in fleet.yml (did you mean 'canary'?)"),
        ("zzz*", "no host matches 'zzz*' in fleet.yml"),
        ("web:!web", "no host matches 'web:!web' in fleet.yml"),
        ("empty", "no host matches 'empty' in fleet.yml"),
        ("web[9]", "no host matches 'web[9]' in fleet.yml"),
        ("", "no host matches '' in fleet.yml"),
        (",", "no host matches ',' in fleet.yml"),
        ("~(", "'~(' is not a regular expression"),
    ],
)
def test_nothing_matched_is_an_error(fleet: Inventory, pattern: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        select(fleet, pattern)
    assert message in str(caught.value)


def test_every_unknown_name_is_reported(fleet: Inventory) -> None:
    with pytest.raises(InputError) as caught:
        select(fleet, "one:two", option="--limit")
    assert [problem.where for problem in caught.value.problems] == ["--limit", "--limit"]
