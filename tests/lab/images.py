"""Images: one root and one package repository per release, built once, shared by all labs of the machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import requirements
from tests.lab.mirror import apt_options, credentials, machine_mirror
from tests.lab.packages import build_repository
from tests.lab.process import run
from tests.lab.recipe import ACCOUNTS, CAROL_PASSWORD, RECIPES, Recipe, recipe_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Image:
    """A built release: the tree every host of it is copied from, and the packages it can install."""

    release: str
    root: Path
    packages: Path


def cache() -> Path:
    """Give the folder of images and of the disks of running hosts (PODSTEAD_LAB_CACHE)."""
    default = "/var/cache/podstead-lab" if os.geteuid() == 0 else "~/.cache/podstead-lab"
    return Path(os.environ.get("PODSTEAD_LAB_CACHE") or default).expanduser()


def say(text: str) -> None:
    """Tell the person who waits what is being done."""
    sys.stderr.write(f"lab: {text}\n")
    sys.stderr.flush()


def image(release: str) -> Image:
    """
    Give the image of a release, and build it first when the cache has none of this recipe.

    Processes that want the same image at once take turns: the second finds what the first has built.
    """
    recipe = recipe_for(release)
    place = cache() / "images" / f"{release}-{recipe.key}"
    if not place.is_dir():
        requirements.require()
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.parent / f"{release}.lock"):
            if not place.is_dir():
                _build(recipe, place)
    return Image(release, place / "root", place / "packages")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel drops it when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def outdated() -> list[Path]:
    """Give the images in the cache that were built from recipes that have changed since."""
    wanted = {f"{recipe.release}-{recipe.key}" for recipe in RECIPES.values()}
    found = (path for path in (cache() / "images").glob("*") if path.is_dir())
    return sorted(path for path in found if path.name not in wanted and path.suffix != ".tmp")


def _build(recipe: Recipe, place: Path) -> None:
    """Build under a temporary name and rename, so that an image is there whole or not at all."""
    for left in place.parent.glob(f"{recipe.release}-*.tmp"):  # of a build that died; the lock is ours
        shutil.rmtree(left)
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix=f"{recipe.release}-", suffix=".tmp", dir=place.parent))
    try:
        work.chmod(0o755)
        say(f"{recipe.release}: building the root (once; kept in {place})")
        build_root(recipe, work)
        say(f"{recipe.release}: fetching the packages its hosts can install")
        count = build_repository(recipe, work)
        finish(recipe, work)
        (work / "apt.conf").unlink()
        (work / "sources.list").unlink()
        work.rename(place)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    say(f"{recipe.release}: built in {time.monotonic() - began:.0f} s, {count} packages in its repository")


def build_root(recipe: Recipe, work: Path) -> None:
    """Install the release into `work/root`; the sources and options of apt that did it stay beside it."""
    conf = work / "apt.conf"
    conf.write_text(apt_options())
    sources = work / "sources.list"
    sources.write_text("".join(f"{line}\n" for line in machine_mirror().sources(recipe.suite)))
    logins = " ".join(map(str, credentials()))
    hooks = [
        '--setup-hook=mkdir -p "$1/etc/apt/auth.conf.d"',
        f"--setup-hook=copy-in {logins} /etc/apt/auth.conf.d",
    ]
    mirror = [str(sources)] if sources.read_text() else []
    run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(recipe.host_packages)}",
            f"--aptopt={conf}",
            "--dpkgopt=force-unsafe-io",
            "--skip=cleanup/apt/lists",
            *(hooks if logins else []),
            recipe.suite,
            str(work / "root"),
            *mirror,
        ]
    )


def finish(recipe: Recipe, work: Path) -> None:
    """Make the accounts and remove all that a fresh host does not have."""
    root = work / "root"
    accounts = [f"{name}:{uid}:{groups}" for name, uid, groups in ACCOUNTS]
    run(["sh", "-s", "--", root, *accounts], input=recipe.finish)
    run(["chroot", root, "chpasswd"], input=f"carol:{CAROL_PASSWORD}\n")
