# shellcheck shell=sh
# What the container tells about itself; then it answers at its port until it is killed, for a minute at most: it is the
# first process of its PID namespace, which no signal ends that it has no handler for (pid_namespaces(7)).
# $1 answer.pl, $2 answer.py, $3 what to answer
{ echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; echo --route; cat /proc/net/route /proc/net/ipv6_route
echo --devices; cat /proc/net/dev; echo --memory; cat /sys/fs/cgroup/memory.max; echo --cpu; cat /sys/fs/cgroup/cpu.max; } >/vol/told 2>/dev/null
: >/vol/x; : >/vol/ready
if command -v perl >/dev/null && perl -MSocket -e 1; then exec perl -e "$1" "$3"; fi
if command -v python3 >/dev/null; then exec python3 -c "$2" "$3"; fi
exec sleep 60
