"""The real newuidmap(1) and usermod(8) agree with what podstead plans and expects.

Every program sees a throw-away /etc in a mount namespace of its own; this machine's files are never touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podstead.document.spec import HostSpec
from podstead.host import subids
from podstead.host.state import HostState
from podstead.ids.ranges import IdMap
from podstead.provision import subids as subids_plan
from podstead.visit import script
from podstead.visit.converge import parse_apply_output
from podstead.visit.obstacles import intended
from podstead.visit.record import ChangeStatus
from tests.model_host import NONCE, ModelAccount, ModelHost, spec_of
from tests.shells import SHELLS
from tests.support.probe_values import denied_gid, probe_values

UID, GID = 4711, 4712


def missing() -> str:
    lacking = [
        tool for tool in ("newuidmap", "newgidmap", "unshare", "setpriv", "usermod") if not shutil.which(tool)
    ]
    if os.geteuid() != 0:
        lacking.insert(0, "root")
    elif subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        lacking.append("the right to make a mount namespace")
    return ", ".join(lacking)


@pytest.fixture(autouse=True, scope="module")
def _needs() -> None:
    lacking = missing()
    if lacking:
        pytest.skip(f"needs {lacking}")


def test_the_machine_can_run_the_real_programs() -> None:
    assert missing() == ""


@st.composite
def files(draw: st.DrawFn) -> dict[str, str]:
    """Both files with a few ranges of alice, by name and number, and neighbours."""
    texts = {}
    parts = draw(
        st.lists(
            st.tuples(st.integers(1, 90000), st.integers(1, 70000), st.sampled_from(["alice", str(UID)])),
            max_size=4,
        )
    )
    start, lines = 100000, []
    for gap, count, owner in parts:
        start += gap
        lines.append(f"{owner}:{start}:{count}")
        start += count
    lines.append(f"bob:{2**30}:65536")
    for path in ("/etc/subuid", "/etc/subgid"):
        order = draw(st.permutations([*lines, "# a comment", "", "zed:0x60000000:65536"]))
        texts[path] = "\n".join(order) + draw(st.sampled_from(["", "\n"]))
    return texts


def etc(folder: Path, host: ModelHost) -> None:
    """The files that shadow's tools read."""
    people = {"root": ModelAccount(0, 0), **host.accounts}
    (folder / "passwd").write_text("".join(f"{account.line(name)}\n" for name, account in people.items()))
    (folder / "shadow").write_text("".join(f"{name}:!:20000:0:99999:7:::\n" for name in people))
    (folder / "group").write_text("".join(f"{name}:x:{account.gid}:\n" for name, account in people.items()))
    (folder / "gshadow").write_text("".join(f"{name}:!::\n" for name in people))
    (folder / "nsswitch.conf").write_text("passwd: files\ngroup: files\n")
    (folder / "login.defs").write_text("SUB_UID_MIN 100000\nSUB_UID_MAX 600100000\n")
    for path, text in host.files.items():
        (folder / path.removeprefix("/etc/")).write_text(text)


def inside(host: ModelHost, commands: str, shell: str = "dash") -> tuple[int, list[str], Path]:
    """Run shell commands as root where /etc is the host's; return their exit code, output, and the folder."""
    folder = Path(tempfile.mkdtemp(prefix="podstead-etc."))
    etc(folder, host)
    # awk is a link to there
    text = f"cp -a /etc/alternatives {folder}; mount --bind {folder} /etc || exit 99\n{commands}"
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", *SHELLS[shell], "-s"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == "" or done.returncode == 0, done.stderr
    return done.returncode, done.stdout.splitlines(), folder


