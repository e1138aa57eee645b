#!/usr/bin/env bash
# check_dist.sh DIR: install the wheel, then the sdist, each in a clean environment far from this source tree and
# without node, and use what they brought.
set -euo pipefail
dist=$(realpath "$1")
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
cd "$away"
# A PATH without node: the built front end must come with the package.
mkdir bin
for tool in bash env cat grep sed ls mkdir rm dirname basename uname; do ln -s "$(command -v $tool)" bin/; done
clean() { env -i HOME="$away/home" PATH="$away/bin" LANG=C.UTF-8 ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} \
    ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} "$@"; }
base=$("$OLDPWD/.venv/bin/python" -c 'import sys; print(sys._base_executable)')

expect() { # expect WHAT COMMAND…
    local what=$1; shift
    if ! "$@" >out 2>&1; then echo "FAILED  $kind: $what: $*"; sed 's/^/        /' out; exit 1; fi
    echo "ok      $kind: $what"
}

for archive in "$dist"/*.whl "$dist"/*.tar.gz; do
    kind=$([ "${archive%.whl}" != "$archive" ] && echo wheel || echo sdist)
    rm -rf venv && "$base" -m venv venv
    venv=$away/venv/bin
    expect "installs" clean "$venv/python" -m pip install --quiet "$archive"
    expect "dependencies fit" clean "$venv/python" -m pip check
    expect "the server extension is on" bash -c "env -i HOME=$away/home PATH=$away/bin $venv/jupyter server extension list 2>&1 | tee out | grep -E 'parallab .*OK'"
    expect "the front end is found" bash -c "env -i HOME=$away/home PATH=$away/bin $venv/jupyter labextension list 2>&1 | grep -E 'parallab v.*enabled.*OK'"
    expect "the kernel is found" bash -c "env -i HOME=$away/home PATH=$away/bin $venv/jupyter kernelspec list 2>/dev/null | grep -E '^ *parallab '"
    expect "the labs are there" bash -c "env -i HOME=$away/home PATH=$away/bin $venv/parallab list --json | grep -q L04"
done
