#!/usr/bin/env bash
# make_venv.sh DIR [PYTHON]: a virtual environment with PYTHON, or with the newest Python from 3.10 on.
set -euo pipefail
dir=$1 wanted=${2:-}

usable() { # pyenv's shims are on PATH even for versions that are switched off: ask each to run
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10) or sys.platform != "linux" and sys.platform != "darwin")' 2>/dev/null
}

python=
if [ -n "$wanted" ]; then
    usable "$wanted" || { echo "$wanted is no Python from 3.10 on" >&2; exit 2; }
    python=$wanted
else
    for name in python3.14 python3.13 python3.12 python3.11 python3.10 python3 python; do
        if usable "$name"; then python=$name; break; fi
    done
fi
if [ -z "$python" ]; then
    echo "No Python from 3.10 on was found. Install one, or name it: make PYTHON=/path/to/python setup" >&2
    exit 2
fi

can_make_venvs() { "$python" -c 'import venv, ensurepip' 2>/dev/null; }
if ! can_make_venvs && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null && apt-get install -qq -y "python$version-venv" >/dev/null </dev/null || true
fi
if ! can_make_venvs; then
    echo "$python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2
    exit 2
fi
rm -rf "$dir"
"$python" -m venv "$dir"