def mapped(host: ModelHost, uid_arguments: str, gid_arguments: str) -> dict[str, str]:
    """What the helpers say to alice, and the maps of her child after that."""
    as_user = f"""
        unshare -U sleep 60 >/dev/null 2>&1 &
        c=$!
        while [ "$(readlink /proc/$c/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
        newuidmap $c {uid_arguments} 2>/dev/null; echo "uid-rc=$?"
        newgidmap $c {gid_arguments} 2>/dev/null; echo "gid-rc=$?"
        sed 's/^/uid:/' /proc/$c/uid_map
        sed 's/^/gid:/' /proc/$c/gid_map
        kill -9 $c
    """
    commands = f"setpriv --reuid {UID} --regid {GID} --clear-groups sh -c '{as_user.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'\n"
    code, lines, folder = inside(host, commands)
    shutil.rmtree(folder)
    assert code == 0
    found = dict(line.split("=") for line in lines if "=" in line)
    return found | {
        side: "\n".join(line[4:] for line in lines if line.startswith(f"{side}:")) for side in ("uid", "gid")
    }


def granted_host(texts: dict[str, str], count: int) -> tuple[ModelHost, HostSpec, HostState]:
    host = ModelHost(accounts={"alice": ModelAccount(UID, GID)}, groups={"alice": GID}, files=texts)
    spec = spec_of(subids={"count": count})
    host.apply(host.plan(spec).changes)
    return host, spec, host.state(spec.users)


_COMPUTE = f"""
{script.source("frame.sh")}{script.assembled("probe_values.sh")}
PS_FOLDER=/etc/run
mkdir $PS_FOLDER
echo alice >$PS_FOLDER/subjects
ps_values 0
printf '%s\n' "$PS_VALUES" "PS_DENIED_GID=$PS_DENIED_GID" "PS_USER=$PS_USER"
"""


def computed(host: ModelHost, shell: str = "dash") -> dict[str, str]:
    """What the host computes for the probe of alice."""
    code, lines, folder = inside(host, _COMPUTE, shell)
    shutil.rmtree(folder)
    assert code == 0
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("shell", SHELLS)
@given(files(), st.sampled_from([1000, 65536, 300000]), st.booleans())
@settings(max_examples=8, deadline=None)
def test_a_host_computes_what_podstead_would(
    shell: str, texts: dict[str, str], count: int, neighbour: bool
) -> None:
    if not neighbour:
        texts = {path: "".join(line for line in text.splitlines(keepends=True) if line.startswith(("alice", str(UID))))
                 for path, text in texts.items()}  # fmt: skip
    host, _, _ = granted_host(texts, count)
    for key in ("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"):
        host.live[key] = Path("/proc/sys", *key.split(".")).read_text().strip()
    state = host.state(["alice"])
    found = computed(host, shell)
    assert re.fullmatch("[0-9a-f]{32}", found.pop("PS_NONCE"))
    wanted = probe_values("alice", state) | {"PS_DENIED_GID": denied_gid(state), "PS_USER": "alice"}
    assert found == wanted


@given(files(), st.sampled_from([1000, 65536, 300000]))
@settings(max_examples=10, deadline=None)
def test_the_kernel_shows_exactly_the_expected_map(texts: dict[str, str], count: int) -> None:
    host, spec, state = granted_host(texts, count)
    assert intended(spec, state).converged
    values = computed(host)
    subuids, subgids = subids.granted("alice", state.subids, state.accounts)
    found = mapped(host, values["PS_UIDMAP"], values["PS_GIDMAP"])
    assert (found["uid-rc"], found["gid-rc"]) == ("0", "0")
    assert IdMap.expected(UID, subuids) == IdMap.parse(found["uid"])
    assert IdMap.expected(GID, subgids) == IdMap.parse(found["gid"])


@given(files(), st.sampled_from([1000, 65536]))
@settings(max_examples=6, deadline=None)
def test_one_id_more_than_granted_is_refused_and_maps_nothing(texts: dict[str, str], count: int) -> None:
    host, _, _ = granted_host(texts, count)
    values = computed(host)
    found = mapped(host, values["PS_UIDOVER"], values["PS_GIDOVER"])
    assert (found["uid-rc"], found["gid-rc"], found["uid"], found["gid"]) == ("1", "1", "", "")


