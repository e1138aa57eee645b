#!/usr/bin/env bash
# everybody_can_read.sh PATH… -- COMMAND…: run the command where every user can read these folders.
#
# A Python below /root is nobody else's to run. In mounts of its own, which nobody else sees, each folder on the way
# that is closed to others is replaced by an empty one that holds only what leads to PATH.
set -euo pipefail
wanted=()
while [ "$1" != -- ]; do wanted+=("$1"); shift; done
shift

if [ "${EVERYBODY_CAN_READ:-}" != inside ]; then
    EVERYBODY_CAN_READ=inside exec unshare --mount --propagation private "$0" "${wanted[@]}" -- "$@"
fi

closed() { # the topmost folder on the way to $1 that others may not enter
    local so_far="" part
    IFS=/ read -ra parts <<<"${1#/}"
    for part in "${parts[@]}"; do
        so_far="$so_far/$part"
        if [ -d "$so_far" ] && ! [[ $(stat -c %A "$so_far") =~ [xt]$ ]]; then echo "$so_far"; return; fi
    done
}

declare -A held
for path in "${wanted[@]}"; do # held before anything is covered: two of them may lie below one closed folder
    [ -n "$(closed "$path")" ] || continue
    held[$path]=$(mktemp -d)
    mount --bind "$path" "${held[$path]}"
done
for path in "${!held[@]}"; do
    shut=$(closed "$path")
    [ -z "$shut" ] || mount -t tmpfs -o mode=0755 tmpfs "$shut"
    mkdir -p "$path"
    mount --move "${held[$path]}" "$path"
    rmdir "${held[$path]}"
done
unset EVERYBODY_CAN_READ
exec "$@"
