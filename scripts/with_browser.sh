#!/usr/bin/env bash
# with_browser.sh COMMAND…: run it with a Chromium (PARALLAB_BROWSER) and a Playwright that can drive it.
set -euo pipefail

# Playwright brings a node of its own, which wants libraries that a bare machine may lack: there, ours must do.
brought=$(.venv/bin/python -c 'import pathlib, playwright; print(pathlib.Path(playwright.__file__).parent / "driver" / "node")')
if [ -z "${PLAYWRIGHT_NODEJS_PATH:-}" ] && ! "$brought" --version >/dev/null 2>&1; then
    PLAYWRIGHT_NODEJS_PATH=$(node -p process.execPath)
    export PLAYWRIGHT_NODEJS_PATH
fi

PARALLAB_BROWSER=$(scripts/find_browser.sh)
export PARALLAB_BROWSER
exec "$@"
