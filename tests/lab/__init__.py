"""Real Linux hosts on one machine, for the tests of podstead: see README.md."""

from tests.lab.errors import LabError
from tests.lab.host import Host
from tests.lab.images import image
from tests.lab.lab import Lab
from tests.lab.recipe import RECIPES
from tests.lab.requirements import install, missing
from tests.lab.snapshots import snapshot

RELEASES = tuple(RECIPES)

__all__ = ["RELEASES", "Host", "Lab", "LabError", "image", "install", "missing", "snapshot"]
