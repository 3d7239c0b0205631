"""Every failure mode that can be made here: named, nothing else named, and repaired, refused or left alone."""

from __future__ import annotations

import pytest

from tests.real_hosts.damage import matrix
from tests.real_hosts.damage.case import Damage, tried
from tests.real_hosts.damage.every import DAMAGES
from tests.real_hosts.damage.site import Site
from tests.real_hosts.tiers import EVERYTHING

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(500)]


def test_healthy_hosts_have_no_failures_and_no_warnings(site: Site) -> None:
    site.prepared()


CHOSEN = tuple(damage for damage in DAMAGES if tried(damage, everything=EVERYTHING))


@pytest.mark.parametrize("damage", CHOSEN, ids=lambda damage: f"{damage.ref}-{damage.name.replace(' ', '-')}")
def test_a_damage_is_named_and_mended_or_refused(site: Site, damage: Damage) -> None:
    site.result(damage)


def test_the_detection_matrix_is_what_was_seen(site: Site) -> None:
    """Last of all: it needs what the others have seen."""
    if site.damages != CHOSEN:
        pytest.skip("not all damages were done in this run")
    site.finished()
    text = matrix.markdown(site, DAMAGES)
    if EVERYTHING:
        matrix.PATH.write_text(text, encoding="utf-8")
    written = matrix.PATH.read_text(encoding="utf-8")
    assert matrix.differences(text, written) == [], "run 'make matrix', and look at what has changed"
