from pathlib import Path

import pytest

from podstead.document.values import displayed, plain
from podstead.document.yaml_document import parse
from podstead.errors import InputError
from podstead.inventory.groups import Inventory
from podstead.inventory.hostnames import expand
from podstead.inventory.ini_inventory import add as add_ini
from podstead.inventory.yaml_inventory import add as add_yaml

NESTED = """
all:
  vars: {ansible_user: deploy}
  children:
    site:
      children:
        web:
          hosts:
            web1: {ansible_host: 10.0.0.1}
            web2:
db:
  hosts: {web1: , "db[a:c]": }
"""


def from_yaml(text: str) -> Inventory:
    inventory = Inventory()
    add_yaml(inventory, parse(text, "f"))
    return inventory


def from_ini(text: str) -> Inventory:
    inventory = Inventory()
    add_ini(inventory, text, "f")
    return inventory


def problems(inventory: Inventory) -> list[str]:
    inventory.depths()
    return sorted(map(str, inventory.problems))


def variables(inventory: Inventory, host: str) -> list[object]:
    return [plain(tree) for tree in inventory.hosts[host].inline]


def test_nested_yaml_groups_are_read() -> None:
    inventory = from_yaml(NESTED)
    assert problems(inventory) == []
    assert list(inventory.hosts) == ["web1", "web2", "dba", "dbb", "dbc"]
    assert set(inventory.members("site")) == {"web1", "web2"}
    assert inventory.memberships()["web1"] == ("db", "site", "web")
    assert inventory.depths() == {"all": 0, "ungrouped": 1, "site": 1, "web": 2, "db": 1}
    assert variables(inventory, "web1") == [{"ansible_host": "10.0.0.1"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web:\n  host: {a: }", "f:2: web.host: unknown key (did you mean 'hosts'?)"),
        (
            "web:\n  hosts: [a, b]",
            "f:2: hosts must be a mapping of host names, with 'web1:' and the like on a line each; found a list",
        ),
        ("web: {hosts: {a: 5}}", "f:1: host a takes a mapping of variables; found the number 5"),
        ("[a]", "f:1: an inventory must be a mapping of groups; found a list"),
        ("web: {hosts: {-oProxyCommand=x: }}", "f:1: '-oProxyCommand=x' is not a host name"),
        ('"a\\tb": {}', "f:1: 'a\\tb' is not a group name"),
        ("web: {hosts: {a;b: }}", "f:1: 'a;b' is not a host name"),
        ("web: {hosts: {a/b: }}", "f:1: 'a/b' is not a host name"),
        ("a: {children: {b: {children: {a: }}}}", "f:1: groups contain each other: a > b > a"),
    ],
)
def test_a_mistake_in_a_yaml_inventory_is_reported(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in problems(from_yaml(text))), problems(from_yaml(text))


INI = """
; comment
jump.example.com
[web]
web[01:03].example.com ansible_user=ci   # comment
one:2222 ansible_password='a b#c' podstead='{users: {alice: {}}}'

[db]
db1

[site:children]
web
db

[site:vars]
ansible_port=23
podstead={session: {linger: true}}
session={linger: true}
ansible_ssh_common_args="-J x"
"""


def test_an_ini_inventory_is_read() -> None:
    inventory = from_ini(INI)
    assert problems(inventory) == []
    numbered = [f"web0{number}.example.com" for number in (1, 2, 3)]
    assert list(inventory.hosts) == ["jump.example.com", *numbered, "one", "db1"]
    assert set(inventory.members("site")) == {*numbered, "one", "db1"}
    assert variables(inventory, numbered[1]) == [{"ansible_user": "ci"}]
    (one,) = inventory.hosts["one"].inline
    assert plain(one.entries["podstead"]) == {"users": {"alice": {}}}
    assert plain(one.entries["ansible_port"]) == 2222
    assert plain(one.entries["ansible_password"]) == "a b#c"
    assert displayed(one.entries["ansible_password"]) == "********"
    assert one.entries["podstead"].origin.where == "f:6"
    assert [plain(tree) for tree in inventory.groups["site"].inline] == [
        {"ansible_port": "23"},
        {"podstead": {"session": {"linger": True}}},
        {"session": "{linger: true}"},
        {"ansible_ssh_common_args": "-J x"},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[web", "f:1: expected [group], [group:vars] or [group:children]"),
        ("[web:var]", "f:1: expected [group], [group:vars] or [group:children] (did you mean 'vars'?)"),
        ("web1 x=1 secret", "f:1: field 3 is not key=value"),
        ("web1 a='", "f:1: a quotation mark is not closed"),
        ("web1 a=1 a=2", "f:1: a: is given twice in this line"),
        ("web1 podstead={", "f:1: podstead: is not YAML"),
        ("web[3:1]", "f:1: [3:1] ends before it starts"),
        ("[web:vars]\nhello", "f:2: expected key=value"),
    ],
)
def test_a_mistake_in_an_ini_inventory_is_reported(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in problems(from_ini(text))), problems(from_ini(text))


def test_a_section_for_a_group_that_is_nowhere_declared_is_a_warning_unless_the_group_has_hosts() -> None:
    inventory = from_ini("[web]\na\n[wbe:vars]\nx=1")
    inventory.complete()
    warning = "f:3: no section declares the group 'wbe' (did you mean 'web'?)"
    assert (list(map(str, inventory.warnings)), inventory.problems) == ([warning], [])
    inventory = from_ini("[web]\na\n[db:vars]\nx=1")
    add_yaml(inventory, parse("db: {hosts: {a: }}", "g"))
    inventory.complete()
    assert list(map(str, inventory.problems)) == ["f:3: no section declares the group 'db'"]


def test_no_message_repeats_a_piece_of_a_password() -> None:
    assert "hunter2" not in "".join(
        problems(from_ini("a ansible_password=my hunter2\n[all:vars]\nhunter2\n"))
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("web", "web"),
        ("web[8:11]", "web8 web9 web10 web11"),
        ("web[08:10].x", "web08.x web09.x web10.x"),
        ("[a:c]1", "a1 b1 c1"),
        ("r[1:2]n[a:b]", "r1na r1nb r2na r2nb"),
        ("w[0:6:3]", "w0 w3 w6"),
    ],
)
def test_a_range_stands_for_hosts(pattern: str, expected: str) -> None:
    assert " ".join(expand(pattern)) == expected


@pytest.mark.parametrize(
    "pattern", ["a[", "a]b", "a[]", "a[1]", "a[1:b]", "a[z:a]", "a[1:2:0]", "a[01:100]", "a[0:99999999]"]
)
def test_a_bad_range_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(expand(pattern))


def test_a_range_cannot_exhaust_the_memory() -> None:
    assert "more than 100000 hosts" in problems(from_ini("a[1:1000]b[1:1000]c[1:1000]"))[0]


def test_a_repr_does_not_show_passwords() -> None:
    text = "all: {vars: {ansible_become_pass: hunter2}, hosts: {a: {ansible_password: hunter2}, b: {ansible_sudo_pass: hunter2}}}"
    assert "hunter2" not in repr(from_yaml(text))


def test_input_error_is_what_a_broken_file_raises(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(InputError):
        from_yaml(path.read_text(encoding="utf-8"))
