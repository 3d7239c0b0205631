"""What keeps the user's own Podman from starting is told from Podman's words, as four releases said them, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from podstead.proof.engine_evidence import Attempt, Graph, Info
from podstead.proof.engine_files import named_file, naming, settings
from podstead.proof.finding import Verdict
from podstead.proof.verdict import findings
from tests.support.subjects import (
    GRAPH,
    HEALTHY,
    TOOLS,
    Broken,
    assert_diagnosed,
    attempt,
    host,
    judged,
    not_started,
    subject,
)

FOLLOWING = ["V10", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V19", "V20", "V23", "V24", "V25", "V27"]
"""What nobody can say of a user whose Podman does not start."""
MINE = "/home/alice/.config/containers"
PROGRAM = (
    '[storage]\ndriver = "overlay"\n[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
)
ELSEWHERE = '[storage]\ndriver = "overlay"\ngraphroot = "/srv/rootless/$USER/storage"\n'
STORES = '[storage.options]\nadditionalimagestores = [\n  "/srv/images",\n]\n'
RUNTIME = '[engine]\n# runtime = "crun"\nruntime = "runc"\n'
CNI = '[network]\nnetwork_backend = "cni"\n'
LOCKS = "[engine]\nnum_locks = 4096\n"
NO_PROGRAM = 'Error: overlay: can\'t stat program "/usr/bin/fuse-overlayfs": stat /usr/bin/fuse-overlayfs: no such file or directory'
MIXED = (
    f'Error: getting registries: loading registries configuration "{MINE}/registries.conf": '
    "mixing sysregistry v1/v2 is not supported"
)
BAD_POLICY = (
    f"Error: invalid policy in \"{MINE}/policy.json\": invalid character ']' looking for beginning of value"
)


def graph(path: str, nearest: str, owner: str = "0:0") -> Graph:
    return Graph(path=path, nearest=nearest, owner=owner, mount=("ext4", frozenset({"rw"})))


def failing(said: str, name: str = "storage.conf", text: str = "", **more: object) -> Broken:
    return Broken(subject=subject(not_started(said, {f"{MINE}/{name}": text}, **more)), check="V31")


BROKEN: Mapping[str, Broken] = {
    "D11": failing(
        "Error: failed to open 4096 locks in /libpod_rootless_lock_1000: numerical result out of range",
        "containers.conf",
        LOCKS,
        has_database=True,
    ),
    "G14": failing(
        'Error: cni support is not enabled in this build, only netavark. Got unsupported network backend "cni"',
        "containers.conf",
        CNI,
    ),
    "H19": failing(NO_PROGRAM, text=PROGRAM),
    "H20": failing(
        "Error: creating runtime static files directory: mkdir /srv/rootless: permission denied",
        text=ELSEWHERE,
        graph=graph("/srv/rootless/alice/storage", "/srv"),
    ),
    "H21": failing(
        "Error: creating runtime static files directory: mkdir /srv/rootless/alice/storage/libpod: permission denied",
        text=ELSEWHERE,
        graph=graph("/srv/rootless/alice/storage", "/srv/rootless/alice/storage"),
    ),
    "H22": failing(
        "Error: overlay: can't stat imageStore dir /srv/images: stat /srv/images: no such file or directory",
        text=STORES,
    ),
    "H23": failing(
        f'Failed to read {MINE}/storage.conf toml: line 2 (last key "storage.driver"): strings cannot contain newlines'
    ),
    "H24": failing(
        f'Failed to obtain podman configuration: reading system config "{MINE}/containers.conf": decode configuration '
        f'{MINE}/containers.conf: toml: line 2 (last key "containers.pids_limit"): incompatible types',
        "containers.conf",
    ),
    "H25": Broken(subject=subject(replace(not_started(MIXED), listed=Attempt(0, ""))), check="V31"),
    "H26": Broken(subject=subject(replace(HEALTHY, policy=Attempt(125, BAD_POLICY))), check="V31"),
    "I10": Broken(
        subject=subject(
            replace(HEALTHY, user_info=None, listed=None, policy=None, podman=None, fresh_info=None),
            host(tools=TOOLS - {"podman"}),
            packages={"podman": {}},
        ),
        check="V31",
    ),
    "I11": failing(
        'Error: default OCI runtime "runc" not found: invalid argument', "containers.conf", RUNTIME
    ),
}


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_the_failure_mode_is_told_from_its_evidence(ref: str) -> None:
    assert_diagnosed(ref, BROKEN[ref])


@pytest.mark.parametrize("ref", sorted(BROKEN.keys() - {"H25", "H26"}))
def test_a_podman_that_does_not_start_is_one_finding_and_nothing_else_is_blamed(ref: str) -> None:
    found = findings(BROKEN[ref].subject)
    wrong = [one for one in found if one.verdict in (Verdict.FAIL, Verdict.WARN)]
    assert [(one.check, one.ref) for one in wrong] == [("V31", ref)]
    following = [one for one in found if one.check in FOLLOWING]
    assert {(one.verdict, one.ref) for one in following} == {(Verdict.COULD_NOT_LOOK, ref)}
    assert not [one for one in found if "reset" in one.remedy or "chmod o+x" in one.remedy]


def test_a_file_that_only_the_first_command_reads_is_the_one_finding() -> None:
    """Podman 4.3 reads storage.conf before it makes its namespace, and fails; within it goes on with its own values."""
    said = (
        "Failed to read /home/alice/.podstead.0a1b2c3d/config/containers/storage.conf toml: line 3 (last key "
        '"storage.runroot"): unexpected EOF; expected value\n'
    )
    failed = Attempt(1, said)
    ill = attempt(inside=failed, whole=failed, plain=failed, keep_id=failed)
    found = findings(subject(replace(ill, in_pod=False)))
    wrong = [one for one in found if one.verdict is Verdict.FAIL]
    assert [(one.check, one.ref) for one in wrong] == [("V31", "H23")]
    assert wrong[0].cause == f"Podman cannot read {MINE}/storage.conf:3"


@pytest.mark.parametrize(
    ("words", "on", "ref"),
    [
        ("Error: could not find a working conmon binary (configured options: [/usr/bin/conmon])", {}, "I01"),
        (
            'Error: default OCI runtime "crun" not found: invalid argument',
            {"tools": TOOLS - {"crun", "runc"}},
            "I01",
        ),
        (
            "Error: configure storage: native overlay not supported and fuse-overlayfs not found",
            {"user_facts": {"mount__program": "true"}},
            "D09",
        ),
    ],
)
def test_what_stops_the_users_own_podman_only_is_named(words: str, on: dict[str, Any], ref: str) -> None:
    found = findings(subject(not_started(words), host(**on)))
    wrong = [one for one in found if one.verdict in (Verdict.FAIL, Verdict.WARN)]
    assert [(one.check, one.ref) for one in wrong] == [("V31", ref)]
    assert {one.ref for one in found if one.check in FOLLOWING} == {ref}
    assert ("podstead apply" in wrong[0].remedy) is ("crun" in words)


def test_where_no_cause_is_known_podmans_words_are_said_and_nothing_is_to_be_deleted() -> None:
    found = findings(subject(not_started("Error: odd words nobody knows")))
    (wrong,) = [one for one in found if one.verdict is Verdict.FAIL]
    assert (wrong.check, wrong.ref, wrong.found) == ("V31", "", "Error: odd words nobody knows")
    assert "reset" not in wrong.remedy
    unseen = {one.check: one for one in found if one.check in FOLLOWING}
    assert {one.verdict for one in unseen.values()} == {Verdict.COULD_NOT_LOOK}
    assert {one.cause for one in unseen.values()} == {"the user's own Podman does not start (V31)"}


def test_a_registries_conf_that_cannot_be_read_stops_no_container() -> None:
    found = {one.check: one for one in findings(BROKEN["H25"].subject)}
    assert found["V17"].verdict is Verdict.PASS
    assert found["V27"].verdict is Verdict.COULD_NOT_LOOK
    assert "registries.conf" in found["V31"].remedy
    assert "reset" not in found["V31"].remedy


def test_a_podman_that_does_not_end_is_said_to_hang() -> None:
    hung = replace(HEALTHY, listed=Attempt(124, ""))
    assert judged("V31", subject(hung)).found == "Podman did not finish within 25 seconds"


def test_a_podman_that_is_not_on_the_path_is_not_called_missing() -> None:
    hidden = replace(
        HEALTHY,
        helpers={"newuidmap": "/usr/bin/newuidmap"},
        environment={"PATH": "/opt/bin"},
        user_info=None,
        listed=None,
    )
    assert judged("V31", subject(hidden)).found == "/usr/bin/podman is not on the session's PATH (/opt/bin)"


def test_a_file_is_named_with_the_line_of_the_setting() -> None:
    assert judged("V31", BROKEN["H19"].subject).found.startswith(f"{MINE}/storage.conf:4: mount_program = ")
    assert judged("V31", BROKEN["H20"].subject).found.startswith(f"{MINE}/storage.conf:3: graphroot = ")
    assert judged("V31", BROKEN["H22"].subject).found.startswith(
        f"{MINE}/storage.conf:2: additionalimagestores "
    )
    assert judged("V31", BROKEN["I11"].subject).found.startswith(f"{MINE}/containers.conf:3: runtime = runc")
    assert judged("V31", BROKEN["H24"].subject).cause == f"Podman cannot read {MINE}/containers.conf:2"


def test_the_folder_of_another_owner_is_handed_over_and_is_no_old_range() -> None:
    finding = judged("V31", BROKEN["H21"].subject)
    assert "chown alice:1001 /srv/rootless/alice/storage" in finding.remedy
    assert "D02" not in {one.ref for one in findings(BROKEN["H21"].subject)}


@pytest.mark.parametrize("owner", ["0 0", "1002 1003"])
def test_files_of_another_account_in_storage_are_no_old_range(owner: str) -> None:
    on = host(user_facts={"graph__owner": ("1000 1001", owner)})
    finding = judged("V27", subject(on=on))
    expected = "H21" if owner == "0 0" else "D02"  # the host has no account 1002
    assert (finding.verdict, finding.ref) == (Verdict.FAIL, expected)
    assert ("reset" in finding.remedy) is (expected == "D02")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (f'Failed to read {MINE}/storage.conf toml: line 2 (last key "x"): y', f"{MINE}/storage.conf:2"),
        (f"Failed to parse {MINE}/storage.conf Near line 3 (last key parsed 'x'): y", f"{MINE}/storage.conf:3"),
        (f'loading drop-in registries configuration "{MINE}/registries.conf.d/1-x.conf": bad', f"{MINE}/registries.conf.d/1-x.conf"),
        (f'msg="error reading system config \\"{MINE}/containers.conf\\": (4, 2): odd', f"{MINE}/containers.conf:4"),
        ("Error: odd words, line 7", ""),
    ],
)  # fmt: skip
def test_the_place_is_the_one_that_podman_names(said: str, place: str) -> None:
    assert named_file(said) == place


def test_settings_are_found_with_their_lines_and_comments_are_none() -> None:
    configs = {"/a": '# runtime = "x"\n  runtime="runc" \n', "/b": "runtime = 'crun'\n"}
    assert [(one.place, one.value) for one in settings(configs, "runtime")] == [
        ("/a:2", "runc"),
        ("/b:1", "crun"),
    ]
    assert naming(configs, "crun", "runtime") == list(settings(configs, "runtime"))[1]


def test_a_healthy_start_says_where_the_storage_is() -> None:
    seen = replace(HEALTHY, user_info=Info(Attempt(0, ""), {"store.graphRoot": GRAPH}))
    assert judged("V31", subject(seen)).found == f"storage in {GRAPH}; nothing that it created was kept"
