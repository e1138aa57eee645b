#!/usr/bin/env bash
# hub_venv.sh VERSION: an environment with this source tree and another JupyterHub (5.2, 5.5 …); prints its Python.
set -euo pipefail
version=$1
folder=$PWD/.venv-hub-$version
if [ ! -e "$folder/.done" ]; then
    echo "Making $folder …" >&2
    .venv/bin/python -m venv --clear "$folder"
    scripts/quietly.sh "$folder/bin/python" -m pip install --quiet --editable '.[hub]' "jupyterhub==$version.*" >&2
    mkdir -p "$folder/share/jupyter/labextensions"
    ln -sfn "$PWD/server/parallab/labextension" "$folder/share/jupyter/labextensions/parallab"
    touch "$folder/.done"
fi
echo "$folder/bin/python"
