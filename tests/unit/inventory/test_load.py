from pathlib import Path
from typing import Any

import pytest

from podstead.document.spec import HostSpec
from podstead.document.values import Node, Origin
from podstead.errors import InputError, Problem
from podstead.inventory.load import load, read_inventory
from podstead.inventory.resolve import ResolvedHost

ROOT = Path(__file__).parents[3]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def failing(*sources: str | Path, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(sources, **options)
    return [str(problem) for problem in caught.value.problems]


def by_options(**variables: str) -> dict[str, Node]:
    return {name: Node(text, Origin("options")) for name, text in variables.items()}


def names(hosts: tuple[ResolvedHost, ...]) -> list[str]:
    return [host.name for host in hosts]


def test_this_machine_needs_no_inventory() -> None:
    (host,) = load([], pattern="@local", extra_vars=["podstead={users: {alice: {}}}"])
    assert (host.name, host.connection.kind) == ("@local", "local")
    assert list(host.spec.users) == ["alice"]
    assert host.spec.roles == ("rootless-podman",)
    assert host.origins[("users", "alice")].origin.where == "-e #1"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("@ssh/web1", ("ssh", "web1", None, None)),
        ("@ssh/me@web1:2222", ("ssh", "web1", "me", 2222)),
        ("@podman/box", ("podman", "box", None, None)),
        ("@docker/box", ("docker", "box", None, None)),
        ("@chroot//srv/root", ("chroot", "/srv/root", None, None)),
    ],
)
def test_a_pseudo_host_names_its_connection(pattern: str, expected: tuple[object, ...]) -> None:
    for host in (*load([], pattern=pattern), *load([pattern])):
        reached = host.connection
        assert (reached.kind, reached.address, reached.user, reached.port) == expected


def test_an_unknown_pseudo_host_is_refused() -> None:
    assert "one of @local" in failing(pattern="@lokal")[0]
    assert "is not one of @local" in failing("@lokal")[0]


def test_a_list_of_hosts_is_a_source() -> None:
    assert names(load(["b,a,"])) == ["b", "a"]


def test_layers_reach_a_host_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "site: {children: {web: {hosts: {web1: {ansible_user: h}, web2: }}}}",
            "roles/mine/role.yml": "users: {role: {}}\nsubids: {count: 1}",
            "group_vars/all.yml": "podstead: {roles: [mine], subids: {count: 2}}\nansible_user: a\nansible_port: 1",
            "group_vars/site.yaml": "podstead: {subids: {count: 3}}\nansible_user: s\nansible_port: 2",
            "group_vars/web/one.yml": "podstead: {subids: {count: 4}}\nansible_user: w\nansible_port: 3",
            "group_vars/web/two.yml": "podstead: {storage: {driver: vfs}}",
            "host_vars/web1.yml": "podstead: {subids: {count: 5}}",
        },
    )
    one, two = load([tmp_path / "hosts.yml"], extra_vars=["podstead={subids: {allocation: by-uid}}"])
    assert (one.spec.subids.count, two.spec.subids.count) == (5, 4)
    assert one.spec.subids.allocation == "by-uid"
    assert one.groups == ("site", "web")
    assert (one.spec.storage.driver, list(one.spec.users)) == ("vfs", ["role"])
    assert (one.connection.user, two.connection.user, one.connection.port) == ("h", "w", 3)
    found = one.origins[("subids", "count")]
    assert [one.file.removeprefix(f"{tmp_path}/") for one in (found.origin, *found.replaced)] == [
        "host_vars/web1.yml",
        "group_vars/web/one.yml",
        "group_vars/site.yaml",
        "group_vars/all.yml",
        "roles/mine/role.yml",
    ]


def test_roles_of_the_host_replace_those_of_its_groups(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "web: {hosts: {a: {podstead: {roles: [two]}}, b: , c: {podstead: {roles: []}}}, vars: {podstead: {roles: [one]}}}",
            "roles/one/role.yml": "users: {one: {}}",
            "roles/two/role.yml": "users: {two: {}}",
        },
    )
    assert [list(host.spec.users) for host in load([tmp_path])] == [["two"], ["one"], []]
    extra = load([tmp_path], extra_vars=["podstead={roles: [one, two]}"])
    assert [sorted(host.spec.users) for host in extra] == [["one", "two"]] * 3


