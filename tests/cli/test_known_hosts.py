"""The folder for known_hosts on this machine: made for a key that is learned, and not by looking at a host."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.support import preloaded


def test_a_look_at_a_host_that_does_not_answer_makes_no_folder(tmp_path: Path) -> None:
    words = ("check", "me@127.0.0.1", "--for", "alice", "-e", "ansible_port=1")
    done = preloaded.run(words, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 4, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_key_of_a_host_is_learned_where_no_such_folder_exists_yet(tmp_path: Path) -> None:
    """As with ssh: the folder is made for the first key that is accepted, and no other folder is."""
    code = (
        "import sys, podstead.remote.worker, paramiko\n"
        "from pyinfra.connectors.sshuserclient.client import AcceptNewPolicy, SSHClient\n"
        "podstead.remote.worker.known_hosts.install()\n"
        "ssh = SSHClient()\n"
        "ssh._host_keys_filename = sys.argv[1]\n"
        "AcceptNewPolicy().missing_host_key(ssh, 'web1', paramiko.ECDSAKey.generate())\n"
    )

    def learn(place: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, str(place)],
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    place = tmp_path / ".ssh/known_hosts"
    assert learn(place).returncode == 0
    assert place.read_text().startswith("web1 ecdsa-sha2-nistp256 ")
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert "FileNotFoundError" in learn(tmp_path / "other/known_hosts").stderr
