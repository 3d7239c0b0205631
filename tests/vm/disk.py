"""The disk of one VM: a copy of the image, with the keys of this run planted in it."""

from __future__ import annotations

from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.process import run
from tests.lab.recipe import ACCOUNTS


def make(image: Path, folder: Path) -> Path:
    """
    Copy the image into `folder`, and make the keys there: `id_ed25519` lets in, `host_keys` is what sshd shows.

    debugfs writes into the file system without a mount, which a test must never leave behind.
    """
    disk = folder / "disk.ext4"
    run(["cp", "--sparse=always", "--reflink=auto", image, disk])
    key = folder / "id_ed25519"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "podstead-vm", "-f", key])
    (folder / "etc/ssh").mkdir(parents=True)
    run(["ssh-keygen", "-A", "-f", folder])
    commands: list[str] = []
    for file in sorted((folder / "etc/ssh").iterdir()):
        mode = "0100644" if file.suffix == ".pub" else "0100600"
        commands += _plant(file, f"/etc/ssh/{file.name}", 0, mode)
    homes = [("/root", 0), *((f"/home/{name}", uid) for name, uid, _groups in ACCOUNTS)]
    for home, uid in homes:
        commands += _plant(key.with_suffix(".pub"), f"{home}/.ssh/authorized_keys", uid, "0100600")
    _debugfs(disk, commands)
    public = sorted((folder / "etc/ssh").glob("*.pub"))
    keys = (" ".join(file.read_text().split()[:2]) for file in public)
    (folder / "host_keys").write_text("".join(f"{line}\n" for line in keys))
    return disk


def _plant(source: Path, target: str, uid: int, mode: str) -> list[str]:
    fields = (("uid", str(uid)), ("gid", str(uid)), ("mode", mode))
    return [f"write {source} {target}", *(f"sif {target} {name} {value}" for name, value in fields)]


def _debugfs(disk: Path, commands: list[str]) -> None:
    """Run commands of debugfs, whose status is 0 whatever became of them: all but its version is an error."""
    script = disk.with_suffix(".debugfs")
    script.write_text("".join(f"{command}\n" for command in commands))
    done = run(["debugfs", "-w", "-f", script, disk])
    errors = [line for line in done.stderr.splitlines() if line and not line.startswith("debugfs ")]
    if errors:
        message = f"the keys cannot be written to {disk}: {'; '.join(errors)}"
        raise LabError(message)
