"""Projects with mistakes, as people make them. What podstead says to each is in tests/golden/broken/NAME.txt."""

from __future__ import annotations

from dataclasses import dataclass, field

HOSTS = "web:\n  hosts:\n    web1:\n    web2:\n"
SEALED = """\
$ANSIBLE_VAULT;1.1;AES256
35326362396566383965356632363039653636316162393863326161316635336564353637313639
3262646665313036366339616461663633326261386564640a333037613466626536353934393363
65316335313931636365343364616230666138643433363664313039626135383031653966316338
3235646632633866370a643633613033383464663265373164633238626663663764306338333237
3936
"""
"""Real, with the password "open sesame"."""


@dataclass(frozen=True)
class Broken:
    """Files of a project (``{dir}`` in a text is its folder), and what is given besides ``-i hosts.yml``."""

    files: dict[str, str]
    words: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("hosts.yml",)
    modes: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def all_files(self) -> dict[str, str]:
        return {"hosts.yml": HOSTS, **self.files}


def _all(text: str) -> Broken:
    return Broken({"group_vars/all.yml": text})


def _document(text: str) -> Broken:
    """All hosts have this host document."""
    return _all("podstead:\n" + "".join(f"  {line}" for line in text.splitlines(keepends=True)))


def _hosts(text: str) -> Broken:
    return Broken({"hosts.yml": text})


def _ini(text: str) -> Broken:
    return Broken({"hosts.ini": text}, sources=("hosts.ini",))


def _role(text: str, **more: str) -> Broken:
    others = {f"roles/{name}/role.yml": one for name, one in more.items()}
    return Broken(
        {"group_vars/all.yml": "podstead: {roles: [site]}\n", "roles/site/role.yml": text, **others}
    )


