# shellcheck shell=sh
# The package manager of old releases of Fedora and its kin: what a host with rpm has when it has no other.

ps_has_yum() { command -v rpm >/dev/null; }

ps_query_yum() { # rpm knows it, as it does for dnf
    ps_query_dnf
}

ps_install_yum() { # package...
    yum -y install -- "$@"
}
