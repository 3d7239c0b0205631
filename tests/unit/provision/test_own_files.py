"""Files that podstead owns are brought back whatever bytes they hold; ids in printed commands survive a shell."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import pytest

from podstead.host import engine, session, sysctls
from podstead.host import storage as host_storage
from podstead.host.own_file import OwnFile
from podstead.ids.ranges import IdMap, IdRange
from podstead.provision import storage
from podstead.provision.change import Outcome, WriteFile
from podstead.provision.drop_ins import toml
from podstead.provision.parts import owned_files
from tests.model_host import ModelAccount, ModelHost, spec_of

KEY = "net.core.somaxconn"
HEADER = "# Written by podstead; changes made here are overwritten.\n"
LATIN = "# f\udcfcr alle\n"
"""A comment in Latin-1, as the model keeps bytes that are no UTF-8."""
OLD, NEW = IdRange(100000, 65536), IdRange(524288, 65536)

OWN: dict[str, tuple[str, dict[str, Any], str]] = {
    sysctls.DROP_IN: (f"{HEADER}{LATIN}{KEY} = 9\n", {"sysctls": {KEY: {"at_least": 99}}}, "5.4.2"),
    session.DROP_IN: (f"{HEADER}{LATIN}[Service]\n", {"session": {"delegate": ["cpu"]}}, "5.4.2"),
    engine.DROP_IN: (f"{HEADER}{LATIN}", {"engine": {"engine": {"retry": 9}}}, "5.4.2"),
    host_storage.DROP_IN: (f"{HEADER}{LATIN}", {"storage": {"driver": "btrfs"}}, "6.0.0"),
    host_storage.MAIN: (f"{HEADER}{LATIN}", {"storage": {"driver": "btrfs"}}, "5.4.2"),
}


def host(**more: Any) -> ModelHost:
    return ModelHost(accounts={"alice": ModelAccount(1000, 1000)}, live={KEY: "9"}, **more)


def test_every_own_file_is_tried() -> None:
    assert OWN.keys() == {*owned_files(), host_storage.MAIN}


@pytest.mark.parametrize("path", OWN)
def test_an_own_file_that_is_no_utf_8_is_brought_back(path: str) -> None:
    before, document, podman = OWN[path]
    files = {"/etc/subuid": f"alice:{NEW}\n", "/etc/subgid": f"alice:{NEW}\n", path: before}
    one = host(files=files, installed={"podman": podman})
    spec = spec_of(**document)
    written = [
        change
        for change in one.plan(spec).changes
        if any(isinstance(step, WriteFile) and step.path == path for step in change.steps)
    ]
    assert len(written) == 1
    written[0].diff.encode()  # what people and JSON get is text
    one.apply(one.plan(spec).changes)  # the guard of the step knows the bytes
    assert LATIN not in one.files[path]
    assert one.plan(spec).changes == ()


@pytest.mark.parametrize("path", owned_files())
def test_a_state_has_every_own_file_to_the_byte(path: str) -> None:
    assert host(files={path: LATIN}).state(()).own(path) == OwnFile(path, b"# f\xfcr alle\n")
    assert host().state(()).own(path) == OwnFile(path)


def test_a_drop_in_may_have_values_without_a_table() -> None:
    text = toml({"b": {"x": 1}, "z": ["one"], "a": {}})
    assert tomllib.loads(text) == {"z": ["one"], "a": {}, "b": {"x": 1}}
    assert text.startswith(HEADER)


def test_an_own_storage_file_that_podman_cannot_read_is_written_anew() -> None:
    """The driver stands in it, but Podman reads no TOML that is not UTF-8."""
    text = f'{HEADER}[storage]\ndriver = "overlay"\n{LATIN}'
    one = host(files={host_storage.MAIN: text}, installed={"podman": "4.3.1"})
    spec = spec_of(storage={"driver": "overlay"})
    state = one.state(spec.users)

    def planned() -> Outcome:
        seen = one.state(spec.users)
        return storage.plan(spec, seen.storage, state.packages, state.session, state.platform)

    (change,) = planned().changes
    one.apply([change])
    assert planned() == Outcome()


def test_values_of_an_own_file_that_nobody_asks_for_keep_their_bytes() -> None:
    text = f"{HEADER}kernel.core_pattern = /srv/f\udcfcr\n"
    one = host(files={sysctls.DROP_IN: text})
    (change,) = (
        each
        for each in one.plan(spec_of(sysctls={KEY: {"at_least": 99}})).changes
        if each.id == "sysctls:drop-in:content"
    )
    one.apply([change])
    assert one.files[sysctls.DROP_IN] == f"{text}{KEY} = 99\n"


@pytest.mark.parametrize("name", ["alice", "CORP\\jane", "jane@corp.example"])
def test_a_printed_command_that_allows_something_is_good_for_a_shell(name: str) -> None:
    ids = tuple(IdMap.expected(1000, (OLD,)) for _ in range(2))
    one = ModelHost(
        accounts={name: ModelAccount(1000, 1000, home="/home/one")},
        files={
            "/etc/subuid": f"{name}:{NEW}\n",
            "/etc/subgid": f"{name}:{NEW}\n",
            "/etc/sysctl.d/1.conf": f"{KEY} = 0\n",
        },
        live={KEY: "0"},
        pause={name: (ids[0], ids[1])},
        running={name: 2},
        segments="82488 1000 /dev/shm/libpod_rootless_lock_1000\n",
    )
    document = {
        "users": {name: {}},
        "sysctls": {KEY: {"at_least": 99}},
        "engine": {"engine": {"num_locks": 64}},
    }
    refused = [each for each in one.plan(spec_of(**document)).refusals if each.allow]
    assert {each.id.split(":")[0] for each in refused} == {"session", "sysctls", "engine"}
    for each in refused:
        command = re.search("podstead apply --allow .*", each.remedy)
        assert command
        assert shlex.split(command[0])[:4] == ["podstead", "apply", "--allow", each.id]
