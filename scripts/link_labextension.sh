#!/usr/bin/env bash
# Let the JupyterLab of .venv see the front end of this source tree, by a link: no copy that grows old.
set -euo pipefail
link=.venv/share/jupyter/labextensions/parallab
built=$PWD/server/parallab/labextension
[ "$(readlink "$link" 2>/dev/null)" = "$built" ] && exit 0
mkdir -p "$(dirname "$link")"
rm -rf "$link"
ln -s "$built" "$link"
