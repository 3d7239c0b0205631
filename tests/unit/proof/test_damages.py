"""Every failure mode is made on a real host, or says why not; the hosts themselves are broken in ``tests/real_hosts/damage``."""

from __future__ import annotations

from podstead.proof import catalogue
from tests.real_hosts.damage.absent import ABSENT
from tests.real_hosts.damage.case import RELEASES
from tests.real_hosts.damage.every import DAMAGES


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
