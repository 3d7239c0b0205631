"""A document from plain values: a mistake is named where the person has written it."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead.document.layers import Rank, Stage
from podstead.document.plain import PlainLayer, document
from podstead.errors import InputError


def test_a_key_is_named_below_podstead_only_where_it_was_written_there(tmp_path: Path) -> None:
    role = tmp_path / "site/role.yml"
    role.parent.mkdir()
    role.write_text("subids: {cuont: 5}\n")
    layers = [
        PlainLayer(
            name="group web",
            rank=Rank(Stage.GROUPS),
            values={"roles": ["site"], "users": [], 5: 5},
            in_inventory=True,
        ),
        PlainLayer(name="provision()", rank=Rank(Stage.EXTRA), values={"usres": {}}),
        PlainLayer(name="all", rank=Rank(Stage.ALL), values=[], in_inventory=True),
    ]
    with pytest.raises(InputError) as caught:
        document(layers, roles=[tmp_path])
    assert [(problem.where, problem.key) for problem in caught.value.problems] == [
        (f"{role}:1", "subids.cuont"),
        ("all", "podstead"),
        ("group web", "podstead.5"),
        ("group web", "podstead.users"),
        ("provision()", "usres"),
    ]
