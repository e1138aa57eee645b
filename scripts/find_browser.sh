#!/usr/bin/env bash
# Print the path of a Chromium for the browser tests: the machine's own, else Playwright's, else Debian's.
set -euo pipefail
say() { echo "$@" >&2; }

from_machine() {
    for name in "${PARALLAB_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" && return 0
    done
    return 1
}
from_playwright() {
    .venv/bin/python - <<'PY'
from pathlib import Path
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
if not Path(path).exists():
    raise SystemExit(1)
print(path)
PY
}

from_machine && exit 0
from_playwright 2>/dev/null && exit 0
say "No Chromium here: trying playwright install chromium …"
if timeout 300 .venv/bin/python -m playwright install chromium >/dev/null 2>&1 && from_playwright; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Playwright has none for this machine: trying apt-get install chromium …"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null 2>&1 && apt-get install -qq -y chromium >/dev/null 2>&1 </dev/null || true
    from_machine && exit 0
fi
say "The browser tests need Chromium or Chrome. Install one (Debian: apt install chromium), or name one:"
say "  PARALLAB_BROWSER=/path/to/chrome make test"
exit 2
