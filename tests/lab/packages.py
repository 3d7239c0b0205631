"""The package repository of a release: what lets hosts install Podman without a way out."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.lab.process import run
from tests.lab.recipe import REINSTALLABLE, Recipe

if TYPE_CHECKING:
    from pathlib import Path


def build_repository(recipe: Recipe, work: Path) -> int:
    """
    Fetch the recipe's packages and all they need beyond a fresh host, and index them; give their number.

    The machine's apt runs with the image as its root directory: it reaches the mirror as the machine does,
    and sees only what a host has installed.
    """
    root = work / "root"
    folder = work / "packages"
    folder.mkdir()
    conf = work / "fetch.conf"
    # The lists are fresh: mmdebstrap has just fetched them.
    conf.write_text(
        (work / "apt.conf").read_text()
        + f'Dir "{root}/";\nDir::State::status "{root}/var/lib/dpkg/status";\n'
        + f'Dir::Cache::archives "{folder}/";\nDir::Bin::methods "/usr/lib/apt/methods";\n'
        + 'Dir::Bin::solvers:: "/usr/lib/apt/solvers";\nDir::Bin::dpkg "/usr/bin/dpkg";\n'
        + f'Dir::Log "{work}/";\n'
        + 'APT::Sandbox::User "root";\nAPT::Install-Recommends "true";\n'
        + 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";\n'
    )
    env = {**os.environ, "APT_CONFIG": str(conf), "DEBIAN_FRONTEND": "noninteractive"}
    names = [*recipe.repository_packages, *REINSTALLABLE]
    run(["apt-get", "install", "--yes", "--download-only", "--reinstall", *names], env=env)
    conf.unlink()
    (folder / "lock").unlink(missing_ok=True)
    shutil.rmtree(folder / "partial", ignore_errors=True)
    (folder / "Packages").write_text(run(["apt-ftparchive", "packages", "."], cwd=folder).stdout)
    (folder / "Release").write_text(run(["apt-ftparchive", "release", "."], cwd=folder).stdout)
    return len(list(folder.glob("*.deb")))
