import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from podstead.cli.main import cli
from podstead.document.layers import merge
from podstead.document.roles import RoleLibrary
from podstead.document.validate import validate
from podstead.document.values import Node, Origin, plain
from podstead.errors import Problem


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "role.yml").write_text(text, encoding="utf-8")


def load(names: list[str], *folders: Path) -> tuple[Node, list[str], list[str]]:
    problems: list[Problem] = []
    wanted = [Node(name, Origin("hosts.yml", 7)) for name in names]
    layers = RoleLibrary(folders).layers(wanted, problems)
    tree = merge(layers, problems)
    return tree, [layer.name for layer in layers], sorted(map(str, set(problems)))


def test_the_built_in_roles_are_found_and_valid() -> None:
    shelf = RoleLibrary([])
    assert "rootless-podman" in shelf.known()
    for name in shelf.known():
        tree, _, problems = load([name])
        assert problems == []
        assert validate(tree)[1] == []


def test_a_folder_named_first_wins(tmp_path: Path) -> None:
    write(tmp_path / "one", "base", "a: 1")
    write(tmp_path / "two", "base", "a: 2")
    assert plain(load(["base"], tmp_path / "one", tmp_path / "two")[0]) == {"a": 1}


def test_a_role_comes_after_those_that_it_needs_and_may_replace_them(tmp_path: Path) -> None:
    write(tmp_path, "base", "a: 1\nb: 1")
    write(tmp_path, "middle", "roles: [base]\nc: 1")
    write(tmp_path, "top", "roles: [middle]\na: 2")
    tree, names, problems = load(["top", "base"], tmp_path)
    assert names == ["base", "middle", "top"]
    assert plain(tree) == {"a": 2, "b": 1, "c": 1}
    assert problems == []


def test_roles_that_do_not_need_each_other_must_agree(tmp_path: Path) -> None:
    write(tmp_path, "one", "a: 1")
    write(tmp_path, "two", "a: 2")
    for names in (["one", "two"], ["two", "one"]):
        _, _, problems = load(names, tmp_path)
        assert len(problems) == 1
        assert "one/role.yml:1" in problems[0]
        assert "two/role.yml:1" in problems[0]


def test_a_circle_of_roles_is_named(tmp_path: Path) -> None:
    write(tmp_path, "one", "roles: [two]")
    write(tmp_path, "two", "\nroles: [one]")
    assert load(["one"], tmp_path)[2] == [
        f"{tmp_path}/two/role.yml:2: roles: roles need each other: one > two > one"
    ]


def test_a_missing_role_is_reported_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path, "rootless", "{}")
    write(tmp_path, "base", "{}")
    assert load(["rotless"], tmp_path)[2] == [
        "hosts.yml:7: roles: there is no role 'rotless' (did you mean 'rootless'?); known roles: "
        + ", ".join(sorted(["base", "rootless", *RoleLibrary([]).known()]))
    ]


def test_an_ansible_role_with_tasks_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "old" / "tasks").mkdir(parents=True)
    assert "tasks are not run" in load(["old"], tmp_path)[2][0]


def test_a_role_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "outside", "a: 1")
    (tmp_path / "roles").mkdir()
    tree, names, _ = load(["../outside"], tmp_path / "roles")
    assert (plain(tree), names) == ({}, [])


def test_mistakes_in_a_role_are_reported(tmp_path: Path) -> None:
    write(tmp_path, "one", "roles: base\nansible_user: x")
    write(tmp_path, "two", "- a")
    write(tmp_path, "three", "a: [")
    problems = load(["one", "two", "three"], tmp_path)[2]
    assert [problem.removeprefix(f"{tmp_path}/")[:30] for problem in problems] == [
        "one/role.yml:1: roles: expecte",
        "one/role.yml:2: ansible_user: ",
        "three/role.yml:1: is not YAML:",
        "two/role.yml:1: a role must be",
    ]


