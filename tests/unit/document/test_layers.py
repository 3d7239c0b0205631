import pytest

from podstead.document.layers import Layer, Rank, Stage, merge, origins
from podstead.document.validate import known_keys, validate
from podstead.document.values import Node, Origin, plain
from podstead.document.yaml_document import parse
from podstead.errors import Problem


def layer(
    text: str, stage: Stage, name: str = "x", depth: int = 0, over: frozenset[str] = frozenset()
) -> Layer:
    return Layer(name=name, rank=Rank(stage, depth), tree=parse(text, name), over=over)


def merged(*layers: Layer) -> Node:
    problems: list[Problem] = []
    tree = merge(layers, problems)
    assert problems == []
    return tree


def wrong(text: str, *, fragment: bool = False) -> list[str]:
    return sorted(map(str, validate(parse(text, "f"), fragment=fragment)[1]))


def test_mappings_merge_by_key_and_everything_else_is_replaced() -> None:
    tree = merged(
        layer("{users: {a: {uid: 1}}, session: {delegate: [cpu, io]}}", Stage.ROLES),
        layer("{users: {a: {linger: true}, b: {}}, session: {delegate: [memory]}}", Stage.HOST),
    )
    assert plain(tree) == {
        "users": {"a": {"uid": 1, "linger": True}, "b": {}},
        "session": {"delegate": ["memory"]},
    }


def test_the_need_of_a_sysctl_is_one_value() -> None:
    tree = merged(
        layer("sysctls: {net.x: {at_least: 5}}", Stage.ROLES),
        layer("sysctls: {net.x: {at_most: 80}}", Stage.ALL),
    )
    assert plain(tree) == {"sysctls": {"net.x": {"at_most": 80}}}


def test_layers_are_ranked_whatever_their_order() -> None:
    stages = [Stage.EXTRA, Stage.ROLES, Stage.HOST, Stage.DEFAULTS, Stage.GROUPS, Stage.ALL]
    tree = merged(*(layer(f"a: {stage.name}", stage, stage.name) for stage in stages))
    found = origins(tree)[("a",)]
    assert plain(tree) == {"a": "EXTRA"}
    assert [origin.file for origin in found.replaced] == ["HOST", "GROUPS", "ALL", "ROLES", "DEFAULTS"]


def test_a_child_group_replaces_its_parent() -> None:
    tree = merged(layer("a: child", Stage.GROUPS, depth=2), layer("a: parent", Stage.GROUPS, depth=1))
    assert plain(tree) == {"a": "child"}


def test_layers_of_one_rank_that_disagree_are_a_problem_that_names_both() -> None:
    problems: list[Problem] = []
    merge(
        [layer("a: {b: 1}", Stage.GROUPS, "one"), layer("x: 1\na: {b: true}", Stage.GROUPS, "two")], problems
    )
    (problem,) = problems
    assert (problem.where, problem.key) == ("two:2", "a.b")
    assert problem.message.startswith("is true here and the number 1 in one:1, which has the same rank")


def test_layers_of_one_rank_may_say_the_same() -> None:
    one, two = (
        layer("a: {b: [1, {c: 2}]}", Stage.GROUPS, "one"),
        layer("a: {b: [1, {c: 2}]}", Stage.GROUPS, "two"),
    )
    assert plain(merged(one, two)) == {"a": {"b": [1, {"c": 2}]}}


def test_one_sysctl_needed_in_two_ways_by_one_rank_is_a_problem() -> None:
    problems: list[Problem] = []
    first = layer("sysctls: {net.x: {at_least: 1}}", Stage.GROUPS, "one")
    merge([first, layer("sysctls: {net.x: {at_most: 9}}", Stage.GROUPS, "two")], problems)
    assert [problem.key for problem in problems] == ["sysctls.net.x"]


def test_a_layer_may_replace_those_of_its_rank_that_it_stands_on() -> None:
    base, other = layer("a: 1", Stage.ROLES, "base"), layer("b: 1", Stage.ROLES, "other")
    tree = merged(base, layer("a: 2", Stage.ROLES, "top", over=frozenset({"base"})), other)
    assert plain(tree) == {"a": 2, "b": 1}
    assert origins(tree)[("a",)].replaced == (Origin("base", 1),)


