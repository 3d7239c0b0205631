"""The command line as a person meets it: each call is a process of its own."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import jsonschema
import pytest

from podstead.cli import verbs
from podstead.cli.grouped_help import HEADINGS, OTHERS
from podstead.cli.main import VERBS
from podstead.visit.protocol import load
from tests.model_host import ModelHost, encode, record
from tests.support import preloaded

HEAVY = ("pyinfra", "gevent", "pydantic", "paramiko", "yaml", "jinja2", "rich", "tomllib", "packaging")


def podstead(*arguments: str, cwd: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return preloaded.run(arguments, cwd=cwd, input=stdin)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """A mistake of the person: exit code 2, a sentence on standard error, nothing on standard output."""
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "hosts.yml").write_text("web:\n  hosts:\n    web1:\n    web2:\n")
    (tmp_path / "group_vars" / "all.yml").write_text("podstead:\n  users: {alice: {}}\n")
    return tmp_path


def test_every_module_of_a_verb_is_listed_under_its_name() -> None:
    modules = {
        one.name: import_module(f"{verbs.__name__}.{one.name}")
        for one in pkgutil.iter_modules(verbs.__path__)
    }
    assert {name: module.command.name for name, module in modules.items()} == {verb: verb for verb in VERBS}


def test_help_names_every_verb() -> None:
    done = podstead("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert [verb for verb in VERBS if f"\n  {verb} " not in done.stdout] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    done = podstead(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f" podstead {verb} [OPTIONS]" in done.stdout.partition("\n")[0]
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


GROUPED = ("apply", "check", "verify", "up")


@pytest.mark.parametrize("verb", GROUPED)
def test_help_of_a_run_has_examples_and_its_options_under_headings(verb: str) -> None:
    shown = podstead(verb, "--help").stdout
    sections = dict(re.findall(r"^([A-Z][A-Za-z ]+):\n((?:  .+\n|\n(?=  ))+)", shown, re.MULTILINE))
    examples, *headings = (name for name in sections if name != "Usage")
    assert examples == "Examples"
    assert len(re.findall(rf"^  podstead {verb} ", sections["Examples"], re.MULTILINE)) == 3
    assert headings == [name for name in (*HEADINGS, OTHERS) if name in headings]
    assert {"Which hosts", "Which users", "Connection", "Output"} <= set(headings)
    assert re.findall(r"^  (-.*?)  ", sections[OTHERS], re.MULTILINE) == ["-h, --help"]


@pytest.mark.parametrize("verb", GROUPED)
def test_help_lists_every_option_that_it_does_not_hide(verb: str) -> None:
    command: click.Command = import_module(f"podstead.cli.verbs.{verb}").command
    shown = podstead(verb, "--help").stdout
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.opts for one in options if (f" {one.opts[0]}" in shown) is one.hidden] == []


def test_every_parameter_below_a_heading_is_one_of_a_verb() -> None:
    commands = [import_module(f"podstead.cli.verbs.{verb}").command for verb in GROUPED]
    known = {one.name for command in commands for one in command.params}
    assert {name for names in HEADINGS.values() for name in names} <= known


@pytest.mark.parametrize(
    "arguments",
    [
        ("bring-peace",),
        ("apply", "--no-such-option"),
        ("check", "--forks", "0", "@local"),
        ("explain", "V99"),
        ("apply", "-f", "many"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert arguments[-1].lstrip("-") in refused(podstead(*arguments)) or "forks" in arguments[1]


@pytest.mark.parametrize("verb", ["apply", "check", "verify", "up"])
@pytest.mark.parametrize("slip", ["--users", "--bogus", "--use", "--usr"])
def test_no_option_is_suggested_that_is_always_refused(verb: str, slip: str) -> None:
    """``--user`` exists only to say what to write instead."""
    error = refused(podstead(verb, slip, "alice"))
    assert slip in error
    assert not re.search(r"--user\b", error)
    document = podstead(verb, slip, "alice", "-o", "json").stdout
    assert document.startswith("{")
    assert not re.search(r"--user\b", document)


def test_an_option_that_exists_is_suggested() -> None:
    assert "--remote-user" in refused(podstead("check", "--remote-usr", "x"))


@pytest.mark.parametrize(
    "verb", [("check", "@local"), ("inventory", "@local"), ("show", "@local"), ("roles",)]
)
def test_a_folder_of_roles_that_does_not_exist_is_a_mistake_wherever_it_is_named(
    verb: tuple[str, ...], tmp_path: Path
) -> None:
    said = refused(podstead(*verb, "--roles-path", "/nosuch/roles"))
    assert said.startswith("podstead: /nosuch/roles: there is no such folder of roles\n")
    (tmp_path / "podstead.toml").write_text("roles_path = 'mine'\n")
    said = refused(podstead(*verb, cwd=tmp_path))
    assert "mine: there is no such folder of roles" in said
    assert "--roles-path" in said


def test_without_an_inventory_there_is_none_to_show_and_it_says_what_to_give() -> None:
    text = refused(podstead("inventory"))
    assert "no inventory is configured" in text
    assert "-i PATH" in text
    assert "@local" in text


@pytest.mark.parametrize(
    "words",
    [("check", "--list-hosts"), ("verify", "--list-hosts"), ("show",)],
    ids=" ".join,
)
def test_without_an_inventory_what_changes_nothing_means_this_machine(words: tuple[str, ...]) -> None:
    """None of these connects."""
    done = podstead(*words, "-e", "podstead={users: {alice: {}}}")
    assert done.returncode == 0
    assert done.stdout.startswith(("@local\n", "# @local: local @local\n"))
    assert done.stderr == "podstead: no inventory is configured, so this machine is meant (@local)\n"


def test_without_an_inventory_apply_says_what_to_name() -> None:
    """It lists only: were it not refused, it would change the machine that the tests run on."""
    text = refused(podstead("apply", "--list-hosts"))
    assert "no inventory is configured, and no host is named" in text
    assert "-i PATH" in text
    assert "@local" in text


def test_a_pattern_without_an_inventory_is_no_host_of_one() -> None:
    said = refused(podstead("inventory", "web1"))
    assert "'web1' is a host or group name, but no inventory is configured" in said


def test_a_pattern_that_matches_nothing_is_a_mistake(fleet: Path) -> None:
    assert "db" in refused(podstead("inventory", "db", "-i", str(fleet / "hosts.yml")))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("podstead: {users: [\n", 1, "is not YAML"),
        ("podstead:\n  users:\n    alice:\n      linger: maybe\n", 4, "users.alice.linger"),
        ("podstead:\n  users:\n    alice: {}\n    alice: {}\n", 4, "alice"),
        ("podstead:\n  packges: {}\n", 2, "did you mean 'packages'?"),
        ("podstead:\n  users:\n    'a;b': {}\n", 3, "a;b"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_file_and_line(
    fleet: Path, text: str, line: int, word: str
) -> None:
    path = fleet / "group_vars" / "all.yml"
    path.write_text(text)
    said = refused(podstead("show", "-i", str(fleet / "hosts.yml")))
    assert f"all.yml:{line}" in said
    assert word in said


def test_all_mistakes_are_said_at_once(fleet: Path) -> None:
    (fleet / "group_vars" / "all.yml").write_text(
        "podstead:\n  packges: {}\n  users: {alice: {crate: true}}\n"
    )
    said = refused(podstead("check", "-i", str(fleet / "hosts.yml")))
    assert "packges" in said
    assert "crate" in said


def test_an_inventory_that_is_not_there_is_a_mistake() -> None:
    assert "/no/such/file" in refused(podstead("check", "-i", "/no/such/file"))


def test_terminal_escapes_in_input_are_not_printed_raw(fleet: Path) -> None:
    said = refused(podstead("show", "\x1b[2Jweb", "-i", str(fleet / "hosts.yml")))
    assert "\x1b" not in said


def test_inventory_lists_hosts_in_order(fleet: Path) -> None:
    assert podstead("inventory", "-i", str(fleet / "hosts.yml")).stdout == "web1\nweb2\n"
    assert podstead("inventory", "all:!web1", "-i", str(fleet / "hosts.yml")).stdout == "web2\n"


def test_show_prints_the_merged_document(fleet: Path) -> None:
    done = podstead(
        "show",
        "web1",
        "-i",
        str(fleet / "hosts.yml"),
        "-o",
        "json",
        "-e",
        "podstead={subids: {count: 131072}}",
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "podstead.show/1"
    assert "131072" in json.dumps(document)
    assert "all.yml:2" in podstead("show", "web1", "--origins", "-i", str(fleet / "hosts.yml")).stdout


def test_explain_is_asked_with_a_message_or_a_word() -> None:
    done = podstead("explain", "newuidmap:", "write to uid_map failed")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "The best match first; podstead explain ID says more:\n\nB03 helper-privileges-lost "
    )
    done = podstead("explain", "rootlessport cannot expose privileged port 80")
    assert done.stdout.startswith("G08 low-ports-refused  "), "the only one is explained at once"
    assert len(json.loads(podstead("explain", "nosuid", "-o", "json").stdout)["entries"]) > 1
    done = podstead("explain", "B3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "podstead: nothing matches 'B3'\npodstead:   did you mean B03?\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chekc",), "there is no verb 'chekc' (did you mean 'check'?)"),
        (("plan", "web"), "there is no verb 'plan' (did you mean 'check'?)"),
        (("help", "verfiy"), "there is no verb 'verfiy' (did you mean 'verify'?)"),
        (("xyzzy",), "there is no verb 'xyzzy'\n"),
    ],
)
def test_a_word_that_is_no_verb_is_an_error_with_the_verb_that_was_meant(
    words: tuple[str, ...], said: str
) -> None:
    done = podstead(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_help_is_a_verb_as_well() -> None:
    assert podstead("help").stdout == podstead("--help").stdout
    assert podstead("help", "verify").stdout == podstead("verify", "--help").stdout


def test_explain_lists_all_and_says_more_of_one() -> None:
    everything = podstead("explain")
    assert everything.returncode == 0
    assert "V10 " in everything.stdout
    one = podstead("explain", "subids:alice:ranges")
    assert "Remedy:\n  usermod --add-subuids" in one.stdout
    assert json.loads(podstead("explain", "V10", "-o", "json").stdout)["schema"] == "podstead.explain/1"


def test_schema_is_a_json_schema() -> None:
    document = json.loads(podstead("schema").stdout)
    assert list(document["properties"]) == ["podstead"]
    assert "users" in document["properties"]["podstead"]["properties"]


def test_apply_can_list_hosts_without_connecting(fleet: Path) -> None:
    assert podstead("apply", "--list-hosts", "-i", str(fleet / "hosts.yml")).stdout == "web1\nweb2\n"


def carried(says: str) -> str:
    """What the script that people carry away prints of a host on which nobody is proved."""
    look = (record("script", "", says), *ModelHost().records())
    return "\n".join((*encode(look, kind="observe"), *encode((), kind="probe")))


def test_judge_says_what_it_does_not_read() -> None:
    """The old form of -e would else be judged by as if it had not been given."""
    done = podstead("judge", "-", "-e", "users={alice: {}}", stdin="")
    assert "warning: -e #1: users: not read" in done.stderr


@pytest.mark.parametrize("kinds", [(), ("observe",), ("probe",)])
def test_judge_does_not_repeat_a_file_that_is_not_an_answer(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """It may be any file, such as /etc/shadow; what a host has said is repeated (frames.decode)."""
    look = (record("script", "", f"9.9.9 {load().version}"), *ModelHost().records())
    frames = [line for kind in kinds for line in encode(look if kind == "observe" else (), kind=kind)]
    place = tmp_path / "shadow"
    place.write_text("\n".join(("root:$6$secret:19000::::::", *frames)))
    done = podstead("judge", str(place))
    assert refused(done).startswith(
        "podstead: shadow: this is not the complete output of podstead's script\n"
    )
    as_document = podstead("judge", str(place), "-o", "json")
    assert [problem["where"] for problem in json.loads(as_document.stdout)["problems"]] == ["shadow"]
    assert "secret" not in done.stderr + as_document.stdout + as_document.stderr


def test_judge_notes_another_podstead_and_refuses_another_protocol() -> None:
    spoken = load().version
    done = podstead("judge", "-", stdin=carried(f"9.9.9 {spoken}"))
    assert "note: [standard input] podstead 9.9.9 wrote the script, this is podstead " in done.stdout
    done = podstead("judge", "-", "-o", "json", stdin=carried(f"9.9.9 {spoken}"))
    assert json.loads(done.stdout)["hosts"][0]["notes"][0].startswith("podstead 9.9.9 wrote the script")
    said = refused(podstead("judge", "-", stdin=carried(f"9.9.9 {spoken + 1}")))
    assert (
        f"standard input: podstead 9.9.9 wrote the script, and its answer is of protocol {spoken + 1}" in said
    )
    assert "podstead verify --print-script >check.sh" in said


def test_the_version_names_what_matters_for_a_bug_report() -> None:
    text = podstead("--version").stdout
    assert all(name in text for name in ("podstead ", "pyinfra ", "paramiko ", "Python "))


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "podstead", "explain"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert said == ""


@pytest.mark.parametrize(
    "code",
    [
        "import podstead",
        "import podstead.cli.main as main; main.cli.main(['--help'], standalone_mode=False)",
        "import podstead; assert not hasattr(podstead, 'nothing')",
    ],
)
def test_importing_and_help_load_nothing_heavy(code: str) -> None:
    text = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted(set(sys.modules) & {set(HEAVY)!r})))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_the_library_patches_nobody() -> None:
    text = "import socket, threading\nbefore = socket.socket, threading.Thread\nimport podstead, podstead.api, podstead.fleet.run\npodstead.apply\nassert (socket.socket, threading.Thread) == before\nimport sys\nassert not {'pyinfra', 'gevent'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_mistakes_are_a_document_where_a_program_reads(tmp_path: Path) -> None:
    place = tmp_path / "hosts.yml"
    place.write_text("all:\n  hosts: {web1: }\n  vars:\n    podstead: {usres: {}}\n")
    for words in (("-o", "json"), ("-ojson",), ("--output", "json"), ("--output=json",)):
        done = podstead("check", "-i", str(place), *words)
        assert done.returncode == 2
        document = json.loads(done.stdout)
        assert document["schema"] == "podstead.error/1"
        (problem,) = document["problems"]
        assert (problem["where"], problem["key"]) == (f"{place}:4", "podstead.usres")
        assert "did you mean 'users'?" in problem["message"]
        assert f"{place}:4: podstead.usres" in done.stderr, "people are told as well"
    assert podstead("check", "-i", str(place), "-o", "junit").stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "-o", "json", "--bogus"), "--bogus"),
        (("check", "--forks", "many", "-vo", "json"), "'many' is not a valid integer"),
        (("verify", "-ojson", "--since", "/no/such/report"), "/no/such/report"),
        (("apply", "-o", "text", "--output=json", "--bogus"), "--bogus"),
        (("judge", "-o", "json"), "FILE"),
        (("check", "-o", "json", "-o", "jsno"), ""),
        (("check", "-o", "json", "--output", "text", "--bogus"), ""),
        (("check", "--output-file", "json", "--bogus"), ""),
        (("check", "--bogus", "--", "-o", "json"), ""),
    ],
)
def test_wrong_usage_is_a_document_where_a_program_reads(words: tuple[str, ...], message: str) -> None:
    done = podstead(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: podstead "), "people are told as well"
    if not message:
        assert done.stdout == ""
        return
    document = json.loads(done.stdout)
    assert (document["schema"], document["hint"]) == ("podstead.error/1", f"podstead {words[0]} --help")
    (problem,) = document["problems"]
    assert message in problem["message"]
    assert (problem["where"], problem["key"]) == ("", "")


def test_an_option_without_its_value_is_a_document_as_well() -> None:
    done = podstead("check", "-o", "json", "--tags")
    document = json.loads(done.stdout)
    assert (done.returncode, document["hint"]) == (2, "podstead --help")
    assert "--tags" in document["problems"][0]["message"]


@pytest.mark.parametrize("in_file", [False, True])
def test_an_output_that_a_setting_asks_for_counts(tmp_path: Path, in_file: bool) -> None:
    if in_file:
        (tmp_path / "podstead.toml").write_text('output = "json"\n')
    env = {**os.environ} if in_file else {**os.environ, "PODSTEAD_OUTPUT": "json"}
    for line in ("check --bogus", "check --tags x @local"):
        done = preloaded.run(line.split(), cwd=tmp_path, env=env)
        assert (done.returncode, json.loads(done.stdout)["schema"]) == (2, "podstead.error/1")
    for line in ("check --bogus -o text", "explain --bogus", "bring-peace"):
        assert preloaded.run(line.split(), cwd=tmp_path, env=env).stdout == ""


def test_the_schema_of_a_report_is_printed() -> None:
    schema = json.loads(podstead("schema", "report").stdout)
    assert schema["$id"] == "urn:podstead:report:1"
    jsonschema.Draft202012Validator.check_schema(schema)
