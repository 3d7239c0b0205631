"""Values reach a shell as they are or not at all."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from podstead.document.spec import HostSpec
from podstead.host import frames
from podstead.host.families import MANAGERS
from podstead.host.sysctls import path_of
from podstead.provision.change import (
    Change,
    ClearLock,
    CreateShared,
    EditShared,
    GrantSubids,
    InstallPackages,
    Phase,
    RunAsUser,
    RunCommand,
    SetSysctl,
    Step,
    WaitSocket,
    WriteFile,
)
from podstead.visit import protocol, quoting, script
from podstead.visit.look import WITHOUT_ROOT
from podstead.visit.prove import judge
from tests.model_host import NONCE, ModelHost, spec_of
from tests.shells import SHELLS, SHOW, argv_of, lacking, needs, run
from tests.support import written

pytestmark = pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}")

user_names = st.from_regex(
    r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?|[A-Z][A-Za-z0-9.-]{0,9}\\[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}"
    r"|[a-z0-9][a-z0-9_.-]{0,9}@[a-z0-9][a-z0-9.-]{0,9}",
    fullmatch=True,
).filter(lambda name: name != "root")
sysctl_keys = st.from_regex(r"[a-z][a-z0-9_]{0,9}(\.[A-Za-z0-9_-]{1,9}){1,6}", fullmatch=True)
sysctl_values = st.one_of(st.integers(-(2**40), 2**40), st.from_regex(r"[!-~][ -~]{0,30}", fullmatch=True))
package_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,99}", fullmatch=True)
login_shells = st.from_regex(r"/[^\x00-\x1f\x7f:\ud800-\udfff]{0,40}", fullmatch=True)
engine_texts = st.text(max_size=40) | st.sampled_from(
    ["'; touch /tmp/x; '", "$(id)", "`id`", "\\", "\n@@podstead end 0\n", "%s\\n"]
)
any_words = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40
) | st.sampled_from(["", "-n", "$HOME", "a b", "*", "~", "'", "\\'", "\n", "a\nb", "!!", "\x1b[2J"])

documents = st.fixed_dictionaries(
    {
        "users": st.dictionaries(user_names, st.fixed_dictionaries({"create": st.just(True), "shell": login_shells}), min_size=1, max_size=3).map(lambda users: {name: user | {"create": not {"\\", "@"} & {*name}} for name, user in users.items()}),
        "packages": st.dictionaries(package_names, st.just({}), max_size=3),
        "sysctls": st.dictionaries(sysctl_keys, sysctl_values.map(lambda value: {"exact": value}), max_size=3),
        "engine": st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), engine_texts, max_size=2), max_size=2),
    }
)  # fmt: skip

#: Stands for every command that a change may call, and prints what it was called with.
STUBS = SHOW + "".join(
    f'{name}() {{ show {name} "$@"; }}\n'
    for name in ("useradd", "ps_write", "ps_create_shared", "ps_edit_shared", "ps_grant", "ps_install", "ps_sysctl", "ps_wait_socket", "ps_user_step", "loginctl")
) + 'ps_change() { show "$1"; "$2"; }\nps_serial() { :; }\nps_framed() { ps_changes; }\n'  # fmt: skip


def hostile_folder(tmp_path: Path) -> Path:
    """A folder whose names would be taken for words if anything were expanded in it."""
    for name in ("alice", "a", "-rf", "x y", "podman"):
        (tmp_path / name).touch()
    return tmp_path


def words(step: Step) -> list[str]:  # noqa: C901 - one case for each kind of step
    """What the shell must see of a step."""
    match step:
        case RunCommand(argv):
            return list(argv)
        case RunAsUser(user, argv):
            return ["ps_user_step", user, *argv]
        case WriteFile():
            return [
                "ps_write",
                step.path,
                step.mode,
                step.expected,
                base64.b64encode(step.content.encode()).decode(),
            ]
        case CreateShared():
            return ["ps_create_shared", step.path]
        case EditShared():
            return [
                "ps_edit_shared",
                step.path,
                step.expected,
                base64.b64encode(step.content.encode("utf-8", "surrogateescape")).decode(),
            ]
        case ClearLock():
            return ["ps_clear_lock", step.path]
        case GrantSubids():
            files = [
                word
                for one in step.edits
                for word in (one.path, one.expected, base64.b64encode(one.content.encode()).decode())
            ]
            ranges = [
                " ".join(f"{one.start} {one.last}" for one in given) for given in (step.subuids, step.subgids)
            ]
            return ["ps_grant", step.user, "idle" if step.idle else "any", *ranges, *files]
        case InstallPackages():
            return ["ps_install", step.manager, *step.names]
        case SetSysctl():
            return ["ps_sysctl", path_of(step.key), step.value]
        case WaitSocket():
            return ["ps_wait_socket", step.path, str(step.seconds)]


def variable_part(text: str) -> str:
    """An apply script without podstead's own shell files."""
    before, ours, after = text.partition(script.source("apply.sh"))
    assert ours
    assert before.startswith("PS_NONCE=")
    return after