def test_a_role_of_another_folder_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, {"shared/mine/role.yml": "users: {app: {}}"})
    (host,) = load(["a,"], roles_dirs=[tmp_path / "shared"], extra_vars=["podstead={roles: [mine]}"])
    assert list(host.spec.users) == ["app"]


def test_extra_variables_come_in_three_forms_and_the_last_wins(tmp_path: Path) -> None:
    write(tmp_path, {"more.yml": "podstead: {storage: {driver: vfs}}"})
    extra = [
        "ansible_port=23",
        '{"podstead": {"users": {"a": {"uid": 5}}}}',
        f"@{tmp_path}/more.yml",
        "podstead={storage: {driver: btrfs}}",
    ]
    (host,) = load(["a,"], extra_vars=extra)
    assert (host.connection.port, host.spec.users["a"].uid, host.spec.storage.driver) == (23, 5, "btrfs")
    assert failing("a,", extra_vars=["x", "subids.count=5", "@/nowhere.yml", "[1]"]) == [
        "-e #1: expected key=value, {key: value} or @file",
        "-e #2: subids.count: this is not a valid variable name; write -e 'podstead={subids: {count: 5}}'",
        "-e #4: expected key=value, {key: value} or @file",
        "/nowhere.yml: cannot be read: No such file or directory",
    ]


def test_a_key_is_named_as_it_stands_in_its_file_below_podstead_or_at_the_top_of_a_role(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "web:\n  hosts:\n    a:\n",
            "group_vars/web.yml": "podstead:\n  roles: [one, two]\n  users: []\n  storage: {driver: '{{ no }}'}\n",
            "roles/one/role.yml": "subids:\n  cuont: 5\nstorage:\n  driver: '{{ gone }}'\n",
            "roles/two/role.yml": "subids: [\n",
        },
    )
    said = [line.partition(" ") for line in failing(tmp_path, extra_vars=["podstead={session: 5}"])]
    assert [(place.removeprefix(f"{tmp_path}/"), text.partition(":")[0]) for place, _, text in said] == [
        ("-e", "#1"),
        ("group_vars/web.yml:3:", "podstead.users"),
        ("group_vars/web.yml:4:", "podstead.storage.driver"),
        ("roles/one/role.yml:2:", "subids.cuont"),
        ("roles/two/role.yml:1:", "is not YAML"),
    ]
    assert failing("a,", extra_vars=["podstead={session: 5}"])[0].startswith("-e #1: podstead.session: ")
    role = failing("a,", roles_dirs=[tmp_path / "roles"], extra_vars=["podstead={roles: [three]}"])
    assert role[0].startswith("-e #1: podstead.roles: there is no role 'three'")


def test_a_folder_of_roles_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert failing("a,", roles_dirs=[tmp_path / "nosuch", tmp_path / "file", tmp_path]) == [
        f"{tmp_path}/file: is not a folder of roles that can be read",
        f"{tmp_path}/nosuch: there is no such folder of roles",
    ]


def test_one_argument_may_hold_several_extra_variables_as_in_ansible() -> None:
    extra = [
        "ansible_port=23 ansible_user='deploy' ids=70000",
        "podstead={users: {alice: {}, bob: {uid: 5}}}",
    ]
    (host,) = load(["a,"], extra_vars=[*extra, "podstead={subids: {count: '{{ ids }}'}}"])
    assert (host.connection.port, host.connection.user, host.spec.subids.count) == (23, "deploy", 70000)
    assert set(host.spec.users) == {"alice", "bob"}


