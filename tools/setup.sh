#!/bin/sh
# Installs what testcall needs to run from a clone: a virtual environment from the lock file, a browser, the SDK package.
# Says what it does; does nothing that is done already. Arguments: the Python to use, the --sdk whose package to fetch.
set -eu
python=$1
sdk=$2
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

say() { echo "testcall setup: $*"; }

as_root() { # install Debian packages, or say in one line what is missing
	if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
		say "installing $* (apt)"
		apt-get update -qq >/dev/null
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
	else
		say "missing: install $* (Debian's names), then run this again" >&2
		exit 2
	fi
}

command -v "$python" >/dev/null 2>&1 || as_root python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	say "$python is older than 3.11; name a newer one: make PYTHON=python3.12" >&2
	exit 2
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || as_root python3-venv

stamp=.venv/.testcall-$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
	say "virtual environment in .venv, packages from requirements.lock"
	[ -x .venv/bin/python ] || "$python" -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	rm -f .venv/.testcall-*
	: >"$stamp"
fi
.venv/bin/python -m testcall_contract.pack --quiet || say "contracts are not packed, and load from YAML"

.venv/bin/testcall doctor --quiet --need browser || as_root chromium
command -v npm >/dev/null 2>&1 || as_root npm
case $sdk in npm:*) .venv/bin/testcall fetch "$sdk" ;; esac
.venv/bin/python tools/xmpp_client.py >/dev/null || say "the test with a second XMPP client can't run"