@given(documents)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_spec_may_hold_reaches_every_shell_as_lists_of_names(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    spec = HostSpec.model_validate(document)
    text = (
        SHOW
        + script.observe_header(spec, NONCE)
        + script.source("observe.sh")
        + 'ps_names | while IFS= read -r u; do show user "$u"; done\nfor k in $PS_SYSCTLS; do show key "$k"; done\nfor p in $PS_PACKAGES; do show package "$p"; done\n'
    )
    for name in SHELLS:
        seen = argv_of(run(name, text, cwd=hostile_folder(tmp_path)).stdout)
        assert sorted(spec.users) == [one[1] for one in seen if one[0] == "user"]
        assert {path_of(key) for key in spec.sysctls} <= {one[1] for one in seen if one[0] == "key"}
        assert set(spec.packages) <= {one[1] for one in seen if one[0] == "package"}
        assert len(seen) == len({tuple(one) for one in seen})


@given(documents)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_plan_may_hold_reaches_every_shell_word_by_word(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    spec = HostSpec.model_validate(document)
    host = ModelHost(
        files={"/etc/subuid": "'; echo x:1:2\n", "/etc/subgid": ""}, live=dict.fromkeys(spec.sysctls, "1")
    )
    changes = host.plan(spec).changes
    expected = [line for change in changes for line in ([change.id], *(words(step) for step in change.steps))]
    text = STUBS + variable_part(script.apply(spec, changes, NONCE))
    for name in SHELLS:
        done = run(name, text, cwd=hostile_folder(tmp_path))
        assert done.stderr == b""
        assert expected == argv_of(done.stdout)


@given(st.lists(any_words, min_size=1, max_size=4), any_words, any_words)
@settings(max_examples=40, deadline=None)
def test_any_word_is_quoted(argv: list[str], path: str, content: str) -> None:
    steps: tuple[Step, ...] = (
        RunAsUser(user=path, argv=tuple(argv)),
        EditShared(path=path, content=content, expected="absent"),
        WaitSocket(path=path),
    )
    change = Change(id=path, phase=Phase.SUBIDS, title="t", steps=steps)
    expected = [[path], *(words(step) for step in steps)]
    text = STUBS + variable_part(script.apply(spec_of(), [change], NONCE))
    for name in SHELLS:
        assert expected == argv_of(run(name, text).stdout)


@given(st.lists(user_names, min_size=1, max_size=3, unique=True))
@settings(max_examples=15, deadline=None)
def test_whom_to_prove_and_with_what_reaches_every_shell(users: list[str]) -> None:
    text = script.prove(spec_of(users={name: {} for name in users}), users, NONCE, seconds=5)
    header = text.partition(script.source("frame.sh"))[0]
    for shell in SHELLS:
        shown = run(shell, f'{SHOW}{header}set -f\nfor u in $PS_SUBJECTS; do show "$u" "$PS_SECONDS"; done\n')
        assert argv_of(shown.stdout) == [[name, "5"] for name in users]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("file", "variable", "held"),
    [
        (file, *word.split("="))
        for file in written.names()
        if not file.startswith("inner/")
        for word in script.header(file, "holds")
    ],
)
def test_a_text_that_a_file_holds_reaches_every_shell_as_it_is(
    shell: str, file: str, variable: str, held: str
) -> None:
    shown = run(shell, f'{script.embedded(file)}printf %s "${variable}"\n')
    assert shown.stdout.decode() == script.assembled(held)


HOSTILE = ["a b", "a;b", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "alice\n", "-rf", "a*", "../x", "", "ü", "a\0b", "a&b", "a|b", "a>b", "\\b", "a\\", "a\\b\\c", "@b", "a@", "a@b@c", "a b\\c", "D\\$(id)", "$", "a:b", "a#", "~", "{a,b}", "a/b", "x" * 40]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_user_name_that_a_shell_could_act_on_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        HostSpec.model_validate({"users": {name: {}}})


@pytest.mark.parametrize("name", [*HOSTILE[:17], "podman=1.0", "podman/sid", "+x", "--force-yes"])
def test_a_package_name_that_a_tool_could_act_on_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        HostSpec.model_validate({"packages": {name: {}}})


@pytest.mark.parametrize(
    "key", [*HOSTILE, "net", "net..x", "net.*", "net/ipv4", "net.ipv4.../../etc/passwd", ".net.x", "net.x\n"]
)
def test_a_sysctl_that_is_no_name_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        HostSpec.model_validate({"sysctls": {key: 1}})


@pytest.mark.parametrize("value", ["", " 1", "a\nb", "a\0", "ü", "1\n"])
def test_a_sysctl_value_of_more_than_one_line_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        HostSpec.model_validate({"sysctls": {"net.x": value}})


@pytest.mark.parametrize("path", ["bash", "/bin/sh\n", "/bin:/x", "/a\0", "/\x1b"])
def test_a_login_shell_that_would_break_passwd_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        HostSpec.model_validate({"users": {"alice": {"shell": path}}})


@pytest.mark.parametrize(
    "nonce", ["", "0123", "0123456789abcdeg", "0" * 65, "$(id)aaaaaaaaaaaaaaaa", "0123456789abcdef\n"]
)
def test_a_nonce_is_hex_and_long_enough(nonce: str) -> None:
    with pytest.raises(ValueError, match="16 to 64 hex digits"):
        script.observe(spec_of(), nonce)


def test_a_nul_byte_cannot_be_passed() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quoting.word("a\0b")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "*", "ü", "a\nb"])
def test_a_list_of_names_takes_plain_names_only(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        quoting.names(["podman", name])


@pytest.mark.parametrize("name", ["", "A B", "1A", "a;b"])
def test_a_variable_has_a_name_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="not a name of a shell variable"):
        quoting.assign(name, "x")


