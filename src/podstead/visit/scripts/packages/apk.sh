# shellcheck shell=sh
# Alpine's package manager.

ps_has_apk() { command -v apk >/dev/null; }

ps_query_apk() {
    for p in $PS_PACKAGES; do
        v=$(apk info -e -v "$p") && [ -n "$v" ] && printf '%s\t%s\tinstalled\n' "$p" "${v#"$p"-}"
    done
}

ps_install_apk() { # package...
    apk add -- "$@"
}