def test_connection_defaults_give_way_to_every_layer(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.yml": "all: {hosts: {a: {ansible_user: own}, b: }}"})
    hosts = load([tmp_path], connection_defaults=by_options(ansible_user="option", ansible_become="true"))
    assert [(host.connection.user, host.connection.become) for host in hosts] == [
        ("own", True),
        ("option", True),
    ]


def test_one_mistake_that_reaches_many_hosts_is_reported_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "web: {hosts: {'w[1:100]': }}",
            "group_vars/web.yml": "\npodstead: {users: {a: {lingr: true}}}",
        },
    )
    assert failing(tmp_path) == [
        f"{tmp_path}/group_vars/web.yml:2: podstead.users.a.lingr: unknown key (did you mean 'linger'?)"
    ]


def test_the_mistakes_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "web: {hosts: {a: {podstead: {subids: {count: x}}}, b: {ansible_port: x}}}",
            "group_vars/all.yml": "a: [",
            "group_vars/web.yml": "podstead: {user: {}}",
            "host_vars/b.yml": "podstead: {users: {no: {}}}",
        },
    )
    assert [problem.removeprefix(f"{tmp_path}/").split(": ")[0] for problem in failing(tmp_path)] == [
        "group_vars/all.yml:1",
        "group_vars/web.yml:1",
        "host_vars/b.yml:1",
        "hosts.yml:1",
        "hosts.yml:1",
    ]


def test_a_mistake_that_a_later_layer_hides_is_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "all: {hosts: {a: {podstead: {storage: {driver: vfs}}}}}",
            "group_vars/all.yml": "podstead: {storage: {driver: zfs}}",
        },
    )
    assert "found 'zfs'" in failing(tmp_path)[0]


def test_a_variable_of_ones_own_is_none_of_the_documents_affair(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"hosts.ini": "a my_variable=1 user=deploy\n", "group_vars/all.yml": "mode: 0644\nports: {80: no}"},
    )
    assert names(load([tmp_path])) == ["a"]


def test_variables_of_another_tool_with_names_of_keys_are_never_judged(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.ini": "a storage=fast\n[all:vars]\nengine=docker\n",
            "group_vars/all.yml": "users: [bob]\npackages: [vim]\nsysctls: 5\nsession: {linger: maybe, x: '{{ no }}'}\n",
            "host_vars/a.yml": "roles: [{role: web}]\nsubids: ~\npodstead: {users: {alice: {}}}\n",
        },
    )
    warnings: list[Problem] = []
    (host,) = load([tmp_path], extra_vars=["users=[eve]"], warnings=warnings)
    assert (list(host.spec.users), host.spec.roles, warnings) == (["alice"], ("rootless-podman",), [])


@pytest.mark.parametrize(
    ("document", "found"),
    [("[users]", "a list"), ("users", "'users'"), ("5", "the number 5"), ("'{{ mine }}'", "'{{ mine }}'")],
)
def test_a_document_that_is_no_mapping_is_a_mistake_with_its_place(
    tmp_path: Path, document: str, found: str
) -> None:
    expected = f"podstead: expected a mapping with the keys of a host document, found {found}"
    places = {
        "hosts.yml": f"web:\n  hosts:\n    a:\n      podstead: {document}\n    b:\n",
        "host_vars/b.yml": f"x: 1\npodstead: {document}\n",
        "group_vars/web.yml": f"podstead: {document}\n",
    }
    write(tmp_path, places)
    assert failing(tmp_path, extra_vars=[f"podstead={document}"]) == [
        f"{place}: {expected}"
        for place in (
            "-e #1",
            f"{tmp_path}/group_vars/web.yml:1",
            f"{tmp_path}/host_vars/b.yml:2",
            f"{tmp_path}/hosts.yml:4",
        )
    ]


def test_an_empty_document_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.yml": "web: {hosts: {a: {podstead: }, b: {podstead: {}}}, vars: {podstead: }}"})
    assert [host.spec.users for host in load([tmp_path])] == [{}, {}]


def test_the_document_in_an_ini_inventory_is_yaml_or_json(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.ini": "a podstead='{\"users\": {\"alice\": {}}}'\nb podstead='{users: {bob: {}}}'\n"
            "[all:vars]\npodstead={subids: {count: 70000}}\nusers={carl: {}}\n"
        },
    )
    hosts = load([tmp_path])
    assert [(list(host.spec.users), host.spec.subids.count) for host in hosts] == [
        (["alice"], 70000),
        (["bob"], 70000),
    ]


