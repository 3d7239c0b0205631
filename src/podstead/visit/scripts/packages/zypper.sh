# shellcheck shell=sh
# SUSE's package manager, which keeps what is installed with rpm.

ps_has_zypper() { command -v rpm >/dev/null && command -v zypper >/dev/null; }

ps_query_zypper() { # rpm knows it, as it does for dnf
    ps_query_dnf
}

ps_install_zypper() { # package...
    zypper --non-interactive install -- "$@"
}