def test_a_site_role_stands_in_for_a_built_in_one_only_when_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, "rootless-podman", "a: 1")
    (problem,) = load(["rootless-podman"], tmp_path)[2]
    assert problem.startswith(f"{tmp_path}/rootless-podman/role.yml: has the name of the built-in role")
    assert "set `override: true` in it" in problem
    (tmp_path / "rootless-podman/role.yml").write_text("override: true\na: 1")
    tree, _, problems = load(["rootless-podman"], tmp_path)
    assert (plain(tree), problems) == ({"a": 1}, [])


def test_a_role_in_a_folder_that_was_named_needs_no_override(tmp_path: Path) -> None:
    write(tmp_path, "rootless-podman", "a: 1")
    problems: list[Problem] = []
    wanted = [Node("rootless-podman", Origin("hosts.yml", 7))]
    assert plain(merge(RoleLibrary([], chosen=[tmp_path]).layers(wanted, problems), problems)) == {"a": 1}
    assert problems == []


def test_a_role_can_be_asked_for_by_path_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    write(tmp_path / "shared", "rootless-podman", "roles: [../base]\na: 1")
    write(tmp_path / "shared", "base", "a: 0\nb: 2")
    problems: list[Problem] = []
    asked = Node("../shared/rootless-podman", Origin(f"{tmp_path}/group_vars/all.yml", 1))
    assert plain(merge(RoleLibrary([]).layers([asked], problems), problems)) == {"a": 1, "b": 2}
    assert problems == []


def test_the_tags_of_roles_add_up(tmp_path: Path) -> None:
    write(tmp_path, "one", "tags: {net: [sysctls], all-ids: ['subids:alice:subuid', accounts]}")
    write(tmp_path, "two", "roles: [one]\ntags: {net: [engine, sysctls]}")
    shelf = RoleLibrary([tmp_path])
    problems: list[Problem] = []
    layers = shelf.layers([Node("two", Origin("f", 1))], problems)
    assert problems == []
    assert shelf.tags(layers) == {
        "net": ("sysctls", "engine"),
        "all-ids": ("subids:alice:subuid", "accounts"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "tags: [net]",
            "role.yml:1: tags: expected a mapping from each tag to a list of parts, found a list",
        ),
        ("tags: {net: []}", "tags.net: expected a list of parts"),
        ("tags: {net: [sysctl]}", "found 'sysctl' (did you mean 'sysctls'?)"),
        ("tags: {sysctls: [engine]}", "tags.sysctls: is already a part"),
        ("override: 1", "override: expected true or false, found the number 1"),
    ],
)
def test_a_mistake_in_the_own_keys_of_a_role_is_said(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "one", text)
    (problem,) = load(["one"], tmp_path)[2]
    assert message in problem


def test_the_verb_lists_roles_with_their_keys(tmp_path: Path) -> None:
    write(
        tmp_path / "roles", "site", "roles: [rootless-podman]\nsubids: {count: 70000}\ntags: {ids: [subids]}"
    )
    (tmp_path / "roles/site/README.md").write_text("# site\n\nFor our own hosts. More here.\n")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {a: }}")
    words = ["roles", "-i", f"{tmp_path}/hosts.yml"]
    text = CliRunner().invoke(cli, words).stdout
    assert "rootless-podman  (built in)" in text
    own = text[text.index("site  (") :]
    assert own.splitlines() == [
        f"site  ({tmp_path}/roles/site/role.yml)",
        "  For our own hosts.",
        "  needs rootless-podman",
        "  subids.count: 70000",
        "  tag ids: subids",
    ]
    found = {
        one["name"]: one
        for one in json.loads(CliRunner().invoke(cli, [*words, "-o", "json"]).stdout)["roles"]
    }
    assert found["site"]["keys"] == {"subids.count": 70000}
    assert found["site"]["tags"] == {"ids": ["subids"]}
    assert found["fleet-node"]["built_in"] is True
    assert set(found) == {"site", *RoleLibrary([]).known()}
    refused = CliRunner().invoke(cli, ["roles", "rotless-podman"], standalone_mode=False)
    assert "did you mean 'rootless-podman'?" in str(refused.exception)