@given(files(), st.sampled_from([65536, 300000]))
@settings(max_examples=4, deadline=None)
def test_the_apply_script_leaves_the_files_as_the_plan_foresees(texts: dict[str, str], count: int) -> None:
    """Each user's change is guarded by a checksum of what the change before it should have left."""
    people = {
        "alice": ModelAccount(UID, GID),
        "carol": ModelAccount(4800, 4800),
        "dora": ModelAccount(4900, 4900),
    }
    host = ModelHost(accounts=people, groups={name: one.gid for name, one in people.items()}, files=texts)
    applied_for_real(host, spec_of(users={name: {} for name in people}, subids={"count": count}))


@pytest.mark.parametrize("lost", [["/etc/subuid"], ["/etc/subuid", "/etc/subgid"]])
def test_the_apply_script_makes_missing_files(lost: list[str]) -> None:
    host = ModelHost(
        accounts={"alice": ModelAccount(UID, GID)},
        groups={"alice": GID},
        files={"/etc/subuid": "x:1:2", "/etc/subgid": "x:1:2"},
    )
    for path in lost:
        del host.files[path]
    applied_for_real(host, spec_of())


def test_the_apply_script_mends_damaged_lines() -> None:
    text = f"alice:100000:65536 \nbob:2000000:65536\r\n{UID}:100000:65536\n# kept\nkept:too"
    host = ModelHost(
        accounts={"alice": ModelAccount(UID, GID)},
        groups={"alice": GID},
        files={"/etc/subuid": text, "/etc/subgid": text},
    )
    applied_for_real(host, spec_of())
    assert host.files["/etc/subuid"] == "alice:100000:65536\nbob:2000000:65536\n# kept\nkept:too\n"


def test_the_apply_script_moves_a_range_that_was_asked_for_by_hand() -> None:
    text = "alice:700000:65536\nbob:900000:65536\n"
    host = ModelHost(
        accounts={"alice": ModelAccount(UID, GID)},
        groups={"alice": GID},
        files={"/etc/subuid": text, "/etc/subgid": text},
    )
    applied_for_real(host, spec_of(users={"alice": {"subuid": {"start": 800000, "count": 65536}}}))
    assert host.files["/etc/subuid"] == "bob:900000:65536\nalice:800000:65536\n"


def test_the_apply_script_grants_ranges_on_hosts_without_usermod() -> None:
    host = ModelHost(
        accounts={"alice": ModelAccount(UID, GID)},
        groups={"alice": GID},
        files={"/etc/subuid": "bob:524288:65536", "/etc/subgid": ""},
    )
    host.tools.remove("usermod")
    applied_for_real(host, spec_of())


def applied_for_real(host: ModelHost, spec: HostSpec) -> None:
    """Run the real script with the real tools, and compare the files with the model's."""
    changes = host.plan(spec).changes
    before = ModelHost(accounts=host.accounts, files=dict(host.files))
    host.apply(changes)
    code, lines, folder = inside(before, script.apply(spec, changes, NONCE))
    after = {path: (folder / path.removeprefix("/etc/")).read_text() for path in host.files}
    modes = {path: (folder / path.removeprefix("/etc/")).stat().st_mode & 0o7777 for path in host.files}
    left = sorted(
        path.name for path in folder.iterdir() if "podstead" in path.name or path.name.endswith("id.lock")
    )
    shutil.rmtree(folder)
    assert code == 0
    result = parse_apply_output(changes, lines, NONCE)
    assert [(record.status, record.log) for record in result.records] == [(ChangeStatus.CHANGED, "")] * len(
        changes
    )
    assert host.files == after
    assert left == []
    assert dict.fromkeys(host.files, 0o644) == modes
    again = subids_plan.plan(spec, result.state.subids, result.state.accounts, frozenset())
    assert again.changes == ()