BROKEN = {
    # the host document
    "unknown key, one letter off": _document("session: {linger: true}\nusers:\n  alice: {lingr: true}\n"),
    "top key, one letter off": _document("user: {alice: {}}\nsysctl: {net.ipv4.ip_forward: 1}\n"),
    "variable in the document": _document("users: {alice: {}}\nhttp_port: 80\nansible_user: me\n"),
    "document that is a list": _all("podstead:\n- users\n- roles\n"),
    "document that is a text": _all("podstead: users\n"),
    "key that belongs elsewhere": _document("subids: {linger: true}\n"),
    "text for a number": _document('subids: {count: "65536"}\n'),
    "number for text": _document("storage: {driver: 5}\n"),
    "text for a truth value": _document('session: {linger: "yes"}\n'),
    "list for a mapping": _document("users: [alice, bob]\n"),
    "text for a list": _document("roles: rootless-podman\n"),
    "nothing for a mapping": _document("users:\n  alice:\n"),
    "choice, one letter off": _document("subids: {allocation: sequental}\n"),
    "window that ends before it starts": _document("subids: {window: [600000, 500000]}\n"),
    "window too small": _document("subids: {window: [524288, 525000]}\n"),
    "window with three numbers": _document("subids: {window: [1, 2, 3]}\n"),
    "negative count": _document("subids: {count: -1}\n"),
    "id beyond two to the 31": _document("users: {alice: {subuid: {start: 2147483647, count: 65536}}}\n"),
    "range without a start": _document("users: {alice: {subuid: {count: 65536}}}\n"),
    "root as a user": _document("users: {root: {}}\n"),
    "user name with a blank": _document('users: {"alice smith": {}}\n'),
    "sysctl with two needs": _document("sysctls: {net.ipv4.ip_forward: {at_least: 1, at_most: 2}}\n"),
    "sysctl without a need": _document("sysctls: {net.ipv4.ip_forward: {}}\n"),
    "sysctl that is no key": _document("sysctls: {ip forward: 1}\n"),
    "sysctl range the wrong way round": _document(
        "sysctls: {net.ipv4.ping_group_range: {covers: [10, 0]}}\n"
    ),
    "version that is none": _document("packages: {podman: {version: '>=four'}}\n"),
    "controller that is none": _document("session: {delegate: [cpu, memry]}\n"),
    "shell that is no path": _document("users: {alice: {shell: bash}}\n"),
    # YAML
    "norway as a user": _document("users:\n  no: {}\n  on: {}\n"),
    "octal number": _document("subids: {count: 0200000}\n"),
    "sexagesimal number": _document("subids: {count: 12:30}\n"),
    "date as a version": _document("packages: {podman: {version: 2024-01-01}}\n"),
    "key twice": _document("session: {linger: true}\nusers: {}\nsession: {linger: false}\n"),
    "tab": _all("podstead:\n  users:\n\talice: {}\n"),
    "colon in plain text": _document("storage: driver: overlay\n"),
    "bracket not closed": _document("roles: [rootless-podman\n"),
    "quotation mark not closed": _document('storage: {driver: "overlay}\n'),
    "wrong indentation": _document("users:\n  alice: {}\n bob: {}\n"),
    "two documents": _all("podstead: {users: {}}\n---\npodstead: {session: {}}\n"),
    "unknown anchor": _document("users: {alice: *defaults}\n"),
    "unknown tag": _document("users: !python/object:os.system {}\n"),
    "not a mapping": _all("- users\n- roles\n"),
    "file that cannot be read": Broken(
        {"group_vars/web.yml": "a: 1\n"}, links={"group_vars/all.yml": "/nowhere/all.yml"}
    ),
    "not utf-8": Broken({"group_vars/all.yml": "podstead: {users: {\udcff: {}}}\n"}),
    # inventories
    "unknown key of a group": _hosts("web:\n  host:\n    web1:\n"),
    "hosts as a list": _hosts("web:\n  hosts:\n    - web1\n    - web2\n"),
    "children as a list": _hosts("all:\n  children: [web]\n"),
    "vars as a list": _hosts("web: {hosts: {web1: }, vars: [a]}\n"),
    "range that ends before it starts": _hosts("web: {hosts: {'web[5:1]': }}\n"),
    "range of different lengths": _hosts("web: {hosts: {'web[01:100]': }}\n"),
    "bracket without its partner": _hosts("web: {hosts: {'web[1:3': }}\n"),
    "host name with a blank": _hosts("web: {hosts: {'web 1': }}\n"),
    "host names that are numbers": _hosts("web: {hosts: {1: , 2: }}\n"),
    "groups in a circle": _hosts("a: {hosts: {h: }, children: {b: {children: {c: {children: {a: }}}}}}\n"),
    "inventory without hosts": _hosts("all: {children: {web: }}\n"),
    "empty inventory": _hosts(""),
    "inventory plugin": _hosts("plugin: amazon.aws.aws_ec2\nregions: [eu-1]\n"),
    "no such inventory": Broken({}, sources=("host.yml",)),
    "folder without inventories": Broken({"inv/README.md": "x"}, sources=("inv",)),
    "ini: unknown section": _ini("[web]\nweb1\n[web:var]\nx=1\n"),
    "ini: field that is none": _ini("web1 ansible_user=me port 22\n"),
    "ini: quotation mark": _ini("web1 motd='hello\n"),
    "ini: document key that is no yaml": _ini("web1 podstead='{users: {alice: '\n"),
    "script that fails": Broken(
        {"hosts": "#!/bin/sh\necho 'no credentials' >&2\nexit 3\n"},
        sources=("hosts",),
        modes={"hosts": 0o755},
    ),
    "script that prints no json": Broken(
        {"hosts": "#!/bin/sh\necho hello\n"}, sources=("hosts",), modes={"hosts": 0o755}
    ),
    "script that may not be run": Broken({"hosts": "#!/bin/sh\necho '{}'\n"}, sources=("hosts",)),
    "pyinfra inventory that fails": Broken(
        {"inventory.py": "web = ['a']\ndb = [nowhere]\n"}, sources=("inventory.py",)
    ),
    "group_vars in two forms": Broken({"group_vars/web.yml": "a: 1\n", "group_vars/web/x.yml": "a: 2\n"}),
    "group that two groups disagree about": _hosts(
        "a: {hosts: {h: }, vars: {podstead: {session: {linger: true}}}}\nb: {hosts: {h: }, vars: {podstead: {session: {linger: false}}}}\n"
    ),
    # connections
    "unknown connection": _all("ansible_connection: sssh\n"),
    "port out of range": _all("ansible_port: 70000\n"),
    "password that is a number": _all("ansible_password: 123456\n"),
    "become another user": _all("ansible_become_user: postgres\n"),
    "ssh option that is not supported": _all("ansible_ssh_common_args: -o ProxyCommand='nc %h %p'\n"),
    # patterns
    "group that is none": Broken({}, ("wbe",)),
    "limit that matches nothing": Broken({}, ("web", "--limit", "web9*")),
    "pattern that excludes all": Broken({}, ("web:!web",)),
    "expression that is none": Broken({}, ("~web(",)),
    "retry file that is none": Broken({}, ("all", "--limit", "@site.retry")),
    # roles
    "role that does not exist": _document("roles: [rootles-podman]\n"),
    "roles in a circle": _role("roles: [base]\n", base="roles: [site]\n"),
    "roles that disagree": Broken(
        {
            "group_vars/all.yml": "podstead: {roles: [one, two]}\n",
            "roles/one/role.yml": "subids: {count: 65536}\n",
            "roles/two/role.yml": "subids: {count: 131072}\n",
        }
    ),
    "variable in a role": _role("http_port: 80\nansible_user: me\n"),
    "role with a name of a built-in one": Broken(
        {"roles/rootless-podman/role.yml": "session: {linger: true}\n"}
    ),
    "role of ansible": Broken(
        {
            "group_vars/all.yml": "podstead: {roles: [podman]}\n",
            "roles/podman/tasks/main.yml": "- debug:\n",
            "roles/x/role.yml": "{}\n",
        }
    ),
    "tag of unknown parts": _role("tags: {net: [sysctl], web: sysctls}\n"),
    "role by a path that is none": _document("roles: [../roles/site]\n"),
    # templates and secrets
    "undefined variable": _document('subids: {count: "{{ ids_per_user }}"}\n'),
    "fact in a template": _document('storage: {driver: "{{ ansible_distribution }}"}\n'),
    "template in a circle": _all('a: "{{ b }}"\nb: "{{ a }}"\npodstead: {storage: {driver: "{{ a }}"}}\n'),
    "template that is no jinja": _document('storage: {driver: "{{ overlay"}\n'),
    "filter of ansible": _document('engine: {containers: {env: "{{ {} | to_nice_json }}"}}\n'),
    "template in roles": _all('podstead: {roles: ["{{ role }}"]}\nrole: rootless-podman\n'),
    "sealed file without a password": _all(SEALED),
    "sealed value that is cut off": Broken(
        {
            "group_vars/all.yml": "ansible_password: !vault |\n"
            + "".join(f"  {line}\n" for line in SEALED.splitlines()[:-1]),
            "password": "open sesame\n",
        },
        ("all", "--vault-password-file", "password"),
    ),
    "wrong vault password": Broken(
        {"group_vars/all.yml": SEALED, "password": "open barley\n"},
        ("all", "--vault-password-file", "password"),
    ),
    "vault password file that is none": Broken({}, ("all", "--vault-password-file", "nowhere")),
    # -e
    "extra variables": Broken(
        {},
        (
            "all",
            "-e",
            "linger",
            "-e",
            "@nowhere.yml",
            "-e",
            "{a: [}",
            "-e",
            "podstead={users: [alice]}",
            "-e",
            "subids.count=5",
        ),
    ),
    # everything at once
    "mistakes in many files": Broken(
        {
            "hosts.yml": "web:\n  hosts:\n    web1: {ansible_port: x}\n    'web[3:2]':\n  vrs: {}\n",
            "group_vars/all.yml": "podstead:\n  subids: {cuont: 1}\n  roles: [nosuch]\n",
            "group_vars/web.yml": "podstead:\n  users: [\n",
            "host_vars/web1.yml": "podstead:\n  session: {linger: 1}\n  storage: {driver: '{{ nowhere }}'}\n",
        }
    ),
}
