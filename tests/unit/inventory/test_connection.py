import pytest
from pydantic import SecretStr

from podstead.document.values import Node, Origin
from podstead.document.yaml_document import parse
from podstead.errors import Problem
from podstead.inventory.connection import Connection, connection, connection_variables, hide


def read(text: str) -> tuple[Connection, list[str]]:
    problems: list[Problem] = []
    variables = connection_variables(hide(parse(text, "f")), problems)
    return connection("web1", variables, problems), sorted(map(str, problems))


def good(text: str) -> Connection:
    found, problems = read(text)
    assert problems == []
    return found


def test_a_host_without_variables_is_reached_by_ssh_under_its_name() -> None:
    assert good("{}") == Connection(kind="ssh", address="web1")


def test_all_connection_variables_are_read() -> None:
    found = good("""
ansible_host: 10.0.0.1
ansible_port: 2222
ansible_user: deploy
ansible_ssh_private_key_file: ~/.ssh/key
ansible_password: hunter2
ansible_become: yes
ansible_become_method: doas
ansible_become_user: root
ansible_become_password: hunter3
ansible_ssh_common_args: -J me@jump:22 -o StrictHostKeyChecking=accept-new -o "UserKnownHostsFile /k" -F cfg
""")
    assert found.password is not None
    assert found.become_password is not None
    assert (found.password.get_secret_value(), found.become_password.get_secret_value()) == (
        "hunter2",
        "hunter3",
    )
    assert found == Connection(
        kind="ssh",
        address="10.0.0.1",
        port=2222,
        user="deploy",
        private_key="~/.ssh/key",
        proxy_jump="me@jump:22",
        ssh_config_file="cfg",
        known_hosts_file="/k",
        strict_host_keys="accept-new",
        password=found.password,
        become=True,
        become_method="doas",
        become_password=found.become_password,
    )


@pytest.mark.parametrize("kind", ["local", "podman", "docker", "chroot", "ssh"])
def test_each_kind_of_connection_is_known(kind: str) -> None:
    assert good(f"ansible_connection: {kind}").kind == kind


def test_old_names_mean_the_same() -> None:
    found = good("{ansible_ssh_host: a, ansible_ssh_port: '23', ansible_ssh_user: u, ansible_ssh_pass: p}")
    assert (found.address, found.port, found.user, found.password is not None) == ("a", 23, "u", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-oStrictHostKeyChecking=no", "no"),
        ("-o stricthostkeychecking=off", "no"),
        ("-o StrictHostKeyChecking=ask", "yes"),
    ],
)
def test_host_key_checking_is_read_from_ssh_arguments(text: str, expected: str) -> None:
    assert good(f"ansible_ssh_common_args: {text}").strict_host_keys == expected


def test_host_key_checking_can_be_a_variable() -> None:
    assert good("ansible_host_key_checking: false").strict_host_keys == "no"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ansible_become_user: postgres", "must be root"),
        (
            "ansible_become_method: su_do",
            "expected one of sudo, doas, su; found 'su_do' (did you mean 'sudo'?)",
        ),
        ("ansible_connection: winrm", "expected one of ssh, local, podman, docker, chroot; found 'winrm'"),
        ("ansible_port: 70000", "expected a port number from 1 to 65535, found the number 70000"),
        ("ansible_port: true", "expected a port number from 1 to 65535, found true"),
        ("ansible_become: maybe", "expected true or false, found 'maybe'"),
        ("ansible_host: -oProxyCommand=x", "cannot be used here"),
        ("ansible_user: [a]", "expected one value, found a list"),
        ("ansible_user: 5", "expected a string, found the number 5: quote it"),
        (
            "ansible_user: 0042",
            "0042 is read as a number in an unexpected notation (octal, sexagesimal): quote it",
        ),
        ("ansible_host: x@-oProxyCommand=id", "is not USER@HOST"),
        ("ansible_host: x@", "is not USER@HOST"),
        ("ansible_host: '@x'", "is not USER@HOST"),
        ("ansible_host: -x", "has a blank or a character that a shell obeys, or begins with '-'"),
        ("ansible_host: a;b", "cannot be used here"),
        ("ansible_host: $(id)", "cannot be used here"),
        ("ansible_host: 'a b'", "cannot be used here"),
        ("ansible_user: -l", "cannot be used here"),
        ("ansible_user: 'a;b'", "cannot be used here"),
        ("ansible_user: 'a\\'", "cannot be used here"),
        ("{ansible_connection: docker, ansible_host: 'größe'}", "cannot be used here"),
        ("ansible_become_flags: -H", "is not supported"),
        ("ansible_ssh_common_args: -o ProxyCommand=x", "proxycommand is not supported"),
        ("ansible_ssh_common_args: -v", "-v is not supported"),
        ("ansible_ssh_common_args: -o StrictHostKeyChecking=perhaps", "needs a value that can be used"),
        ("ansible_ssh_common_args: -J", "proxyjump needs a value"),
        ("ansible_ssh_common_args: -J 'a", "a quotation mark is not closed"),
    ],
)
def test_a_wrong_connection_variable_is_reported(text: str, expected: str) -> None:
    (problem,) = read(text)[1]
    assert problem.startswith("f:1: ")
    assert expected in problem


