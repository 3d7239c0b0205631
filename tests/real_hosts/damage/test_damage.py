"""Every failure mode that can be made here: named, nothing else named, and repaired, refused or left alone."""

from __future__ import annotations

import os

import pytest

from podstead.proof import catalogue
from tests.real_hosts.damage import matrix
from tests.real_hosts.damage.absent import ABSENT
from tests.real_hosts.damage.case import RELEASES, Damage, tried
from tests.real_hosts.damage.helpers import HELPERS
from tests.real_hosts.damage.leftovers import LEFTOVERS
from tests.real_hosts.damage.network import NETWORK
from tests.real_hosts.damage.ranges import RANGES
from tests.real_hosts.damage.session import SESSION, UNUSUAL
from tests.real_hosts.damage.site import Site
from tests.real_hosts.damage.start import START
from tests.real_hosts.damage.storage import RUNTIME, STORAGE

pytestmark = pytest.mark.real_hosts

DAMAGES: tuple[Damage, ...] = (
    *HELPERS,
    *RANGES,
    *LEFTOVERS,
    *SESSION,
    *NETWORK,
    *STORAGE,
    *RUNTIME,
    *START,
    *UNUSUAL,
)


def test_every_failure_mode_is_made_or_says_why_not() -> None:
    made = {damage.ref for damage in DAMAGES}
    undetected = {ref for ref, mode in catalogue.load().items() if mode.undetected}
    for ref in catalogue.load():
        ways = [ref in made, ref in ABSENT, ref in undetected]
        assert sum(ways) == 1, f"{ref}: made, absent, undetected: {ways}"
    assert (made | ABSENT.keys()) <= catalogue.load().keys()


def test_every_damage_has_a_name_of_its_own_and_says_why_it_spares_a_release() -> None:
    names = [damage.name for damage in DAMAGES]
    assert sorted(names) == sorted(set(names))
    for damage in DAMAGES:
        same = [one for one in DAMAGES if one.ref == damage.ref]
        done = {release for one in same for release in one.releases}
        assert done == set(RELEASES) or any(one.elsewhere for one in same), damage.name


def test_healthy_hosts_have_no_failures_and_no_warnings(site: Site) -> None:
    site.prepared()


EVERYTHING = os.environ.get("PODSTEAD_WRITE_MATRIX") == "1"
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
