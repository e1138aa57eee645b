#!/usr/bin/env bash
# python_of_debian.sh VERSION [SUITE]: a newer CPython on an older Debian, beside it and without touching it.
#
# `scripts/python_of_debian.sh 3.14` takes python3.14 and all it needs, the C library too, from SUITE (default: testing)
# of the mirror that this machine's apt uses, unpacks it into ~/.cache/parallab/debian-SUITE, and tells its loader where
# its libraries lie. `make flakes`, `make corpus` and some tests find it in ~/.pyenv/versions, among pyenv's own.
set -euo pipefail
version=${1:?which version: 3.14, for example} suite=${2:-testing}
for tool in apt-get dpkg-deb patchelf; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt install $tool" >&2; exit 1; }
done
home=${XDG_CACHE_HOME:-$HOME/.cache}/parallab/debian-$suite
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') ||
    { echo "apt knows no mirror of Debian on this machine" >&2; exit 1; }
mkdir -p "$home"/{lists/partial,cache/archives/partial,root}
: >"$home/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$home/sources.list"
cat >"$home/apt.conf" <<END
Dir::Etc::sourcelist "$home/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$home/lists";
Dir::State::status "$home/status";
Dir::Cache "$home/cache";
APT::Sandbox::User "root";
END
export APT_CONFIG=$home/apt.conf
apt-get -qq update
apt-get -qq install --yes --no-install-recommends --download-only "python$version" "python$version-venv" >/dev/null
for package in "$home"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$home/root"; done
libraries=$(dirname "$(find "$home/root/usr/lib" -name libc.so.6)")
python=$home/root/usr/bin/python$version
patchelf --set-interpreter "$(find "$libraries" -name 'ld-linux*')" --force-rpath --set-rpath "$libraries" "$python"
# Debian's venv takes pip from a folder of the system's, whose pip may be too old for this Python.
sed -i "s#/usr/share/python-wheels#$home/root/usr/share/python-wheels#" \
    "$home/root/usr/lib/python$version"/_sysconfigdata_*.py "$home/root/usr/lib/python$version"/_sysconfig_vars_*.json
mine=$home/python$version
mkdir -p "$mine/bin"
ln -sfn "../root/usr/lib" "$mine/lib"
cp "$python" "$mine/bin/python$version"
for name in python3 python; do ln -sf "python$version" "$mine/bin/$name"; done
mkdir -p "$HOME/.pyenv/versions"
# As the package would do when it is installed: else each start compiles what it imports, a third of a second of it.
"$mine/bin/python" -m compileall -q "$home/root/usr/lib/python$version" >/dev/null || true  # some files of tests do not compile
full=$("$mine/bin/python" -c 'import platform; print(platform.python_version())')
ln -sfn "$mine" "$HOME/.pyenv/versions/$full"
echo "$HOME/.pyenv/versions/$full"
