#!/usr/bin/env bash
# check_dist.sh DIR: install the wheel and, beside it, the sdist, each in a clean environment far from this source tree
# and without node, and use what they brought.
set -euo pipefail
dist=$(realpath "$1")
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
cd "$away"
# A PATH without node: the built front end must come with the package.
mkdir bin
for tool in bash sh env cat cp grep sed ls mkdir rm dirname basename uname; do ln -s "$(command -v $tool)" bin/; done
sandbox=$(command -v bwrap || true)
# Where namespaces are not allowed nothing can be graded; the tests that need them say so.
[ -z "$sandbox" ] || "$sandbox" --unshare-all --ro-bind / / true 2>/dev/null || sandbox=
[ -z "$sandbox" ] || ln -s "$sandbox" bin/
clean() { env -i HOME="$away/home" PATH="$away/bin" LANG=C.UTF-8 ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} \
    ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} "$@"; }
base=$("$OLDPWD/.venv/bin/python" -c 'import sys; print(sys._base_executable)')

expect() { # expect WHAT COMMAND…
    local what=$1; shift
    if ! "$@" >out 2>&1; then echo "FAILED  $kind: $what: $*"; sed 's/^/        /' out; exit 1; fi
    echo "ok      $kind: $what"
}

shows() { # shows PATTERN COMMAND…: both streams, since Jupyter's lists go to standard error
    local pattern=$1; shift
    clean "$@" >shown 2>&1 || true
    cat shown
    grep -qE "$pattern" shown
}
cat >answer.ipynb <<'NOTEBOOK'
{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
 {"id": "module", "cell_type": "code", "execution_count": null, "outputs": [],
  "metadata": {"parallab": {"lab": "L04", "step": "define-and-execute"}},
  "source": "%%writefile primes.py\ndef count(high):\n    return sum(all(n % d for d in range(2, n)) for n in range(2, high))"},
 {"id": "answer", "cell_type": "code", "execution_count": null, "outputs": [],
  "metadata": {"parallab": {"lab": "L04", "step": "define-and-execute"}},
  "source": "import multiprocessing, primes\nhired = multiprocessing.Process(target=primes.count, args=(2000,))\nhired.start()\nhired.join()"}]}
NOTEBOOK

use() { # use ARCHIVE: in a folder of its own
    local archive=$1 kind=wheel venv
    [ "${archive%.whl}" != "$archive" ] || kind=sdist
    mkdir "$away/$kind" && cd "$away/$kind"
    "$base" -m venv venv
    venv=$PWD/venv/bin
    # Not all is compiled ahead: most of what comes along is never imported here.
    expect "installs" clean "$venv/python" -m pip install --quiet --no-compile "$archive"
    expect "dependencies fit" clean "$venv/python" -m pip check
    expect "the server extension is on" shows "parallab .*OK" "$venv/jupyter" server extension list
    expect "the front end is found" shows "parallab v.*enabled.*OK" "$venv/jupyter" labextension list
    expect "the kernel is found" shows "^ *parallab " "$venv/jupyter" kernelspec list
    expect "the labs are there" shows L04 "$venv/parallab" list --json
    expect "a right answer passes" clean "$venv/parallab" check L04 ../answer.ipynb --step define-and-execute
    # Where labs lie in the package, as they do not in a source tree.
    if [ -n "$sandbox" ]; then
        mkdir handed-in && cp ../answer.ipynb handed-in/ada.ipynb
        expect "what was handed in is graded" clean "$venv/parallab" grade handed-in --out graded.csv
        expect "it was run in a sandbox" shows "define-and-execute passed.*re-checked" cat graded.csv
    fi
}

started=()
for archive in "$dist"/*.whl "$dist"/*.tar.gz; do (use "$archive") & started+=($!); done
failed=0
for one in "${started[@]}"; do wait "$one" || failed=1; done
exit "$failed"
