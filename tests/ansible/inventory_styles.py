"""Inventories in the styles of tools and habits that podstead's users come from, in our own words; for the comparison with Ansible."""

from __future__ import annotations

from tests.ansible.inventory_case import Case

SHORT = (("--list",), ("--graph",))

STYLES = {
    "a kubernetes cluster, as its installers want it": Case(
        {
            "hosts.ini": """
[all]
node1 ansible_host=192.0.2.11 ip=10.3.0.1 etcd_member_name=etcd1
node2 ansible_host=192.0.2.12 ip=10.3.0.2 etcd_member_name=etcd2
node3 ansible_host=192.0.2.13 # ip=10.3.0.3 etcd_member_name=etcd3

# ## the jump host
# bastion ansible_host=x.x.x.x

[kube_control_plane]
node1

[etcd:children]
kube_control_plane

[kube_node]
node[2:3]

[calico_rr]

[k8s_cluster:children]
kube_control_plane
kube_node
calico_rr
""",
            "group_vars/k8s_cluster/cluster.yml": 'kube_version: 1.33.1\nkube_users:\n  kube:\n    pass: "{{ kube_pass }}"\n    groups: [system:masters]\n',
            "group_vars/k8s_cluster/net.yml": "kube_network_plugin: calico\nkube_pods_subnet: 10.233.64.0/18\n",
            "group_vars/etcd.yml": "---\n# nothing is changed\n",
        },
        sources=("hosts.ini",),
        patterns=("k8s_cluster", "etcd:kube_node", "k8s_cluster:!kube_control_plane"),
        shapes=SHORT,
    ),
    "masters, nodes and a load balancer, as a platform's installer had it": Case(
        {
            "hosts": """
[OSEv3:children]
masters
nodes
lb
[OSEv3:vars]
ansible_ssh_user=root
deployment_type=origin
openshift_master_identity_providers=[{'name': 'htpasswd_auth', 'login': 'true', 'kind': 'HTPasswdPasswordIdentityProvider'}]
openshift_node_groups=[{'name': 'node-all', 'labels': ['a=true', 'b=true'], 'edits': [{'key': 'kubeletArguments.pods', 'value': ['20']}]}]
[masters]
master.example.com openshift_schedulable=true openshift_node_labels="{'region': 'infra', 'zone': 'default'}"
[nodes]
master.example.com
node[1:2].example.com openshift_node_labels="{'region': 'primary'}"
[lb]
lb.example.com containerized=False
"""
        },
        patterns=("OSEv3:!lb", "nodes:&masters"),
        shapes=SHORT,
    ),
    "a home lab: everything by name, secrets elsewhere": Case(
        {
            "inventory.yaml": """
---
all:
  vars:
    ansible_user: pi
    ansible_python_interpreter: /usr/bin/python3
    timezone: Europe/Vienna
  children:
    raspberries:
      hosts:
        pi-hole: {ansible_host: 192.168.1.53, dns: yes}
        octo.print: {ansible_host: 192.168.1.60}
    nas:
      hosts:
        tank:
          ansible_host: "{{ nas_ip }}"
          zfs_pools:
            - name: tank
              disks: [sda, sdb]
              options: {ashift: 12, compression: lz4}
      vars: {nas_ip: 192.168.1.5}
    docker_hosts:
      children: {raspberries: , nas: }
""",
            "group_vars/docker_hosts.yml": "docker_users: ['{{ ansible_user }}']\ncompose_dir: /srv/{{ inventory_hostname }}\n",
        },
        sources=("inventory.yaml",),
        patterns=("docker_hosts", "octo.print"),
        shapes=SHORT,
    ),
    "one folder for each environment, with what both share": Case(
        {
            "environments/000_shared/group_vars/all.yml": "company: example\nntp: [0.pool, 1.pool]\n",
            "environments/production/hosts": "[web]\nprod-web[1:2]\n[db]\nprod-db\n",
            "environments/production/group_vars/all/main.yml": "env: production\n",
            "environments/production/group_vars/all/vars.yml": "env: {name: production}\nntp: [ntp.example.com]\n",
            "environments/production/group_vars/web/main.yml": "workers: 8\n",
            "environments/production/host_vars/prod-db/main.yml": "backup: true\n",
        },
        sources=("environments/production",),
        patterns=("web", "prod-*", "all:!db"),
        shapes=SHORT,
    ),
    "what a cloud's template wrote": Case(
        {
            "inventory": """[app]
203.0.113.10 ansible_user=ubuntu ansible_ssh_private_key_file=/home/me/.ssh/key.pem private_ip=10.0.1.4
203.0.113.11 ansible_user=ubuntu ansible_ssh_private_key_file=/home/me/.ssh/key.pem private_ip=10.0.1.5

[bastion]
203.0.113.2

[all:vars]
ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q ubuntu@203.0.113.2" -o StrictHostKeyChecking=no'
"""
        },
        sources=("inventory",),
        patterns=("203.0.113.10", "app:bastion"),
        shapes=SHORT,
    ),
    "what a virtual machine's tool wrote": Case(
        {
            "vagrant_ansible_inventory": """# Generated

default ansible_host=127.0.0.1 ansible_port=2222 ansible_user='vagrant' ansible_ssh_private_key_file='/x/.vagrant/machines/default/key'
second ansible_host=127.0.0.1 ansible_port=2200 ansible_user='vagrant' ansible_ssh_private_key_file='/x y/key'

[servers]
default
second

[servers:vars]
force=yes
path='with "both" kinds'
"""
        },
        sources=("vagrant_ansible_inventory",),
        shapes=SHORT,
    ),
    "windows and network devices beside linux": Case(
        {
            "hosts.yml": """
all:
  children:
    linux: {hosts: {web1: }}
    windows:
      hosts: {dc1.corp.example: }
      vars: {ansible_connection: winrm, ansible_winrm_transport: kerberos, ansible_port: 5986}
    switches:
      hosts:
        sw-[01:03]: {ansible_network_os: cisco.ios.ios, ansible_connection: ansible.netcommon.network_cli}
      vars:
        ansible_become: yes
        ansible_become_method: enable
    routers:
      hosts: {r1: {interfaces: {ge-0/0/0: {unit: 0, mtu: 1500}, "lo0.0": ~}}}
"""
        },
        sources=("hosts.yml",),
        patterns=("switches", "linux:windows", "~sw-0[12]"),
        shapes=SHORT,
    ),
    "a script of a cloud, with hosts that are in many groups": Case(
        {
            "ec2": """#!/bin/sh
cat <<'END'
{"_meta": {"hostvars": {"10.0.0.5": {"ec2_id": "i-0a", "ec2_tags": {"Name": "web"}, "ec2_placement": null},
  "10.0.0.6": {"ec2_id": "i-0b", "ec2_launch": 1.5}}},
 "tag_Name_web": ["10.0.0.5"], "us-east-1": ["10.0.0.5", "10.0.0.6"], "type_t3_micro": {"hosts": ["10.0.0.6"], "vars": {"size": "micro"}},
 "i-0a": ["10.0.0.5"], "ec2": {"children": ["tag_Name_web", "us-east-1"]}}
END
""",
            "group_vars/tag_Name_web.yml": "role: web\n",
        },
        sources=("ec2",),
        programs=frozenset({"ec2"}),
        patterns=("us-east-1", "tag_*", "ec2:!i-0a"),
        shapes=SHORT,
    ),
    "storage: one host in many groups, and ranges of devices": Case(
        {
            "hosts": "[mons]\nceph-[a:c]\n[osds]\nceph-[a:c] devices=\"['/dev/sda', '/dev/sdb']\"\nceph-d devices=\"['/dev/nvme0n1']\"\n"
            "[mgrs]\nceph-a\n[clients]\nclient[001:003].example.com\n[clients:vars]\nkeys=[{'name': 'client.rbd', 'caps': {'mon': 'profile rbd'}}]\n",
            "group_vars/osds.yml": "osd_scenario: lvm\n",
            "host_vars/ceph-d.yml": "devices: ['/dev/nvme1n1']\n",
        },
        patterns=("osds:!mons", "mons:mgrs", "clients[0:1]", "ceph-?"),
        shapes=SHORT,
    ),
    "a list of hosts with users, ports and addresses of version 6": Case(
        {
            "hosts": '[v6]\nsix ansible_host=2001:db8::1\n[2001:db8::5]:2222\nseven ansible_host="2001:db8::7" ansible_port=2022\n'
            "[mixed]\nhost.example.com:2222\n192.0.2.9:22\n"
        },
        patterns=("mixed", "six"),
        shapes=SHORT,
    ),
    "defaults and overrides through three levels of groups": Case(
        {
            "site.yml": """
all:
  children:
    emea:
      vars: {region: emea, dns: [10.1.0.1], level: 1}
      children:
        vienna:
          vars: {dns: [10.1.1.1], level: 2}
          children:
            vienna_web:
              vars: {level: 3}
              hosts: {vie-web-1: , vie-web-2: {level: 4}}
            vienna_db: {hosts: {vie-db-1: }}
        zurich: {hosts: {zrh-1: }}
    web: {children: {vienna_web: }, vars: {level: web, http: true}}
    canary: {hosts: {vie-web-1: , zrh-1: }, vars: {ansible_group_priority: 50, level: canary}}
"""
        },
        sources=("site.yml",),
        patterns=("emea:!vienna", "web:&canary", "canary", "vienna[0]"),
        shapes=SHORT,
    ),
    "values that only look like something": Case(
        {
            "hosts": "a v=0x1f w=1_000 x=1e3 y=None z=on\nb v='007' w=007 x=\"\" y='' z=-1\nc v=(1,2) w={'a':1} x=[] y=True z=true\n"
            "[all:vars]\nurl=http://x.example/?a=b#c\nhash=a#b\nspace=one two # three\nquoted='one # two'\nequals=a=b=c\nbackslash=C:\\temp\n"
        },
        shapes=SHORT,
    ),
    "a file per host, and a file nobody needs": Case(
        {
            "hosts": "[all_servers]\nalpha\nbeta\n[all_servers:children]\ngroup_two\n[group_two]\ngamma\n",
            "host_vars/alpha": "a: 1\n",
            "host_vars/beta.yaml": "b: {c: [d, {e: f}]}\n",
            "host_vars/gamma.json": '{"g": "h"}\n',
            "group_vars/group_two/a.yml": "x: 1\ny: 1\n",
            "group_vars/group_two/b.yml": "y: 2\n",
            "group_vars/none.yml": "never: read\n",
            "group_vars/all_servers.yml": "%YAML 1.1\n---\ntrue_: yes\nlist:\n- a\n- b\n...\n",
        },
        patterns=("all_servers", "group_two"),
        shapes=SHORT,
    ),
}
