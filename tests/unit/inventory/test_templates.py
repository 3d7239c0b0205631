"""Jinja2 in values: lazily, in a sandbox, with a place for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.document.values import Node, Origin, plain
from podstead.document.yaml_document import parse
from podstead.errors import InputError, Problem
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.templates import Rendering
from podstead.inventory.vault import Vault


def project(folder: Path, **files: str) -> Path:
    """``group_vars__all="..."`` writes group_vars/all.yml."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "hosts.yml"


def one(folder: Path, **files: str) -> ResolvedHost:
    (host,) = load([project(folder, hosts="web: {hosts: {web1.example.com: }}", **files)])
    return host


def failing(folder: Path, **files: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load([project(folder, **{"hosts": "web: {hosts: {web1.example.com: }}", **files})])
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_values_are_rendered_from_variables_and_special_names(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        group_vars__all='ansible_host: "{{ inventory_hostname_short }}.internal"\n'
        'ansible_port: "{{ base_port + 22 }}"\nbase_port: 2200\n'
        "podstead:\n"
        '  engine: {containers: {env: ["HOST={{ inventory_hostname }}", "GROUPS={{ group_names | join(\',\') }}"]}}\n'
        "  users: {alice: {linger: \"{{ inventory_hostname in groups['web'] }}\"}}\n",
        group_vars__web='podstead: {subids: {count: "{{ ids | default(65536) * 2 }}"}}',
    )
    assert (host.connection.address, host.connection.port) == ("web1.internal", 2222)
    assert host.spec.engine["containers"]["env"] == ["HOST=web1.example.com", "GROUPS=web"]
    assert host.spec.users["alice"].linger is True
    assert host.spec.subids.count == 131072


def test_a_whole_expression_keeps_its_type_and_other_text_is_text(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        group_vars__all='n: 5\nl: [cpu, "{{ \'io\' }}"]\npodstead:\n  session: {delegate: "{{ l }}"}\n'
        '  engine: {containers: {a: "{{ n }}", b: "x{{ n }}", c: " {{ [n, n] }} ", d: "{% if n > 4 %}big{% endif %}", e: "{{ n > 4 }}"}}\n',
    )
    assert host.spec.engine["containers"] == {"a": 5, "b": "x5", "c": [5, 5], "d": "big", "e": True}
    assert host.spec.session.delegate == ("cpu", "io")


def test_only_what_is_needed_is_rendered_and_neighbours_may_refer_to_each_other(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        group_vars__all='broken: "{{ nowhere }}"\nalso: "{{ 1 / 0 }}"\n'
        'app: {name: shop, dir: "/srv/{{ app.name }}"}\npodstead: {engine: {containers: {tz: "{{ app.dir }}"}}}\n',
    )
    assert host.spec.engine["containers"]["tz"] == "/srv/shop"


def test_the_document_itself_can_be_referred_to_and_every_host_has_its_own(tmp_path: Path) -> None:
    hosts = load(
        [
            project(
                tmp_path,
                hosts="all: {hosts: {a: {n: 1}, b: {n: 2}}}",
                group_vars__all='podstead:\n  subids: {count: "{{ 65536 * n }}"}\n'
                '  engine: {containers: {label: ["{{ podstead.subids.count }}"]}}',
            )
        ]
    )
    assert [(one.spec.subids.count, one.spec.engine["containers"]["label"]) for one in hosts] == [
        (65536, [65536]),
        (131072, [131072]),
    ]


def test_a_role_may_hold_templates_and_extra_variables_win(tmp_path: Path) -> None:
    source = project(
        tmp_path,
        hosts="all: {hosts: {a: {ids: 70000}}}",
        group_vars__all="podstead: {roles: [site]}",
        roles__site__role='subids: {count: "{{ ids }}"}',
    )
    assert load([source])[0].spec.subids.count == 70000
    assert load([source], extra_vars=["ids=80000"])[0].spec.subids.count == 80000
    assert (
        load([source], extra_vars=['{"podstead": {"subids": {"count": "{{ ids + 1 }}"}}}'])[
            0
        ].spec.subids.count
        == 70001
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{ nowhere }}", "the template needs 'nowhere', which is not defined for this host"),
        ("{{ nowhere + 1 }}", "the template needs 'nowhere'"),
        ("{{ ansible_distribution }}", "podstead renders templates before it connects and gathers no facts"),
        ("{{ app.nowhere }}", "uses a variable that is not defined"),
        ("{{ app['x'] }}", "uses a variable that is not defined"),
        ("{{ 1 / 0 }}", "the template fails: division by zero"),
        ("{{ 'a' + 1 }}", "the template fails"),
        ("{{ x", "is not Jinja2"),
        ("{% if %}", "is not Jinja2"),
        ("{{ 1 | to_nice_yaml }}", "there is no filter 'to_nice_yaml': podstead has only Jinja2's"),
        ("{{ 1 is ansible.builtin.changed }}", "there is no test 'ansible.builtin.changed'"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ [].append.__globals__ }}", "access to attribute 'append' of 'list' object is unsafe"),
        ("{{ app.update({'x': 1}) }}", "the template"),
        ("{{ 10 ** 10 ** 10 }}", "a power of more than"),
        ("{{ 'a' * 100000000 }}", "a string or list of more than"),
        ("{{ range(1000000000) | list }}", "the template fails"),
        ("{% include '/etc/passwd' %}", "the template fails"),
        ("{% for x in range(3) %}", "is not Jinja2"),
        ("{{ lookup('pipe', 'id') }}", "the lookup 'pipe' is not supported"),
        ("{{ itself }}", "the template refers to itself: itself > itself"),
        ("{{ one }}", "the template refers to itself: one > two > one"),
        ("{{ deep.a }}", "the template refers to itself: deep.a > deep.b > deep.a"),
    ],
)
def test_a_template_that_fails_is_a_mistake_with_its_place(tmp_path: Path, value: str, message: str) -> None:
    text = (
        "app: {name: x}\nitself: '{{ itself }}'\none: '{{ two }}'\ntwo: '{{ one }}'\n"
        "deep: {a: '{{ deep.b }}', b: '{{ deep.a }}'}\n"
        f"podstead: {{engine: {{containers: {{tz: {value!r}}}}}}}\n"
    )
    (problem,) = failing(tmp_path, group_vars__all=text)
    assert problem.startswith("group_vars/all.yml:")
    assert ": podstead.engine.containers.tz: " in problem
    assert message in problem


