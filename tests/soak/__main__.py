"""``make soak``: ten minutes of several programs at the same files, and ten thousand damaged files; on real hosts."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.lab import Lab, LabError, missing
from tests.real_hosts.controller import Controller
from tests.soak.damaged_files import cases, compare
from tests.soak.stress import Stress

RELEASES = ("debian-11", "debian-12", "debian-13", "debian-forky")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="of the stress")
    parser.add_argument("--files", type=int, default=10_000, help="damaged files, over all releases")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    reasons = missing()
    if reasons:
        sys.stderr.write(f"soak: this machine cannot run hosts: {'; '.join(reasons)}\n")
        return 2
    with Lab.up() as lab, tempfile.TemporaryDirectory() as folder:
        return _stress(lab, Path(folder), chosen.seconds, chosen.seed) + _files(
            lab, chosen.files, chosen.seed
        )


def _stress(lab: Lab, folder: Path, seconds: int, seed: int) -> int:
    host = lab.boot("debian-13", name="stress", podman=True)
    controllers = []
    for number in range(2):
        (folder / str(number)).mkdir()
        controllers.append(Controller(lab, folder / str(number)))
    tally = Stress(host, controllers, seed=seed).run(seconds)
    sys.stdout.write("".join(f"{line}\n" for line in (f"stress: {tally}", *tally.wrong[:50])))
    host.stop()
    return int(bool(tally.wrong))


def _files(lab: Lab, count: int, seed: int) -> int:
    bad = 0
    for number, release in enumerate(RELEASES):
        host = lab.boot(release, name=f"files-{release.removeprefix('debian-')}", podman=True)
        host.sh("touch /etc/subuid /etc/subgid")
        wanted = cases(seed + number, count // len(RELEASES))
        result = compare(host, wanted, whole_file=release == "debian-forky", podman=10)
        said = f"{release}: {len(wanted)} files, {result.granted} IDs granted ({result.odd} in odd lines), {result.maps} maps of Podman, {len(result.found)} disagreements"
        sys.stdout.write("".join(f"{line}\n" for line in (said, *result.found[:50])))
        bad |= bool(result.found)
        host.stop()
    return int(bad)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.stderr.write(f"soak: {error}\n")
        sys.exit(2)
