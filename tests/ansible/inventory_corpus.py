"""Inventories as people write them for Ansible: each is read by podstead and by the real ansible-inventory."""

from __future__ import annotations

from tests.ansible.inventory_case import LISTS, Case
from tests.ansible.inventory_styles import STYLES

_WEB_AND_DB = """
jump ansible_host=192.0.2.1
[web]
web[01:04].example.com http_port=8080
[db]
db-[a:c] ansible_port=2222
[site:children]
web
db
[site:vars]
tier=production
[east]
web01.example.com
db-a
"""
_SCRIPT = """#!/bin/sh
case $1 in
--list) cat <<'END'
%s
END
;;
--host) echo '{"asked": "'$2'"}' ;;
esac
"""

CORPUS = {
    "an ini file": Case(
        {"hosts": _WEB_AND_DB},
        patterns=(
            "all",
            "*",
            "web",
            "site",
            "jump",
            "web:db",
            "site:&east",
            "site:!east",
            "web,db-a",
            "~web0[12]",
            "web*",
            "*.example.com",
            "web[0]",
            "web[-1]",
            "web[0:1]",
            "web[1:]",
            "site[0:3]",
            "!web",
            "&east",
            "east:web:!db",
            "ungrouped",
            "db-?",
            "web[02]*",
            "~^db",
            "all:!ungrouped",
            "web01.example.com,jump",
        ),
    ),
    "values of ini files": Case(
        {
            "hosts": 'a n=1 h=0x1F o=0o17 f=1.5 t=True l="[1, 2]" d="{\'k\': \'v\'}" s=true e= none=None neg=-3 text="two words"\n'
            "b quoted='\"in\"' eq=a=b path=/a/b:c port=08 tuple='(1, 2)'  # a comment\n"
            "[all:vars]\nspaces = left and right  \nlist=['x', 'y']\nquote=\"kept # here\"\nhash=text # not cut\nyes_=yes\n"
            "[g]\na\n[g:vars]\nn=2\nansible_user=deploy\nansible_port=22\n"
        }
    ),
    "an ini file with steps, letters and ports": Case(
        {"hosts": "n[0:10:5]\nm[1:3]x[a:b]\np[1:2]:2022\nv6 ansible_host=2001:db8::1\n[g]\nz[08:11]\n"},
        patterns=("n*", "n*[0]", "z08"),
    ),
    "groups named before they are declared": Case(
        {
            "hosts": "[top:children]\nmiddle\nlate\n[late]\nl1\n[middle:children]\nlow\n[low]\nw1\n[low:vars]\nx=low\n[middle:vars]\nx=middle\n"
        },
        patterns=("top", "middle", "top[0]"),
    ),
    "a yaml file": Case(
        {
            "hosts.yml": """
all:
  vars: {where: all, mode: 0644, day: 2024-05-06, ratio: 1e3, on_: on, nothing: ~, ports: {a: 80, b: 443}}
  hosts:
    lone: {where: host}
  children:
    web:
      hosts:
        web[1:3].example.com: {http_port: 80}
        web9.example.com:2222:
      vars: {where: web, deep: {a: {b: [1, {c: d}]}}}
      children:
        edge:
          hosts: {web1.example.com: {edge: true}}
    db:
      hosts: db1
    empty:
"""
        },
        sources=("hosts.yml",),
        patterns=("all", "web", "edge", "web:!edge", "web[1]", "lone", "ungrouped", "db"),
    ),
    "yaml anchors, merge keys and text in many forms": Case(
        {
            "hosts.yml": """
all:
  vars:
    base: &base {a: 1, b: 2}
    more: {<<: *base, b: 3}
    folded: >
      one
      two
    literal: |
      one
      two
    quoted: "tab\\tand \\u00e9"
    template: "{{ base.a }}"
    number_text: "0042"
    octal: 017
    time: 12:30
  hosts: {a: , b: {}}
"""
        },
        sources=("hosts.yml",),
    ),
    "keys that yaml takes for numbers": Case(
        {"hosts.yml": "all: {hosts: {a: {ports: {80: http, 1.5: x, yes: y, ~: z, 010: eight}}}}"},
        sources=("hosts.yml",),
        shapes=LISTS,
    ),
    "variables in files, and who wins": Case(
        {
            "hosts": "[parent:children]\nchild\n[child]\nh1 own=line\nh2\n[other]\nh1\n[all:vars]\nv=all\n[parent:vars]\nv=parent\n[child:vars]\nv=child\n",
            "group_vars/all.yml": "v: all file\nw: all file\n",
            "group_vars/parent": "w: parent file\nx: parent file\n",
            "group_vars/child.yaml": "x: child file\n",
            "group_vars/other.json": '{"x": "other file", "z": [1, 2]}',
            "host_vars/h1.yml": "own: file\n",
            "host_vars/h2/one.yml": "y: one\n",
            "host_vars/h2/two.yml": "y: two\nyy: two\n",
            "host_vars/h2/deeper/three": "yyy: three\n",
            "host_vars/h2/ignored.txt": "no: yaml\n",
            "host_vars/h2/.hidden.yml": "hidden: true\n",
            "host_vars/unknown.yml": "nobody: reads this\n",
        },
    ),
    "groups of one depth, by name and by priority": Case(
        {
            "hosts.yml": """
a: {hosts: {x: }, vars: {v: a, ansible_group_priority: 10}}
b: {hosts: {x: }, vars: {v: b, w: b}}
c: {hosts: {x: }, vars: {w: c}}
"""
        },
        sources=("hosts.yml",),
    ),
    "a group with two parents of different depth": Case(
        {
            "hosts.yml": """
one: {children: {two: {children: {three: {hosts: {h: }}}, vars: {v: two}}}, vars: {v: one}}
four: {children: {three: }, vars: {v: four, w: four}}
three: {vars: {u: three}}
five: {hosts: {h: }, vars: {v: five}}
"""
        },
        sources=("hosts.yml",),
        patterns=("one", "four", "three", "one:&five"),
    ),
    "several sources": Case(
        {
            "one/hosts": "[web]\na x=1\nb\n",
            "one/group_vars/web.yml": "from: one\nonly_one: 1\n",
            "two/hosts.yml": "web: {hosts: {a: {x: 2}, c: }, vars: {y: 2}}",
            "two/group_vars/web.yml": "from: two\n",
            "two/host_vars/a.yml": "z: 3\n",
        },
        sources=("one/hosts", "two/hosts.yml", "d,e:2222,"),
        patterns=("web", "all", "d"),
    ),
    "a folder of inventories": Case(
        {
            "inv/10-web.ini": "[web]\nw1\nw2\n",
            "inv/20-db": "[db]\nd1\n",
            "inv/30-more.yml": "web: {hosts: {w3: }}\nsite: {children: {web: , db: }}\n",
            "inv/deeper/40-cache.yml": "cache: {hosts: {c1: }}\n",
            "inv/group_vars/site.yml": "v: site\n",
            "inv/host_vars/w3.yml": "v: w3\n",
            "inv/README.md": "not an inventory\n",
            "inv/.hidden": "hidden\n",
            "inv/old~": "old\n",
            "inv/ansible.cfg": "[defaults]\n",
        },
        sources=("inv",),
        patterns=("site", "all"),
    ),
    "a list of hosts": Case({}, sources=("b,a,c:22,",), patterns=("all", "a", "b:c", "all[0]")),
    "an inventory script": Case(
        {
            "script": _SCRIPT
            % '{"web": {"hosts": ["a", "b"], "vars": {"v": 1}}, "site": {"children": ["web"]}, "_meta": {"hostvars": {"a": {"x": [1]}}}}',
            "group_vars/site.yml": "w: site\n",
        },
        sources=("script",),
        programs=frozenset({"script"}),
        patterns=("site", "a"),
    ),
    "an inventory script without _meta": Case(
        {"script.sh": _SCRIPT % '{"web": ["a", "b"], "db": {"hosts": ["c"]}}'},
        sources=("script.sh",),
        programs=frozenset({"script.sh"}),
    ),
    "connection variables": Case(
        {
            "hosts": "a ansible_host=192.0.2.7 ansible_port=2222 ansible_user=me ansible_ssh_private_key_file=~/.ssh/k\n"
            "b ansible_connection=local ansible_become=true\nc ansible_connection=docker\nlocalhost ansible_connection=local\n"
            "[all:vars]\nansible_ssh_common_args=-o ProxyJump=jump -o StrictHostKeyChecking=no\n"
        },
        patterns=("all:!localhost", "localhost"),
    ),
    "the host document, a variable that a later place replaces as a whole": Case(
        {
            "hosts.yml": "all: {hosts: {a: {podstead: {users: {alice: {}}}}, b: }, vars: {podstead: {subids: {count: 65536}}}}",
            "group_vars/all.yml": "podstead: {session: {linger: true}}\n",
        },
        sources=("hosts.yml",),
    ),
    "the host document in an ini file, in the form that is python too": Case(
        {
            "hosts": 'a podstead=\'{"users": {"alice": {"uid": 5}}}\'\n[web]\na\nb\n'
            '[web:vars]\npodstead={"subids": {"count": 70000}, "packages": {}}\n'
        }
    ),
    "names of any kind": Case(
        {
            "hosts.yml": """
all:
  children:
    "a+b": {hosts: {web1: }}
    "my group": {hosts: {web2: }}
    "größe": {hosts: {web-ü: , "root@web3": }}
    "%env%": {hosts: {web1: }}
    "a:b": {hosts: {x.y_z: }}
"""
        },
        sources=("hosts.yml",),
        patterns=("größe", "a+b", "root@web3", "web-ü", "%env%", "web*"),
    ),
    "variables that ansible sets itself": Case(
        {
            "hosts.yml": "web: {hosts: {web1: {omit: 1, groups: x}}, vars: {playbook_dir: /x, ansible_version: 9, role_name: r}}",
            "host_vars/web1.yml": "inventory_hostname: other.example\ngroup_names: [x]\ncolour: red\n",
        },
        sources=("hosts.yml",),
    ),
    "other variables of ansible, and two names for one thing": Case(
        {
            "hosts.yml": 'all: {hosts: {web1: {ansible_hostv6: "::1", ansible_scp_extra_args: "-O", ansible_ssh_user: a, ansible_user: a}}}'
        },
        sources=("hosts.yml",),
    ),
    "an inventory without hosts": Case({"hosts": "[web]\n[db]\n[site:children]\nweb\n"}),
    "a toml file": Case(
        {
            "hosts.toml": """
[all.vars]
has_java = false
released = 2024-05-06

[web]
children = ["apache", "nginx"]
vars = { http_port = 8080, ratio = 1.5 }

[web.hosts]
host1 = {}
"host[2:3]" = { ansible_port = 222, list = [1, { a = "b" }] }

[apache.hosts]
tomcat1 = {}
"""
        },
        sources=("hosts.toml",),
        patterns=("web", "apache", "host*"),
    ),
    "slices, and what is none": Case(
        {"hosts": "[web]\nweb[1:5]\n"},
        patterns=("web[1:]", "web[1:2]", "web[0-1]", "web[-2]", "web[:1]", "web[1:-1]", "web[-2:]"),
    ),
    "variables of others with names of keys of the host document": Case(
        {
            "hosts": "a users=bob storage={'driver':'x'}\n[all:vars]\npackages=['vim', 'git']\nsession={linger: yes}\nroles=web\n",
            "group_vars/all.yml": "users: [bob, {name: eve}]\nengine: docker\nsubids: ~\nsysctls: 5\n",
        }
    ),
    "a value that is no template": Case(
        {"hosts.yml": 'all: {hosts: {a: {u: !unsafe "{{ x }}", t: "{{ y }}"}}}'}, sources=("hosts.yml",)
    ),
    "comments, blanks and odd names": Case(
        {
            "hosts": "; a comment\n# another\n\n   indented x=1\n[g_1]   # why\nweb-1.a_b\n10.0.0.1\n\t[g_2]\nx\n"
        },
        patterns=("g_1", "10.0.0.1", "web-1.a_b"),
    ),
    **STYLES,
}
