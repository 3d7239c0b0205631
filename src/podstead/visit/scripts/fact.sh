# shellcheck shell=sh
# Facts: "name<TAB>value" lines; a name may come more than once.
# needs: record.sh

ps_fact() { printf '%s\t%s\n' "$1" "$2"; }

ps_fact_each() { # name: each line of standard input as one value
    while IFS= read -r line; do ps_fact "$1" "$line"; done
}

ps_mount() { # name path: the file system that holds a path, or would hold it
    d=$2
    while [ -n "$d" ] && [ ! -e "$d" ]; do ps_up; done
    m=$(df -P "${d:-/}" | awk 'NR > 1 { print $NF }')
    # the last mount on a place is the one that counts
    [ -z "$m" ] || ps_fact "$1" "$(awk -v m="$m" '$2 == m { t = $3 " " $4 } END { print t }' /proc/self/mounts)"
}
