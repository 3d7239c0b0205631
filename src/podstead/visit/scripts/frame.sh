# shellcheck shell=sh
# The frame around everything that a script tells podstead: records, all of them in base64 (or hex), between two plain lines. The
# nonce is drawn for each run, so that nothing a host holds can be taken for a record. First in every script of root's, because
# it sets what root's commands find; never in a script of a user's, which proves what the user's own environment is good for.

ps_framed() { # kind function: the function's output as one frame
    e=hex
    if command -v base64 >/dev/null; then e=base64; fi
    printf '\n@@podstead %s 1 %s %s\n' "$1" "$PS_NONCE" "$e"
    # on one line: the side that reads pays for each line
    "$2" 2>/dev/null </dev/null | { if [ "$e" = base64 ]; then base64; else od -An -v -tx1; fi; } | tr -d ' \n'
    printf '\n@@podstead end %s\n' "$PS_NONCE"
}

LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
