"""What the fuzzer once found, and what real hosts say, goes through its target for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture import DATA
from tests.fuzz.__main__ import seeds
from tests.fuzz.target import once

CASES = sorted(path for path in (DATA / "fuzz").glob("*") if path.is_file())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_found_once_is_borne(case: Path) -> None:
    once(case.read_bytes())


def test_every_answer_of_a_real_host_goes_through_the_target(tmp_path: Path) -> None:
    seeds(tmp_path)
    found = sorted(tmp_path.iterdir())
    assert len(found) >= 12
    for one in found:
        once(one.read_bytes())
