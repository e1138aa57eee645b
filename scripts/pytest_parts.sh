#!/usr/bin/env bash
# pytest_parts.sh [OPTION | PATH]…: one pytest over those paths that are there.
set -euo pipefail
arguments=() paths=0
for argument in "$@"; do
    case $argument in
        tests/*)
            [ -e "${argument%%::*}" ] || continue
            paths=$((paths + 1)) ;;
    esac
    arguments+=("$argument")
done
if [ "$paths" = 0 ]; then echo "none of these is here: $*"; exit 0; fi
exec .venv/bin/python -m pytest -q "${arguments[@]}"