def test_a_mistake_inside_another_variable_names_where_that_was_written(tmp_path: Path) -> None:
    (problem,) = failing(
        tmp_path,
        group_vars__all='podstead: {engine: {containers: {tz: "{{ a }}"}}}',
        group_vars__web='\n\na: "{{ b }}"',
    )
    assert problem.startswith("group_vars/web.yml:3: podstead.engine.containers.tz: the template needs 'b'")


def test_a_mistake_that_reaches_a_thousand_hosts_is_said_once(tmp_path: Path) -> None:
    assert failing(
        tmp_path,
        hosts="all: {hosts: {'h[1:1000]': }}",
        group_vars__all='podstead: {subids: {count: "{{ n }}"}}',
    ) == [
        "group_vars/all.yml:1: podstead.subids.count: the template needs 'n', which is not defined for this host"
    ]


def test_what_a_template_makes_is_validated(tmp_path: Path) -> None:
    (problem,) = failing(tmp_path, group_vars__all="podstead: {subids: {count: \"{{ 'many' }}\"}}")
    assert problem == "group_vars/all.yml:1: podstead.subids.count: expected a whole number, found 'many'"


def test_what_is_unsafe_or_comes_out_of_a_template_is_not_rendered_again(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        group_vars__all="t: !unsafe '{{ nowhere }}'\npodstead: {engine: {containers: {tz: '{{ t }}', env: ['{{ \"{\" ~ \"{ x }}\" }}']}}}",
    )
    assert host.spec.engine["containers"] == {"tz": "{{ nowhere }}", "env": ["{{ x }}"]}


def test_roles_are_no_templates(tmp_path: Path) -> None:
    assert failing(tmp_path, group_vars__all="podstead: {roles: ['{{ x }}']}\nx: rootless-podman") == [
        "group_vars/all.yml:1: podstead.roles: templates are not rendered in roles, because roles decide which variables exist"
    ]


names = st.sampled_from(["a", "b", "c", "d"])
values = st.one_of(
    st.integers(),
    st.text("ab{}%# ", max_size=8),
    names.map(lambda name: "{{ " + name + " }}"),
    st.tuples(names, names).map(lambda two: f"{{{{ {two[0]} ~ {two[1]} }}}}"),
)


@given(st.dictionaries(names, values))
def test_rendering_ends_in_a_value_or_a_problem_and_never_in_anything_else(
    variables: dict[str, object],
) -> None:
    origin = Origin("f", 1)
    nodes = {key: Node(value, origin) for key, value in variables.items()}  # type: ignore[arg-type]
    problems: list[Problem] = []
    rendered = Rendering(nodes, {}, Vault()).render(Node(dict(nodes), origin), problems)
    for key, value in variables.items():
        circle = any(problem.key == key for problem in problems)
        assert circle or not isinstance(value, int) or plain(rendered)[key] == value


def test_a_tree_without_templates_is_given_back_as_it_is() -> None:
    problems: list[Problem] = []
    tree = parse("a: [1, {b: x}]", "f")
    assert plain(Rendering({}, {}, Vault()).render(tree, problems)) == plain(tree)
