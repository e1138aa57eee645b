#!/usr/bin/env bash
# Every check that needs no test run. A line for each; what a tool printed is shown only when it complains.
set -uo pipefail
failed=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

try() { # try NAME COMMAND…
    local name=$1; shift
    if "$@" >"$log" 2>&1 </dev/null; then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s: %s\n' "$name" "$*"
        sed -n '1,40s/^/        /p; 41{s/.*/        …/p; q}' "$log"
        failed+=("$name")
    fi
}
no_hosts_in_lock() {
    ! grep -nE 'archiveUrl|https?://' yarn.lock
}

try "python format"   ruff format --check --output-format concise .
try "python lint"     ruff check --quiet --output-format concise .
try "python types"    mypy
try "import layers"   lint-imports --no-logo
try "probe is stdlib only" python scripts/check_probe_is_stdlib.py
try "wire.ts is fresh"   python -m parallab.wire_ts --check
try "openapi.yaml is fresh" python -m parallab.openapi --check
try "course.md is fresh" python scripts/course_page.py --check
try "all is translated" python scripts/catalogues.py --check
try "typescript types" jlpm typecheck
try "eslint"          jlpm eslint:check
try "prettier"        jlpm prettier:check
try "stylelint"       jlpm stylelint:check
try "yarn.lock names no host" no_hosts_in_lock

if [ "${#failed[@]}" -gt 0 ]; then
    printf 'make check: failed: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
    exit 1
fi
