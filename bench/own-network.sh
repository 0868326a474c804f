#!/bin/sh
# Runs a command in a network of its own that is set up for a million connections over loopback. Linux, as root.
#
#   bench/own-network.sh npm run bench -- connections-1000000 --runs=1 --cpu_ms=30000
#
# - The kernel's table of connections has a place for each: what it makes by itself (262,144 places with 24 GiB) holds eight of two
#   million sockets in each place, and every packet walks past some of them.
# - Packets are acknowledged at once, while what they touched is in the caches, and not 40 ms later by a timer.
# - Packets are not paced.
set -eu
case "${OWN_NETWORK:-}" in
  '')
    OWN_NETWORK=table exec unshare --net "$0" "$@"
    ;;
  table)
    # Holds for networks made from this one.
    sysctl -qw net.ipv4.tcp_child_ehash_entries=4194304
    OWN_NETWORK=ready exec unshare --net "$0" "$@"
    ;;
esac
unset OWN_NETWORK
ip link set lo up
ip route change table local local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 quickack 1
sysctl -qw net.ipv4.tcp_congestion_control=reno
exec "$@"
