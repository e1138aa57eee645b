#!/usr/bin/env bash
# quietly.sh COMMAND…: run it, and show the end of what it printed only if it fails.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$@" >"$log" 2>&1 </dev/null && exit 0
code=$?
tail -n 40 "$log" >&2
echo "failed ($code): $*" >&2
exit "$code"