def test_other_variables_of_ansible_are_let_be() -> None:
    assert good("{ansible_python_interpreter: /usr/bin/python3, ansible_pipelining: true}").kind == "ssh"
    assert (
        good(
            '{ansible_hostv6: "::1", ansible_altpassword: x, ansible_scp_extra_args: "-O", ansible_usr: a}'
        ).user
        is None
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ansible_ssh_user: old, ansible_user: new}", "old"),
        ("{ansible_user: new, ansible_ssh_user: old}", "old"),
        ("{ansible_user: new, ansible_ssh_user: ~}", "new"),
        ("{ansible_user: a+b}", "a+b"),
        ("{ansible_user: 'ACME\\jdoe'}", "ACME\\jdoe"),
        ("{ansible_user: größe@corp.example}", "größe@corp.example"),
        ("{ansible_host: deploy@web2}", "deploy"),
        ("{ansible_host: deploy@web2, ansible_user: admin}", "admin"),
    ],
)
def test_the_user_is_the_one_that_ansible_and_ssh_take(text: str, expected: str) -> None:
    assert good(text).user == expected


def test_the_name_of_a_host_may_hold_the_user() -> None:
    found = connection("root@web3", {}, [])
    assert (found.user, found.address) == ("root", "web3")
    found = connection("root@web3", {"ansible_user": Node("admin", Origin("f"))}, [])
    assert (found.user, found.address) == ("admin", "web3")
    assert connection("größe", {}, []).address == "größe"
    problems: list[Problem] = []
    connection("root@-evil", {}, problems)
    assert "is not USER@HOST" in str(problems[0])


def test_of_several_names_for_one_thing_ansibles_last_counts() -> None:
    """Measured with ansible-core: the names of the ssh plugin, wherever they are set, win over the common ones."""
    found = good(
        "{ansible_host: a, ansible_ssh_host: b, ansible_ssh_port: 10, ansible_port: 9, ansible_ssh_private_key_file: /a, "
        "ansible_private_key_file: /b}"
    )
    assert (found.address, found.port, found.private_key) == ("b", 10, "/a")


@pytest.mark.parametrize("value", ["hunter2", "[hunter2]", "{a: hunter2}", "123456"])
def test_neither_repr_nor_message_shows_a_password(value: str) -> None:
    found, problems = read(f"ansible_password: {value}\nansible_become_pass: {value}")
    shown = repr(found) + "".join(problems)
    assert "hunter2" not in shown
    assert "123456" not in shown


def test_a_secret_in_ssh_arguments_is_not_repeated() -> None:
    assert "hunter2" not in "".join(read("ansible_ssh_common_args: -o ProxyCommand='sshpass -p hunter2'")[1])


def test_an_address_that_is_hidden_is_not_repeated() -> None:
    problems: list[Problem] = []
    connection("web1", {"ansible_host": Node(SecretStr("hunter2@-x"), Origin("f", 1))}, problems)
    assert "is not USER@HOST" in str(problems[0])
    assert "hunter2" not in str(problems[0])


@pytest.mark.parametrize("kind", ["docker", "podman", "chroot"])
def test_a_name_that_pyinfra_would_put_into_a_command_line_is_plain(kind: str) -> None:
    problems: list[Problem] = []
    connection("größe#1", {"ansible_connection": Node(kind, Origin("f", 1))}, problems)
    assert [str(problem) for problem in problems] == [f"größe#1: no name of a container or folder for {kind}"]
