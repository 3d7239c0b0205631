# shellcheck shell=sh
# Records "@@NONCE key argument" with raw bytes behind them. Sets nothing: the user's script, too, begins with it, and what it
# proves must hold in the environment that the user has.

ps_record() { printf '\n@@%s %s\n' "$PS_NONCE" "$*"; }

ps_say() { printf '%s\n' "$*" >&2; } # a line for whoever reads the log of a change

ps_up() { # d: the folder above it, and nothing in the end, also for a text without a slash: a user's own words may be one
    case $d in */*) d=${d%/*} ;; *) d= ;; esac
}
