# shellcheck shell=sh
# Arch's package manager.
# shellcheck disable=SC2086 # PS_PACKAGES is a list of names that hold no blanks

ps_has_pacman() { command -v pacman >/dev/null; }

ps_query_pacman() {
    pacman -Q $PS_PACKAGES | while read -r p v; do printf '%s\t%s\tinstalled\n' "$p" "$v"; done
}

ps_install_pacman() { # package...
    # refreshing the databases alone would make it a partial upgrade, which Arch does not support
    pacman -S --noconfirm --needed -- "$@"
}
