"""Properties of layers and readers that must hold for any input."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podstead.document.layers import Layer, Rank, Stage, merge, origins, overlay
from podstead.document.validate import validate
from podstead.document.values import Node, Origin, plain
from podstead.document.yaml_document import parse
from podstead.errors import InputError, Problem
from podstead.inventory.groups import Inventory
from podstead.inventory.ini_inventory import add as add_ini
from podstead.inventory.patterns import select
from podstead.inventory.yaml_inventory import add as add_yaml
from tests.support.examples import examples

KEYS = ("users", "sysctls", "session", "a", "b")
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"])
NEEDS = st.fixed_dictionaries({}, optional={"at_least": st.integers(0, 3), "at_most": st.integers(0, 3)})


def mapping(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)


# As in the host document: a path holds either mappings or values, never both.
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "users": mapping(mapping(SCALARS)),
        "sysctls": mapping(NEEDS),
        "session": mapping(SCALARS | st.lists(SCALARS, max_size=2)),
        "roles": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    },
)


def node(value: Any, file: str, line: int = 1) -> Node:
    origin = Origin(file, line)
    if isinstance(value, dict):
        return Node({key: node(child, file, line + 1) for key, child in value.items()}, origin)
    if isinstance(value, list):
        return Node(tuple(node(child, file, line + 1) for child in value), origin)
    return Node(value, origin)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(value, dict) or not value:
        return {path: value} if path else {}
    return {key: leaf for name, child in value.items() for key, leaf in leaves(child, (*path, name)).items()}


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_merging_is_associative_in_the_order_of_ranks(one: Any, two: Any, three: Any) -> None:
    first, second, third = node(one, "one"), node(two, "two"), node(three, "three")
    left, right = overlay(overlay(first, second), third), overlay(first, overlay(second, third))
    assert plain(left) == plain(right)
    assert origins(left) == origins(right)


@given(DOCUMENTS, DOCUMENTS)
def test_a_later_rank_wins(one: Any, two: Any) -> None:
    problems: list[Problem] = []
    layers = [
        Layer(name="late", rank=Rank(Stage.HOST), tree=node(two, "late")),
        Layer(name="early", rank=Rank(Stage.ALL), tree=node(one, "early")),
    ]
    tree = merge(layers, problems)
    assert problems == []
    merged = leaves(plain(tree))
    for path, value in leaves(two).items():
        # An empty mapping adds nothing to one that is there.
        if value != {} or (path[0] == "sysctls" and len(path) == 2):
            assert merged[path] == value
            assert origins(tree)[path].origin.file == "late"


@given(st.lists(st.tuples(DOCUMENTS, st.sampled_from(list(Stage))), max_size=5))
def test_every_leaf_of_a_merged_tree_has_an_origin(documents: list[tuple[Any, Stage]]) -> None:
    layers = [
        Layer(name=str(number), rank=Rank(stage), tree=node(document, str(number)))
        for number, (document, stage) in enumerate(documents)
    ]
    tree = merge(layers, [])
    found = origins(tree)
    for path, value in leaves(plain(tree)).items():
        origin = found[path].origin
        claimed: Any = documents[int(origin.file)][0]
        for key in path:
            claimed = claimed[key]
        assert claimed == value


@given(DOCUMENTS, DOCUMENTS)
def test_layers_of_one_rank_agree_or_are_reported_whatever_their_order(one: Any, two: Any) -> None:
    layers = [
        Layer(name=name, rank=Rank(Stage.GROUPS), tree=node(tree, name))
        for name, tree in (("1", one), ("2", two))
    ]
    forth: list[Problem] = []
    back: list[Problem] = []
    there, again = merge(layers, forth), merge(layers[::-1], back)
    assert {problem.key for problem in forth} == {problem.key for problem in back}
    if not forth:
        assert plain(there) == plain(again)


TEXTS = st.text(max_size=60) | st.text(alphabet="ab:- \n\t[]{}&*!|>'\"#%,?<=~0.1\ud800", max_size=40)


@given(TEXTS)
@examples(300)
def test_reading_yaml_raises_nothing_but_input_errors(text: str) -> None:
    try:
        tree = parse(text, "f")
    except InputError:
        return
    inventory = Inventory()
    add_yaml(inventory, tree)
    inventory.depths()
    validate(tree)
    validate(tree, fragment=True)


@given(TEXTS)
@examples(300)
def test_reading_an_ini_inventory_raises_nothing(text: str) -> None:
    inventory = Inventory()
    add_ini(inventory, text, "f")
    inventory.memberships()


@given(st.text(alphabet="web12[]:,&!~*?()@-\\ ", max_size=12))
@examples(300)
def test_any_pattern_names_hosts_or_is_refused(pattern: str) -> None:
    inventory = Inventory()
    add_yaml(inventory, parse("web: {hosts: {web1: , web2: }}", "f"))
    with suppress(InputError):
        assert set(select(inventory, pattern)) <= {"web1", "web2"}