WRONG = {
    "a document of the wrong type": "podstead: [users]",
    "an unknown key": "podstead: {usres: {}}",
    "a wrong value": "podstead: {subids: {count: many}}",
    "a template of an undefined variable": "podstead: {subids: {count: '{{ nowhere }}'}}",
    "a role that does not exist": "podstead: {roles: [nosuch]}",
    "a wrong connection": "ansible_port: many",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=list(WRONG))
def test_a_group_that_no_chosen_host_is_in_may_be_wrong_in_any_way(tmp_path: Path, text: str) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": f"web: {{hosts: {{a: }}}}\ndb: {{hosts: {{b: }}, vars: {{{text}}}}}\nidle: {{vars: {{{text}}}}}",
            "group_vars/web.yml": "podstead: {users: {alice: {}}}",
            "group_vars/db.yml": text,
            "host_vars/b.yml": text,
        },
    )
    for chosen in ({"pattern": "web"}, {"limit": "a"}, {"pattern": "all:!db"}):
        (host,) = load([tmp_path], **chosen)  # type: ignore[arg-type]
        assert (host.name, list(host.spec.users)) == ("a", ["alice"])
    assert failing(tmp_path, pattern="db") != []


def test_group_vars_of_groups_of_hosts_that_were_not_chosen_are_not_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "hosts.yml": "web: {hosts: {a: }}\ndb: {hosts: {b: }}",
            "group_vars/db.yml": "podstead: [",
            "group_vars/nobody.yml": "podstead: [",
        },
    )
    (tmp_path / "group_vars/idle.yml").write_bytes(b"\xff")
    assert names(load([tmp_path], pattern="web")) == ["a"]
    assert [problem.partition(": ")[0] for problem in failing(tmp_path)] == [
        f"{tmp_path}/group_vars/db.yml:1"
    ]


def test_a_slip_in_a_key_is_a_mistake_in_the_document_and_a_variable_beside_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"hosts.ini": "a\n", "group_vars/all.yml": "user: {alice: {}}\nsysctl: [x]\nsubid: {count: x}"},
    )
    warnings: list[Problem] = []
    (host,) = load([tmp_path], warnings=warnings)
    assert (host.spec.users, warnings) == ({}, [])
    write(tmp_path, {"group_vars/all.yml": "x: 1\npodstead:\n  user: {alice: {}}\n  http_port: 5\n"})
    assert failing(tmp_path) == [
        f"{tmp_path}/group_vars/all.yml:3: podstead.user: unknown key (did you mean 'users'?)",
        f"{tmp_path}/group_vars/all.yml:4: podstead.http_port: unknown key; known keys: {', '.join(HostSpec.model_fields)}",
    ]


def test_groups_of_one_depth_that_disagree_about_the_document_are_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "h.yml": "a: {hosts: {x: }, vars: {podstead: {subids: {count: 1}}}}\nb: {hosts: {x: }, vars: {podstead: {subids: {count: 2}}}}"
        },
    )
    (problem,) = failing(tmp_path)
    assert (
        f"{tmp_path}/h.yml:2: podstead.subids.count: is the number 2 here and the number 1 in {tmp_path}/h.yml:1"
        in problem
    )


def test_a_greater_priority_decides_between_groups_of_one_depth(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "h.yml": "a: {hosts: {x: }, vars: {ansible_group_priority: 2, podstead: {subids: {count: 70000}}, ansible_port: 1}}\n"
            "b: {hosts: {x: }, vars: {podstead: {subids: {count: 80000}}, ansible_port: 2}}"
        },
    )
    (host,) = load([tmp_path])
    assert (host.spec.subids.count, host.connection.port) == (70000, 1)


def test_a_resolved_host_does_not_show_passwords() -> None:
    hosts = load(
        ["a,"],
        extra_vars=["ansible_password=hunter2"],
        connection_defaults=by_options(ansible_become_pass="hunter2"),
    )
    assert hosts[0].connection.become_password is not None
    assert "hunter2" not in repr(hosts)
    assert "hunter2" not in repr(hosts[0].tree)


