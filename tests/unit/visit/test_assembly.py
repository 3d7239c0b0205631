"""What each file of a script says that it needs and holds is true, and puts a script together in an order that works."""

from __future__ import annotations

import re
from functools import cache

import pytest

from podstead.visit import script
from tests.support import written

FILES = written.names()
INNER = [str(path.relative_to(written.FOLDER)) for path in sorted((written.FOLDER / "inner").glob("*.*"))]


def functions(name: str) -> set[str]:
    """The functions that a file has for others: inner scripts have some of their own."""
    prefix = "mapped" if name.startswith("inner/") else "ps_\\w+"
    return set(re.findall(rf"^({prefix})\(\)", script.own(name), re.MULTILINE))


def variables(name: str) -> set[str]:
    """The variables that a file sets when it is read."""
    return set(re.findall(r"^([A-Za-z_]+)=", script.own(name), re.MULTILINE))


@cache
def owners() -> dict[str, str]:
    """The file of each function that has one file."""
    return {function: name for name in FILES for function in functions(name)}


def called(name: str) -> set[str]:
    """The files whose functions a file calls."""
    words = set(re.findall(r"(?<![\w$/-])[a-z_]+(?![\w=])", script.own(name)))
    return {owners()[word] for word in words & owners().keys()} - {name}


def test_every_function_is_in_one_file() -> None:
    every = [function for name in FILES for function in functions(name)]
    assert sorted(every) == sorted(owners())


STEPS = {"apply_as_user.sh", "frame.sh"}
"""The functions of these are called in changes, which podstead writes, and in the last line of a script."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_it_needs_and_nothing_else(name: str) -> None:
    text = script.own(name)
    of_managers = {file for file in called(name) if file.startswith("packages/")}  # sent with every script
    assert called(name) - of_managers <= set(script.order(name))
    for file in script.header(name, "needs"):
        used = {variable for variable in variables(file) if re.search(rf"\${{?{variable}\b", text)}
        assert used or file in called(name) or file in STEPS, f"{name} says that it needs {file}"


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_holds_is_used_in_it(name: str) -> None:
    for word in script.header(name, "holds"):
        variable, _, file = word.partition("=")
        assert f'"${variable}"' in script.own(name)
        assert (written.FOLDER / file).is_file()


def test_every_piece_is_held_or_needed_by_a_file() -> None:
    held = {word.partition("=")[2] for name in FILES for word in script.header(name, "holds")}
    needed = {word for name in FILES for word in script.header(name, "needs")}
    assert set(INNER) == {name for name in held | needed if name.startswith("inner/")}


def test_a_script_has_each_file_once_behind_what_it_needs() -> None:
    for name in FILES:
        order = script.order(name)
        assert len(order) == len(set(order))
        for at, file in enumerate(order):
            assert set(script.header(file, "needs")) <= set(order[:at])


def test_a_text_that_is_held_reaches_the_shell_as_it_is() -> None:
    assert script.source("probe_sockets.sh").startswith("ps_sockets_perl='use Errno;\nuse Socket;\n")
    assert "ps_sockets_python=" in script.source("probe_sockets.sh")


def test_a_script_of_root_begins_with_what_its_commands_find() -> None:
    for name in ("observe.sh", "apply.sh", "probe.sh", "standalone.sh"):
        assert script.order(name)[0] == "frame.sh"


@pytest.mark.parametrize("name", ["probe_user.sh", "observe_user.sh"])
def test_a_script_of_a_user_has_the_users_own_environment(name: str) -> None:
    """What it proves must hold in the session: it sets nothing that Podman reads."""
    assert "frame.sh" not in script.order(name)
    assert {"PATH", "HOME", "USER", "TMPDIR", "XDG_RUNTIME_DIR"}.isdisjoint(
        variable for file in script.order(name) for variable in variables(file)
    )
