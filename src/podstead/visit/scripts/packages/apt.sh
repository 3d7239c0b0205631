# shellcheck shell=sh
# Debian's package manager. A file here has three functions: whether a host has this manager, what is installed of PS_PACKAGES
# (lines of name, version and state), and an installation; podstead.visit.script sends the last only to a host that is changed.
# needs: record.sh
# shellcheck disable=SC2086 # PS_PACKAGES is a list of names that hold no blanks

ps_has_apt() { command -v dpkg-query >/dev/null; }

ps_query_apt() {
    # a tab between the fields; db:Status-Status is "installed" only for a finished installation
    dpkg-query -W -f='${Package}\t${Version}\t${db:Status-Status}\n' $PS_PACKAGES
    if ! command -v podman >/dev/null && command -v apt-cache >/dev/null; then
        ps_record candidate
        apt-cache policy podman
    fi
}

ps_install_apt() { # package...
    export DEBIAN_FRONTEND=noninteractive
    : "${PS_APT_WAIT:=120}"
    # an installation that was killed half-way must be finished before apt-get does anything else
    if [ -n "$(dpkg --audit)" ]; then dpkg --force-confold --configure -a; fi
    set -- apt-get -q -y -o DPkg::Lock::Timeout="$PS_APT_WAIT" -o Dpkg::Options::=--force-confold \
        install --no-install-recommends -- "$@"
    "$@" && return 0
    ps_say "podstead: the package lists may be old; refreshing them"
    apt-get -q -o DPkg::Lock::Timeout="$PS_APT_WAIT" update
    "$@"
}