def test_merging_does_not_change_its_layers() -> None:
    lower = layer("users: {a: {}}", Stage.ROLES)
    merged(lower, layer("users: {b: {}}", Stage.HOST))
    assert plain(lower.tree) == {"users": {"a": {}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("users:\n  alice:\n    linger: maybe", "f:3: users.alice.linger: expected true or false, found 'maybe'"),
        ("users: {alice: {crate: true}}", "f:1: users.alice.crate: unknown key (did you mean 'create'?)"),
        ("packges: {}", "f:1: packges: unknown key (did you mean 'packages'?)"),
        ("users: {a: {subuid: {end: 3}}}", "f:1: users.a.subuid.end: unknown key; known keys: start, count"),
        ("users: {a: {subuid: {count: 3}}}", "f:1: users.a.subuid.start: is missing"),
        ("users: {bob: }", "f:1: users.bob: expected a mapping (key: value), found nothing; write {} to use the defaults"),
        ("users: {a: {shell: no}}", "f:1: users.a.shell: expected a string, found false; quote it"),
        ("users: {a: {shell: bash}}", "f:1: users.a.shell: 'bash' is not an absolute path such as /bin/bash"),
        ("users: {root: {}}", "f:1: users.root: root's Podman is not rootless; name an ordinary user"),
        ("subids: {count: 0}", "f:1: subids.count: must be at least 1, found the number 0"),
        ("subids: {window: [1]}", "f:1: subids.window: has too few values"),
        ("subids: {window: [1, 2, 3]}", "f:1: subids.window: expected 2 values, found 3"),
        ("subids: {window: [9, 1]}", "f:1: subids: window ends (1) before it starts (9)"),
        ("storage: {driver: overlay2}", "f:1: storage.driver: expected overlay, vfs or btrfs, found 'overlay2' (did you mean 'overlay'?)"),
        ("session:\n  delegate:\n    - cpu\n    - mem", "f:4: session.delegate.1: expected cpu, cpuset, io, memory or pids, found 'mem' (did you mean 'memory'?)"),
        ("sysctls: {foo: 1}", "f:1: sysctls.foo: not a kernel setting such as net.ipv4.ip_forward"),
        ("sysctls: {net.x: {at_lest: 1}}", "f:1: sysctls.net.x.at_lest: unknown key (did you mean 'at_least'?)"),
        ("sysctls: {net.x: {exact: no}}", "f:1: sysctls.net.x.exact: expected a number or a string, found false; quote it"),
        ("sysctls: {net.x: {at_least: 1, at_most: 2}}", "f:1: sysctls.net.x: give exactly one of at_least, at_most, covers, exact"),
        ("packages: {podman: {version: 4.3}}", "f:1: packages.podman.version: expected a string, found the number 4.3; quote it"),
        ("roles: base", "f:1: roles: expected a list, found 'base'"),
        ("[1]", "f:1: expected a mapping (key: value), found a list"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_key(text: str, expected: str) -> None:
    assert expected in wrong(text)


def test_no_message_speaks_of_pydantic() -> None:
    text = "{users: {a: 1, b c: {}}, subids: 5, engine: {x: 1}, sysctls: {net.x: [], net.y: yes}, roles: [1], zzz: 1}"
    assert not any(
        word in line for line in wrong(text) for word in ("http", "Input", "validation", "_type", "dict")
    )
    assert len(wrong(text)) == 8


def test_a_fragment_may_lack_what_another_layer_supplies() -> None:
    text = "users: {a: {subuid: {count: 3}, linger: maybe}}"
    assert wrong(text, fragment=True) == ["f:1: users.a.linger: expected true or false, found 'maybe'"]


def test_a_good_document_becomes_a_spec() -> None:
    spec, problems = validate(parse("{users: {alice: {}}, sysctls: {net.x: 1}}", "f"))
    assert problems == []
    assert spec is not None
    assert spec.sysctls["net.x"].exact == 1


def test_known_keys_follow_the_schema() -> None:
    assert "users" in known_keys(())
    assert "linger" in known_keys(("users", "alice"))
    assert known_keys(("users", "alice", "subuid")) == ("start", "count")
    assert "at_least" in known_keys(("sysctls", "net.x"))
    assert known_keys(("engine", "containers")) == ()
