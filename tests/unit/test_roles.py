from pathlib import Path

from podstead.errors import Problem
from podstead.layers import merge
from podstead.nodes import Node, Origin, plain
from podstead.roles import Shelf, builtin_roles
from podstead.validate import validate


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "role.yml").write_text(text, encoding="utf-8")


def load(names: list[str], *folders: Path) -> tuple[Node, list[str], list[str]]:
    problems: list[Problem] = []
    wanted = [Node(name, Origin("hosts.yml", 7)) for name in names]
    layers = Shelf(folders).layers(wanted, problems)
    tree = merge(layers, problems)
    return tree, [layer.name for layer in layers], sorted(map(str, set(problems)))


def test_the_built_in_roles_are_found_and_valid() -> None:
    shelf = Shelf([builtin_roles()])
    assert "rootless-podman" in shelf.known()
    for name in shelf.known():
        tree, _, problems = load([name], builtin_roles())
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
        "hosts.yml:7: roles: there is no role 'rotless' (did you mean 'rootless'?); known roles: base, rootless"
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
        "two/role.yml:1: a role is a ma",
    ]
