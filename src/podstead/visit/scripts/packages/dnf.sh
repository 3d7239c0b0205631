# shellcheck shell=sh
# The package manager of Fedora and its kin, which keeps what is installed with rpm.
# shellcheck disable=SC2086 # PS_PACKAGES is a list of names that hold no blanks

ps_has_dnf() { command -v rpm >/dev/null && command -v dnf >/dev/null; }

ps_query_dnf() {
    rpm -q --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\tinstalled\n' $PS_PACKAGES
}

ps_install_dnf() { # package...
    dnf -y install -- "$@"
}
