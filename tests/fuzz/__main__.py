"""``python -m tests.fuzz``: look for output of a host that podstead cannot handle, with atheris (libFuzzer).

What it finds is kept in tests/data/fuzz, where a test tries it again for ever.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from podstead.host import frames
from tests.capture import DATA

CASES = DATA / "fuzz"


def seeds(folder: Path) -> None:
    """Answers of real hosts, as records and whole."""
    for number, observed in enumerate(sorted((DATA / "observed").glob("*.txt"))):
        text = observed.read_text(encoding="ascii")
        body = b"".join(
            f"\n@@0123456789abcdef0123456789abcdef {one.key} {one.argument}\n".encode() + one.body
            for one in frames.decode(text, kind="observe").items
        )
        (folder / f"look{number}").write_bytes(b"\x00" + body)
    for number, probed in enumerate(sorted((DATA / "probed").glob("*.txt"))):
        text = probed.read_text(encoding="ascii")
        outer = frames.decode(text, kind="probe")
        for one in outer.all("probe"):
            (folder / f"probe{number}").write_bytes(b"\x00\n@@second@@\n" + frames.unpack(one.text))
        (folder / f"whole{number}").write_bytes(b"\x80" + text.encode())


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    CASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        seeds(Path(name))
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz.engine",
                f"-max_total_time={seconds}",
                "-max_len=100000",
                "-timeout=20",
                "-rss_limit_mb=4096",
                f"-artifact_prefix={CASES}/",
                name,
            ],
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
