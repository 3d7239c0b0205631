"""Every damage, in the order in which they are done."""

from __future__ import annotations

from tests.real_hosts.damage.case import Damage
from tests.real_hosts.damage.helpers import HELPERS
from tests.real_hosts.damage.leftovers import LEFTOVERS
from tests.real_hosts.damage.network import NETWORK
from tests.real_hosts.damage.ranges import RANGES
from tests.real_hosts.damage.session import SESSION, UNUSUAL
from tests.real_hosts.damage.start import START
from tests.real_hosts.damage.storage import RUNTIME, STORAGE

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