def change(name: str, phase: Phase, user: str = "") -> Change:
    return Change(id=name, phase=phase, title=name, steps=(RunCommand(("true",)),), user=user)


def test_a_change_names_those_of_its_batch_that_it_needs() -> None:
    changes = (
        change("accounts:alice:exists", Phase.ACCOUNTS, "alice"),
        change("subids:subuid:lines", Phase.SUBIDS),
        change("subids:alice:ranges", Phase.SUBIDS, "alice"),
        change("subids:bob:ranges", Phase.SUBIDS, "bob"),
        change("sysctls:a.b:live", Phase.SYSCTLS),
        change("engine:drop-in:content", Phase.ENGINE),
        change("session:bob:linger", Phase.SESSION, "bob"),
    )
    calls = re.findall("^ps_change .*$", script.apply(spec_of(), changes, NONCE), re.MULTILINE)
    assert calls == [
        "ps_change accounts:alice:exists ps_c0",
        "ps_change subids:subuid:lines ps_c1",
        "ps_change subids:alice:ranges ps_c2 ps_c0 ps_c1",
        "ps_change subids:bob:ranges ps_c3 ps_c1",
        "ps_change sysctls:a.b:live ps_c4",
        "ps_change engine:drop-in:content ps_c5",
        "ps_change session:bob:linger ps_c6 ps_c3 ps_c5",
    ]


def test_comments_are_not_sent_to_hosts() -> None:
    for name in written.names():
        lines = script.source(name).splitlines()
        assert [line for line in lines if line.startswith("#") or not line.strip()] == []
        assert lines


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_that_is_carried_away_says_in_its_answer_what_it_is(shell: str) -> None:
    """And podstead's own do not: their answers are read by the podstead that has just sent them."""
    text, call, _ = script.standalone().rpartition('ps_stand_alone "$@"\n')
    only_look = f"{text}ps_all() {{ ps_record end; }}\nset -- nobody\n{call}"
    answer = run(shell, only_look, cwd=Path("/"), user=needs(root=True) == "").stdout.decode()
    assert [one.argument for one in frames.decode(answer, kind="observe").all("script")] == [
        protocol.written_by()
    ]
    assert judge("host", answer, HostSpec()).notes[:1] == (WITHOUT_ROOT,)
    assert "PS_SCRIPT=" not in script.prove(spec_of(), (), NONCE, seconds=5)


@pytest.mark.parametrize(
    "root", ["apply.sh", "probe.sh", "probe_user.sh", "observe_user.sh", "standalone.sh"]
)
def test_no_function_of_a_script_hides_another(root: str) -> None:
    """The files of a script share one namespace: a second function of a name would silently take the first one's place."""
    files = [*script.order(root), *(f"packages/{manager}.sh" for manager in MANAGERS)]
    names = [
        name for file in files for name in re.findall(r"^(ps_[a-z_]+)\(\)", script.own(file), re.MULTILINE)
    ]
    assert len(names) > 5
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", ["ACME\\jdoe", "asmith@corp.example.com"])
def test_an_account_of_a_directory_is_not_created_on_a_host(name: str) -> None:
    assert HostSpec.model_validate({"users": {name: {}}}).users
    with pytest.raises(ValidationError, match="is created in the directory"):
        HostSpec.model_validate({"users": {name: {"create": True}}})