def test_a_missing_inventory_is_reported(tmp_path: Path) -> None:
    assert failing(tmp_path / "x") == [
        f"{tmp_path}/x: there is no such inventory file or folder; for a list of hosts write 'host1,' with a comma"
    ]


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_inventory_is_not_the_current_folder(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a variable holds that was never set: files here would be inventories, and programs would be run."""
    write(tmp_path, {"hosts.yml": "all: {hosts: {web1: }}\n"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="-i: names no inventory: it is empty"):
        load([source])


def test_an_inventory_without_hosts_is_reported(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.yml": "all:\n"})
    assert failing(tmp_path / "hosts.yml") == [f"{tmp_path}/hosts.yml: names no host"]
    assert failing(",") == [",: names no host"]


def test_no_inventory_at_all_is_reported_with_a_hint() -> None:
    with pytest.raises(InputError) as caught:
        load([])
    assert "@local" in caught.value.hint


def test_a_folder_without_inventory_files_is_reported(tmp_path: Path) -> None:
    write(tmp_path, {"group_vars/all.yml": "{}", "notes.md": "x", "README": "x"})
    assert "contains no inventory file" in failing(tmp_path)[0]


def test_an_inventory_script_that_may_not_be_executed_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, {"hosts": f"#!/bin/sh\ntouch {tmp_path}/ran\n"})
    assert "chmod +x" in failing(tmp_path / "hosts")[0]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text", ["[web]\na\n", "a ansible_port=22\n", "web:\n  hosts:\n    a:\n", "---\nweb: {hosts: {a: }}\n"]
)
def test_a_file_without_suffix_is_told_by_its_text(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"hosts": text})
    assert names(load([tmp_path / "hosts"])) == ["a"]


def test_several_sources_add_up_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, {"one/hosts.yml": "web: {hosts: {z: }}", "two/hosts.ini": "[web]\na\nz\n"})
    assert names(load([tmp_path / "one", tmp_path / "two"], pattern="web")) == ["z", "a"]


def test_pattern_and_limit_choose_hosts(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.yml": "web: {hosts: {'w[1:4]': }}\ndb: {hosts: {d1: }}"})
    assert names(load([tmp_path], pattern="web", limit="w1:w3:d1")) == ["w1", "w3"]
    assert failing(tmp_path, pattern="web", limit="db") == ["--limit: no host matches both 'web' and 'db'"]
    assert failing(tmp_path, pattern="wbe") == [
        f"pattern: there is no host or group named 'wbe' in {tmp_path} (did you mean 'web'?)"
    ]


def test_hosts_in_no_group_are_ungrouped(tmp_path: Path) -> None:
    write(
        tmp_path, {"hosts.ini": "a\nb\n[web]\nb\n", "group_vars/ungrouped.yml": "podstead: {users: {u: {}}}"}
    )
    assert names(load([tmp_path], pattern="ungrouped")) == ["a"]
    assert [(host.groups, list(host.spec.users)) for host in load([tmp_path])] == [
        (("ungrouped",), ["u"]),
        (("web",), []),
    ]


def test_the_vars_of_hosts_that_were_not_chosen_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.ini": "a\nb\n", "host_vars/b.yml": "no: ["})
    assert names(load([tmp_path], pattern="a")) == ["a"]


def test_hosts_with_the_same_layers_share_one_spec() -> None:
    one, two = load(["a,b,"])
    assert one.spec is two.spec


@pytest.mark.parametrize("name", ["local", "fleet", "ci"])
def test_the_example_inventories_are_valid(name: str) -> None:
    hosts = load([ROOT / "inventories" / name])
    assert all(host.spec.users for host in hosts)


def test_the_inventory_lists_its_groups() -> None:
    inventory = read_inventory([ROOT / "inventories" / "fleet"])
    assert {"canary", "web"} < set(inventory.groups)
    assert set(inventory.members("canary")) == {"web1.example.com"}
